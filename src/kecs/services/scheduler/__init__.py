"""Amazon EventBridge Scheduler, as far as it runs tasks of ECS: one module per resource.

`HANDLERS` is the one table of what answers which operation.
"""

from __future__ import annotations

from kecs.services.handlers import Handlers

HANDLERS = Handlers(
    "kecs.services.scheduler",
    {
        "groups": (
            "CreateScheduleGroup",
            "DeleteScheduleGroup",
            "GetScheduleGroup",
            "ListScheduleGroups",
            "ListTagsForResource",
            "TagResource",
            "UntagResource",
        ),
        "schedules": ("CreateSchedule", "DeleteSchedule", "GetSchedule", "ListSchedules", "UpdateSchedule"),
    },
)
