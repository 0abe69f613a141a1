"""Amazon EventBridge Scheduler, as far as it runs tasks of ECS: one module per resource.

`HANDLERS` is the one table from an operation's name to what answers it.
"""

from __future__ import annotations

from kecs.services.context import Handler
from kecs.services.scheduler import groups, schedules

HANDLERS: dict[str, Handler] = {
    # Schedules
    "CreateSchedule": schedules.create_schedule,
    "DeleteSchedule": schedules.delete_schedule,
    "GetSchedule": schedules.get_schedule,
    "ListSchedules": schedules.list_schedules,
    "UpdateSchedule": schedules.update_schedule,
    # Their groups
    "CreateScheduleGroup": groups.create_schedule_group,
    "DeleteScheduleGroup": groups.delete_schedule_group,
    "GetScheduleGroup": groups.get_schedule_group,
    "ListScheduleGroups": groups.list_schedule_groups,
    # Tags, which only groups have
    "ListTagsForResource": groups.list_tags_for_resource,
    "TagResource": groups.tag_resource,
    "UntagResource": groups.untag_resource,
}
