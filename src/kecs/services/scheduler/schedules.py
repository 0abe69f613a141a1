"""CreateSchedule, UpdateSchedule, DeleteSchedule, GetSchedule, ListSchedules.

They write down what is wanted; control.invoking.schedules brings it about.
"""

from __future__ import annotations

from kecs.aws.model import scheduler as s
from kecs.aws.paging import page
from kecs.core.arns import scope_key
from kecs.core.eventbridge.schedules import DEFAULT, created, schedule_arn, schedule_summary, schedule_view, updated
from kecs.core.records.eventbridge import ScheduleRecord
from kecs.services.context import Context
from kecs.services.scheduler.groups import the_group


def create_schedule(context: Context, request: s.CreateScheduleInput) -> s.CreateScheduleOutput:
    """The same request with the same token again answers what it answered the first time."""
    group = the_group(context, request.group_name or DEFAULT)
    record = created(request, context.scope, context.now, context.ids.below)
    existing = context.store.schedules.get(schedule_arn(context.scope, group.name, request.name))
    if existing is not None:
        if record.token is None or (existing.token, existing.given) != (record.token, record.given):
            raise s.ConflictException(f"Schedule {request.name} already exists.")
        return s.CreateScheduleOutput(schedule_arn=existing.arn)
    context.store.schedules.put(record)
    return s.CreateScheduleOutput(schedule_arn=record.arn)


def update_schedule(context: Context, request: s.UpdateScheduleInput) -> s.UpdateScheduleOutput:
    record = _the_schedule(context, request.group_name, request.name)
    context.store.schedules.put(updated(record, request, context.now, context.ids.below))
    return s.UpdateScheduleOutput(schedule_arn=record.arn)


def delete_schedule(context: Context, request: s.DeleteScheduleInput) -> s.DeleteScheduleOutput:
    context.store.schedules.delete(_the_schedule(context, request.group_name, request.name).arn)
    return s.DeleteScheduleOutput()


def get_schedule(context: Context, request: s.GetScheduleInput) -> s.GetScheduleOutput:
    return schedule_view(_the_schedule(context, request.group_name, request.name))


def list_schedules(context: Context, request: s.ListSchedulesInput) -> s.ListSchedulesOutput:
    if request.group_name is None:
        records = context.store.schedules.where("scope", scope_key(context.scope))
    else:
        records = context.store.schedules.where("group", the_group(context, request.group_name).arn)
    wanted = {
        record.arn: record
        for record in records
        if record.name.startswith(request.name_prefix or "") and request.state in (None, record.given.state)
    }
    found, token = page(sorted(wanted), request.next_token, request.max_results)
    return s.ListSchedulesOutput(schedules=[schedule_summary(wanted[arn]) for arn in found], next_token=token)


def _the_schedule(context: Context, group: str | None, name: str) -> ScheduleRecord:
    """Raises ResourceNotFoundException."""
    record = context.store.schedules.get(schedule_arn(context.scope, group or DEFAULT, name))
    if record is None:
        raise s.ResourceNotFoundException(f"Schedule {name} does not exist.")
    return record
