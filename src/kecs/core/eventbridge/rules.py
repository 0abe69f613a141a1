"""Rules of EventBridge: what may be put, when a schedule is due, which events go to which targets, how they are shown.

Called by services.events, and by control.invoking.rules when a moment or an event of ECS's has come.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC

import msgspec
from msgspec.structs import asdict, replace

from kecs.aws.errors import ValidationException
from kecs.aws.model import events as e
from kecs.aws.model import scheduler as s
from kecs.core import schedules
from kecs.core.arns import Scope, scope_of
from kecs.core.eventbridge.event import seconds
from kecs.core.eventbridge.inputs import Event, check_input, input_of
from kecs.core.eventbridge.patterns import compiled
from kecs.core.eventbridge.tags import pairs
from kecs.core.eventbridge.targets import BUS, is_delivered, is_fifo, kind_of
from kecs.core.invocations import is_arn, is_cluster, new_invocation, run_of
from kecs.core.records.eventbridge import InvocationRecord, RuleRecord
from kecs.core.schedules import LAST, At, Rate

TOO_MANY = "The requested resource exceeds the maximum number allowed."
DEFAULT = "default"
MOST_RULES = 300  # of a bus
MOST_TARGETS = 5  # of a rule
LATENCY = 0.5  # seconds that an event is on its way; a rule whose tasks' events match it comes no faster than that


def bus_arn(scope: Scope, name: str) -> str:
    return f"arn:aws:events:{scope.region}:{scope.account}:event-bus/{name}"


def is_default_bus(arn: str) -> bool:
    """It is there in every account and region, made or not."""
    return arn.endswith(f":event-bus/{DEFAULT}")


def rule_arn(scope: Scope, bus: str, name: str) -> str:
    where = "" if bus == DEFAULT else f"{bus}/"
    return f"arn:aws:events:{scope.region}:{scope.account}:rule/{where}{name}"


def put(existing: RuleRecord | None, request: e.PutRuleRequest, scope: Scope, bus: str, now: float) -> RuleRecord:
    """The rule as the request has it; of one that is there only tags and targets stay.

    Raises ValidationException, InvalidEventPatternException.
    """
    if not request.event_pattern and not request.schedule_expression:
        raise ValidationException("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if request.schedule_expression:
        if bus != DEFAULT:
            raise ValidationException("ScheduleExpression is supported only on the default event bus.")
        _parsed(request.schedule_expression)
    if request.event_pattern:
        compiled(request.event_pattern)
    if existing is not None and existing.enabled and existing.schedule == request.schedule_expression:
        since = existing.since
    else:
        since = now
    rule = RuleRecord(
        arn=rule_arn(scope, bus, request.name),
        bus_arn=bus_arn(scope, bus),
        name=request.name,
        state=request.state or "ENABLED",
        since=since,
        pattern=request.event_pattern or None,
        schedule=request.schedule_expression or None,
        description=request.description,
        role_arn=request.role_arn,
        tags=existing.tags if existing else pairs(request.tags),
        targets=existing.targets if existing else (),
    )
    return timed(rule, now)


def enabled(rule: RuleRecord, now: float) -> RuleRecord:
    return rule if rule.enabled else timed(replace(rule, state="ENABLED", since=now), now)


def disabled(rule: RuleRecord) -> RuleRecord:
    return replace(rule, state="DISABLED", next_at=None)


def timed(rule: RuleRecord, now: float) -> RuleRecord:
    """The rule with the first time after now at which its schedule is due."""
    return replace(rule, next_at=_next_time(rule, now) if rule.schedule and rule.enabled else None)


def _next_time(rule: RuleRecord, now: float) -> float | None:
    expression = _parsed(rule.schedule or "")
    if isinstance(expression, Rate):
        return expression.after(now, rule.since, at_once=False)
    return expression.after(now, UTC) if now < LAST else None


def _parsed(text: str) -> schedules.Expression:
    try:
        expression = schedules.parse(text)
    except ValueError:
        expression = None
    if expression is None or isinstance(expression, At):  # at() is the Scheduler's
        raise ValidationException("Parameter ScheduleExpression is not valid.")
    return expression


# -- targets ----------------------------------------------------------------------------------------------------------


def with_targets(rule: RuleRecord, targets: Iterable[e.Target]) -> RuleRecord:
    """The rule with these targets put: new ones, and new contents of those with the same id.

    Raises ValidationException, LimitExceededException.
    """
    kept = {target.id: target for target in rule.targets}
    for target in targets:
        check_target(target, scope_of(rule.arn).account)
        kept[target.id] = target
    if len(kept) > MOST_TARGETS:
        raise e.LimitExceededException(TOO_MANY)
    return replace(rule, targets=tuple(kept.values()))


def check_target(target: e.Target, account: str) -> None:
    """`account` is the rule's. Raises ValidationException."""
    if not is_arn(target.arn):
        raise ValidationException(
            f"Parameter {target.arn} is not valid. Reason: Provided Arn is not in correct format."
        )
    if is_cluster(target.arn):
        if target.ecs_parameters is None:
            raise ValidationException(f"EcsParameters is required for target {target.arn}.")
        if target.role_arn is None:
            raise ValidationException(f"RoleArn is required for target {target.arn}.")
    if is_fifo(target.arn) and target.sqs_parameters is None:
        raise ValidationException(f"Parameter(s) SqsParameters must be specified for target: {target.id}.")
    check_dead_letter(target.dead_letter_config)
    check_input(target)
    elsewhere = kind_of(target.arn) == BUS and scope_of(target.arn).account != account
    if elsewhere and (target.input, target.input_path, target.input_transformer) != (None, None, None):
        raise ValidationException(
            f"Input, InputPath and InputTransformer are not available for target {target.id}, an event bus of another "
            "account."
        )


def check_dead_letter(config: e.DeadLetterConfig | s.DeadLetterConfig | None) -> None:
    """Raises ValidationException for what is no standard queue."""
    if config is not None and config.arn is not None and (kind_of(config.arn) != "sqs" or is_fifo(config.arn)):
        raise ValidationException(
            f"Parameter {config.arn} is not valid. Reason: it is no standard queue of Amazon SQS."
        )


# -- events -----------------------------------------------------------------------------------------------------------


def scheduled_event(rule: RuleRecord, at: float, event_id: str) -> Event:
    """The event that a schedule is, in AWS's shape."""
    scope = scope_of(rule.arn)
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": scope.account,
        "time": seconds(at),
        "region": scope.region,
        "resources": [rule.arn],
        "detail": {},
    }


def matching(rules: Iterable[RuleRecord], event: Event) -> Iterator[RuleRecord]:
    """The rules whose pattern the event matches."""
    return (rule for rule in rules if rule.pattern and compiled(rule.pattern)(event))


def invocations(
    rule: RuleRecord,
    event: Event,
    uuid: Callable[[], str],
    now: float,
    latency: float = 0.0,
    *,
    forwarded: bool = False,
) -> Iterator[InvocationRecord]:
    """What the event has the rule do: one invocation of each target that gets anything.

    `forwarded`: another bus sent it here.
    """
    for target in rule.targets:
        if is_delivered(target.arn):
            yield replace(_invocation(rule, target, event, uuid, now, forwarded), due_at=now + latency)


def _invocation(
    rule: RuleRecord, target: e.Target, event: Event, uuid: Callable[[], str], now: float, forwarded: bool
) -> InvocationRecord:
    run = None
    if is_cluster(target.arn) and target.ecs_parameters is not None:
        run = run_of(target.arn, target.ecs_parameters, f"events-rule/{rule.name}")
    given = None if kind_of(target.arn) == BUS else input_of(target, event, rule.arn, rule.name, now)
    letters = target.dead_letter_config.arn if target.dead_letter_config else None
    gets_it_all = given is None and run is None
    whole = msgspec.json.encode(event).decode() if gets_it_all or letters else None
    return new_invocation(
        uuid(),
        rule.arn,
        target.arn,
        whole if gets_it_all else given,
        target.retry_policy,
        now,
        run=run,
        group=target.sqs_parameters.message_group_id if target.sqs_parameters else None,
        dead_letter_arn=letters,
        event=None if gets_it_all else whole,
        forwarded=forwarded,
    )


# -- views ------------------------------------------------------------------------------------------------------------


def rule_view(rule: RuleRecord) -> e.Rule:
    """The rule as ListRules shows it."""
    return e.Rule(
        name=rule.name,
        arn=rule.arn,
        event_pattern=rule.pattern,
        state=rule.state,  # type: ignore[arg-type]  # checked by decoding
        description=rule.description,
        schedule_expression=rule.schedule,
        role_arn=rule.role_arn,
        event_bus_name=rule.bus,
    )


def rule_description(rule: RuleRecord) -> e.DescribeRuleResponse:
    """The rule as DescribeRule shows it."""
    return e.DescribeRuleResponse(**asdict(rule_view(rule)), created_by=scope_of(rule.arn).account)
