"""Invocations: how a rule or a schedule has a target do something, tries again, and what becomes of it.

`core.eventbridge.rules` and `core.eventbridge.schedules` make them, `control.invoking.invocations` carries them out.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""

from __future__ import annotations

import re
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.model import events as e
from kecs.aws.model import scheduler as s
from kecs.core.records.eventbridge import InvocationRecord

MOST_ATTEMPTS = 185  # after the first
LONGEST = 24 * 3600  # seconds
FIRST_WAIT, LONGEST_WAIT = 10.0, 480.0  # seconds between attempts: 185 of them fill the 24 hours
ATTEMPT = "<aws.scheduler.attempt-number>"
_ECS_CLUSTER = re.compile(r"arn:aws[\w-]*:ecs:[a-z0-9-]+:\d{12}:cluster/[\w-]+", re.ASCII)
_ARN = re.compile(r"arn:aws[\w-]*:[\w-]+:[\w-]*:(?:\d{12})?:.+", re.ASCII)

EcsParameters = e.EcsParameters | s.EcsParameters


class Policy(Protocol):
    """How often and how long something is tried again; of either API."""

    @property
    def maximum_retry_attempts(self) -> int | None: ...

    @property
    def maximum_event_age_in_seconds(self) -> int | None: ...


def is_arn(text: str) -> bool:
    return _ARN.fullmatch(text) is not None


def is_cluster(arn: str) -> bool:
    """Whether a target is a cluster of ECS."""
    return _ECS_CLUSTER.fullmatch(arn) is not None


def new_invocation(
    invocation_id: str,
    source_arn: str,
    target_arn: str,
    given: str | None,
    policy: Policy | None,
    now: float,
    **more: Any,
) -> InvocationRecord:
    """An invocation that is due now; `given` is the input, `more` are other members of the record."""
    attempts = policy.maximum_retry_attempts if policy else None
    age = policy.maximum_event_age_in_seconds if policy else None
    return InvocationRecord(
        id=invocation_id,
        source_arn=source_arn,
        target_arn=target_arn,
        input=given,
        created_at=now,
        due_at=now,
        most_attempts=MOST_ATTEMPTS if attempts is None else attempts,
        expires_at=now + (LONGEST if age is None else age),
        **more,
    )


def run_of(cluster_arn: str, parameters: EcsParameters, started_by: str) -> m.RunTaskRequest:
    """What is asked of RunTask; overrides come with the input."""
    network = parameters.network_configuration
    vpc = network.awsvpc_configuration if network else None
    return m.RunTaskRequest(
        cluster=cluster_arn,
        task_definition=parameters.task_definition_arn,
        count=parameters.task_count,
        launch_type=parameters.launch_type,
        platform_version=parameters.platform_version,
        group=parameters.group,
        started_by=started_by,
        enable_ecs_managed_tags=parameters.enable_ecs_managed_tags,
        enable_execute_command=parameters.enable_execute_command,
        propagate_tags=parameters.propagate_tags,
        reference_id=parameters.reference_id,
        network_configuration=m.NetworkConfiguration(
            awsvpc_configuration=m.AwsVpcConfiguration(
                subnets=vpc.subnets, security_groups=vpc.security_groups, assign_public_ip=vpc.assign_public_ip
            )
        )
        if vpc
        else None,
        capacity_provider_strategy=_as(list[m.CapacityProviderStrategyItem], parameters.capacity_provider_strategy),
        placement_constraints=_as(list[m.PlacementConstraint], parameters.placement_constraints),
        placement_strategy=_as(list[m.PlacementStrategy], parameters.placement_strategy),
        tags=[_tag(tag) for tag in parameters.tags] if parameters.tags else None,
    )


def _as(kind: Any, items: list[Any] | None) -> Any:
    """The same items in the shape of ECS: their members have the same names on the wire."""
    return msgspec.convert(msgspec.to_builtins(items), kind) if items else None


def _tag(tag: e.Tag | dict[str, str]) -> m.Tag:
    if isinstance(tag, dict):
        named = {name.lower(): value for name, value in tag.items()}
        return m.Tag(key=named.get("key"), value=named.get("value"))
    return m.Tag(key=tag.key, value=tag.value)


def text_of(invocation: InvocationRecord) -> str:
    """What the next attempt gives the target; "": nothing."""
    text = invocation.input or ""
    return text if invocation.by_rule else text.replace(ATTEMPT, str(invocation.attempts + 1))


def request_of(invocation: InvocationRecord, run: m.RunTaskRequest) -> m.RunTaskRequest:
    """The next attempt as a request. Raises ValueError for an input that does not say overrides."""
    text = text_of(invocation)
    if not text:
        return run
    try:
        said = msgspec.json.decode(text)
        overrides = msgspec.convert(said, m.TaskOverride) if isinstance(said, dict) else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"the input is no task override: {error}") from None
    return replace(run, overrides=overrides) if overrides != m.TaskOverride() else run


def succeeded(invocation: InvocationRecord) -> InvocationRecord:
    return replace(invocation, attempts=invocation.attempts + 1, status="SUCCEEDED", reason=None)


def failed(invocation: InvocationRecord, reason: str, code: str, exhausted: str | None = None) -> InvocationRecord:
    """What cannot come right by trying again, or what the retry policy lets nobody try again."""
    attempts = invocation.attempts + 1
    return replace(invocation, attempts=attempts, status="FAILED", reason=reason, code=code, exhausted=exhausted)


def tried(invocation: InvocationRecord, reason: str, code: str, now: float) -> InvocationRecord:
    """What may come right later: due again after a wait that doubles, or given up."""
    due = now + min(FIRST_WAIT * 2 ** min(invocation.attempts, 10), LONGEST_WAIT)
    if invocation.attempts >= invocation.most_attempts:
        return failed(invocation, reason, code, "MaximumRetryAttempts")
    if due > invocation.expires_at:
        return failed(invocation, reason, code, "MaximumEventAgeInSeconds")
    return replace(invocation, attempts=invocation.attempts + 1, status="RETRYING", reason=reason, due_at=due)


def dead_letter(invocation: InvocationRecord, letter_id: str, now: float) -> InvocationRecord | None:
    """The message to the dead-letter queue about one that has failed, if it has such a queue.

    Attributes: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
    """
    if invocation.dead_letter_arn is None or invocation.status != "FAILED":
        return None
    told: dict[str, str | None]
    if invocation.by_rule:
        told = {"RULE_ARN": invocation.source_arn}
    else:
        told = {"SCHEDULE_ARN": invocation.source_arn, "EXECUTION_ID": invocation.id, "IS_PAYLOAD_TRUNCATED": "false"}
    told |= {
        "TARGET_ARN": invocation.target_arn,
        "ERROR_CODE": invocation.code,
        "ERROR_MESSAGE": invocation.reason,
        "EXHAUSTED_RETRY_CONDITION": invocation.exhausted,
    }
    attributes = {name: ("String", value) for name, value in told.items() if value}
    attributes["RETRY_ATTEMPTS"] = ("Number", str(invocation.attempts - 1))
    body = invocation.event or invocation.input or "{}"
    arns = invocation.source_arn, invocation.dead_letter_arn
    return new_invocation(letter_id, *arns, body, None, now, attributes=attributes)
