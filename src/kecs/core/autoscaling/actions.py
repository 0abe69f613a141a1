"""Scheduled actions: what may be put, and how they are shown. Called by services.application_autoscaling."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import application_autoscaling as a
from kecs.core.arns import scope_of
from kecs.core.autoscaling.schedules import next_time, parse, zone
from kecs.core.autoscaling.targets import DIMENSION, NAMESPACE, check_bounds
from kecs.core.records.autoscaling import ScheduledActionRecord

MOST_ACTIONS = 200


def action_arn(service_arn: str, action_id: str, name: str) -> str:
    scope, resource = scope_of(service_arn), service_arn.split(":", 5)[-1]
    return (
        f"arn:aws:autoscaling:{scope.region}:{scope.account}:scheduledAction:{action_id}:resource/{NAMESPACE}/{resource}"
        f":scheduledActionName/{name}"
    )


def put(
    existing: ScheduledActionRecord | None, request: a.PutScheduledActionRequest, new_arn: str, service: str, now: float
) -> ScheduledActionRecord:
    """The action, new or changed by what the request gives; start and end are as given. Raises ValidationException."""
    schedule = request.schedule or (existing.schedule if existing else None)
    action = request.scalable_target_action or (existing.action if existing else a.ScalableTargetAction())
    if schedule is None:
        raise a.ValidationException("Schedule must be specified for a new scheduled action")
    if action.min_capacity is None and action.max_capacity is None:
        raise a.ValidationException("At least one of minimum capacity and maximum capacity should be provided")
    check_bounds(action.min_capacity, action.max_capacity)
    if request.start_time is not None and request.end_time is not None and request.end_time <= request.start_time:
        raise a.ValidationException("The end time must be after the start time")
    timezone = request.timezone or (existing.timezone if existing else None)
    parse(schedule)
    zone(timezone)
    record = ScheduledActionRecord(
        arn=existing.arn if existing else new_arn,
        service_arn=service,
        name=request.scheduled_action_name,
        schedule=schedule,
        created_at=existing.created_at if existing else now,
        action=action,
        timezone=timezone,
        start=request.start_time,
        end=request.end_time,
    )
    return replace(record, next_at=next_time(record, now))


def action_view(action: ScheduledActionRecord) -> a.ScheduledAction:
    """The action as DescribeScheduledActions shows it."""
    return a.ScheduledAction(
        scheduled_action_name=action.name,
        scheduled_action_arn=action.arn,
        service_namespace=NAMESPACE,
        schedule=action.schedule,
        timezone=action.timezone,
        resource_id=action.resource_id,
        scalable_dimension=DIMENSION,
        start_time=action.start,
        end_time=action.end,
        scalable_target_action=action.action,
        creation_time=action.created_at,
    )
