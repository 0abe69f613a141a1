"""EventBridge Scheduler: what schedules may say, when they are due and fire, what they invoke, how they are shown.

Called by services.scheduler, and by control.invoking.schedules when a schedule's time has come.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from kecs.aws.model import scheduler as s
from kecs.core import schedules
from kecs.core.arns import Scope, scope_of
from kecs.core.cron import Cron
from kecs.core.eventbridge.event import seconds
from kecs.core.eventbridge.rules import check_dead_letter
from kecs.core.eventbridge.targets import BUS, LOGS, is_delivered, is_fifo, kind_of
from kecs.core.invocations import LONGEST, MOST_ATTEMPTS, is_arn, is_cluster, new_invocation, run_of
from kecs.core.records.eventbridge import InvocationRecord, ScheduleGroupRecord, ScheduleRecord
from kecs.core.schedules import LAST, At, Rate

DEFAULT = "default"
MOST_GROUPS = 500  # of a scope

Chance = Callable[[int], int]
"""A number below the given one."""


def group_arn(scope: Scope, name: str) -> str:
    return f"arn:aws:scheduler:{scope.region}:{scope.account}:schedule-group/{name}"


def schedule_arn(scope: Scope, group: str, name: str) -> str:
    return f"arn:aws:scheduler:{scope.region}:{scope.account}:schedule/{group}/{name}"


def created(request: s.CreateScheduleInput, scope: Scope, now: float, chance: Chance) -> ScheduleRecord:
    """A new schedule. A rate without a start is due at once. Raises ValidationException."""
    given = _given(s.UpdateScheduleInput(**{name: getattr(request, name) for name in request.__struct_fields__}))
    group = given.group_name or DEFAULT
    record = ScheduleRecord(
        arn=schedule_arn(scope, group, given.name),
        group_arn=group_arn(scope, group),
        name=given.name,
        given=given,
        created_at=now,
        modified_at=now,
        token=request.client_token,
    )
    return timed(record, now - 1, now, chance)


def updated(record: ScheduleRecord, request: s.UpdateScheduleInput, now: float, chance: Chance) -> ScheduleRecord:
    """The schedule as the request has it, and nothing of what it was. Raises ValidationException."""
    return timed(replace(record, given=_given(request), modified_at=now), now, now, chance)


def _given(request: s.UpdateScheduleInput) -> s.UpdateScheduleInput:
    """What the request says, checked, with AWS's defaults."""
    _check_expression(request)
    _check_target(request.target)
    window = request.flexible_time_window
    if (window.mode == "FLEXIBLE") != (window.maximum_window_in_minutes is not None):
        raise s.ValidationException("MaximumWindowInMinutes is required when the mode is FLEXIBLE, and only then.")
    if None not in (request.start_date, request.end_date) and request.end_date <= request.start_date:  # type: ignore[operator]
        raise s.ValidationException("The EndDate must be after the StartDate.")
    policy = request.target.retry_policy or s.RetryPolicy()
    attempts, age = policy.maximum_retry_attempts, policy.maximum_event_age_in_seconds
    full = s.RetryPolicy(
        maximum_retry_attempts=MOST_ATTEMPTS if attempts is None else attempts,
        maximum_event_age_in_seconds=LONGEST if age is None else age,
    )
    return replace(
        request,
        group_name=request.group_name or DEFAULT,
        state=request.state or "ENABLED",
        schedule_expression_timezone=request.schedule_expression_timezone or "UTC",
        action_after_completion=request.action_after_completion or "NONE",
        target=replace(request.target, retry_policy=full),
        client_token=None,
    )


def _check_expression(request: s.UpdateScheduleInput) -> None:
    try:
        schedules.parse(request.schedule_expression)
    except ValueError:
        raise s.ValidationException(f"Invalid Schedule Expression {request.schedule_expression}.") from None
    try:
        schedules.zone(request.schedule_expression_timezone)
    except ValueError:
        raise s.ValidationException(
            f"Invalid ScheduleExpressionTimezone {request.schedule_expression_timezone}."
        ) from None


_PARAMETERS = {
    "ecs_parameters": "EcsParameters",
    "event_bridge_parameters": "EventBridgeParameters",
    "sqs_parameters": "SqsParameters",
}


def _check_target(target: s.Target) -> None:
    if not is_arn(target.arn):
        raise s.ValidationException("Provided Arn is not in correct format.")
    needed = is_cluster(target.arn), kind_of(target.arn) == BUS, is_fifo(target.arn)
    for name, there in zip(_PARAMETERS, needed, strict=True):
        if there and getattr(target, name) is None:
            raise s.ValidationException(f"{_PARAMETERS[name]} is required for the target {target.arn}.")
    if kind_of(target.arn) == BUS and not _is_object(target.input):
        raise s.ValidationException("The Input of a target that is an event bus must be a JSON object.")
    check_dead_letter(target.dead_letter_config)


def _is_object(text: str | None) -> bool:
    try:
        return isinstance(msgspec.json.decode(text or ""), dict)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


# -- time -------------------------------------------------------------------------------------------------------------


def timed(record: ScheduleRecord, after: float, now: float, chance: Chance) -> ScheduleRecord:
    """The schedule with the first time after `after` at which it is due, and when in its window it fires."""
    due = _next_time(record, after) if record.enabled else None
    if due is None or due >= LAST:
        return replace(record, next_at=None, fires_at=None)
    window = window_of(record)
    return replace(record, next_at=due, fires_at=max(due + (chance(window) if window else 0), now))


def window_of(record: ScheduleRecord) -> int:
    """Seconds."""
    return (record.given.flexible_time_window.maximum_window_in_minutes or 0) * 60


def _next_time(record: ScheduleRecord, after: float) -> float | None:
    given, expression = record.given, schedules.parse(record.given.schedule_expression)
    place, start, end = schedules.zone(given.schedule_expression_timezone), given.start_date, given.end_date
    found: float | None
    match expression:
        case At():  # start and end mean nothing to it
            return expression.after(after, place)
        case Rate():
            found = expression.after(after, record.created_at if start is None else start, at_once=True)
        case Cron():
            moment = after if start is None else max(after, start - 1)
            found = expression.after(moment, place, with_gaps=True) if 0 <= moment < LAST else None
    return None if found is None or (end is not None and found > end) else found


# -- firing -----------------------------------------------------------------------------------------------------------


class Fired(NamedTuple):
    """What comes of a schedule whose time has come; `record` is None when it is to be deleted."""

    record: ScheduleRecord | None
    invocation: InvocationRecord | None


def fired(record: ScheduleRecord, uuid: Callable[[], str], now: float, chance: Chance) -> Fired:
    """One invocation, if the target is one that gets anything, and the schedule's next time."""
    due, target = record.next_at or now, record.given.target
    invocation = _invocation(record, due, uuid(), now) if _gets_something(target.arn) else None
    # Windows may overlap what is due next; what has been missed for longer than that is skipped.
    following = timed(record, max(due, now - window_of(record)), now, chance)
    return Fired(kept(following), invocation)


def _gets_something(arn: str) -> bool:
    """AWS has no template for log groups here."""
    return is_delivered(arn) and kind_of(arn) != LOGS


def _invocation(record: ScheduleRecord, due: float, execution: str, now: float) -> InvocationRecord:
    target, run = record.given.target, None
    if is_cluster(target.arn) and target.ecs_parameters is not None:
        run = run_of(target.arn, target.ecs_parameters, f"chronos-schedule/{record.name}")
    given = _with_attributes(target.input, record, due, execution) if target.input else None
    if run is None and given is None:
        given = "{}"
    if kind_of(target.arn) == BUS and target.event_bridge_parameters is not None:
        given = _event(record, target.event_bridge_parameters, given or "{}", execution, now)
    return new_invocation(
        execution,
        record.arn,
        target.arn,
        given,
        target.retry_policy,
        now,
        run=run,
        group=target.sqs_parameters.message_group_id if target.sqs_parameters else None,
        dead_letter_arn=target.dead_letter_config.arn if target.dead_letter_config else None,
    )


def _event(record: ScheduleRecord, given: s.EventBridgeParameters, detail: str, event_id: str, now: float) -> str:
    """What a schedule puts on an event bus."""
    scope = scope_of(record.arn)
    event = {
        "version": "0",
        "id": event_id,
        "detail-type": given.detail_type,
        "source": given.source,
        "account": scope.account,
        "time": seconds(now),
        "region": scope.region,
        "resources": [record.arn],
        "detail": msgspec.Raw(detail.encode()),
    }
    return msgspec.json.encode(event).decode()


def missed(record: ScheduleRecord, now: float, chance: Chance) -> ScheduleRecord | None:
    """The schedule when its time has passed with nobody there to fire it; None when it is to be deleted."""
    return kept(timed(record, now, now, chance))


def kept(record: ScheduleRecord) -> ScheduleRecord | None:
    """The schedule, unless it is never due again and wants to be deleted then."""
    return None if record.next_at is None and record.given.action_after_completion == "DELETE" else record


def _with_attributes(text: str, record: ScheduleRecord, due: float, execution: str) -> str:
    """The input with its context attributes, but for the number of the attempt.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    attributes = {"schedule-arn": record.arn, "scheduled-time": seconds(due), "execution-id": execution}
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


# -- views ------------------------------------------------------------------------------------------------------------


def schedule_view(record: ScheduleRecord) -> s.GetScheduleOutput:
    given: dict[str, Any] = {
        name: getattr(record.given, name) for name in record.given.__struct_fields__ if name != "client_token"
    }
    return s.GetScheduleOutput(
        arn=record.arn, creation_date=record.created_at, last_modification_date=record.modified_at, **given
    )


def schedule_summary(record: ScheduleRecord) -> s.ScheduleSummary:
    """The schedule as ListSchedules shows it."""
    return s.ScheduleSummary(
        arn=record.arn,
        name=record.name,
        group_name=record.given.group_name,
        state=record.given.state,
        creation_date=record.created_at,
        last_modification_date=record.modified_at,
        target=s.TargetSummary(arn=record.given.target.arn),
    )


def group_view(group: ScheduleGroupRecord) -> s.ScheduleGroupSummary:
    return s.ScheduleGroupSummary(
        arn=group.arn,
        name=group.name,
        state="ACTIVE",
        creation_date=group.created_at,
        last_modification_date=group.modified_at,
    )
