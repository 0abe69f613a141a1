"""Lifecycle hooks of a deployment: who is called at which stage, with what, and what comes of the answers.

`stages` has them begin and waits for them, `control.services.hooks` makes the calls and brings the answers. A Lambda
hook is called until it says SUCCEEDED or FAILED; a PAUSE hook waits for ContinueServiceDeployment.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.events import NewId
from kecs.core.records import HookRecord, LifecycleStage, Record, ServiceDeploymentRecord, ServiceRecord

OPEN = ("AWAITING_ACTION", "IN_PROGRESS")
CALL_AGAIN = 30.0  # seconds until a hook that is in progress is called again, unless it says another callBackDelay
SOONEST = 1.0  # seconds; the shortest callBackDelay
LONGEST = 1440  # minutes that a hook may take, unless it has a timeoutConfiguration

FAILED = "Lifecycle hook target {target} returned FAILED status."
NOT_INVOKED = "ECS was unable to invoke hook target {target} due to {error}"
NOT_PARSED = "ECS was unable to parse the response from {target} due to {error}"
TIMED_OUT = "Lifecycle hook {target} timed out."

WITH_TEST = ("TEST_TRAFFIC_SHIFT",)
WITH_PRODUCTION = ("PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
"""The stages whose payload says how traffic is shared out."""


class HookCall(Record):
    """A call of a hook."""

    deployment: str  # ARN of the service deployment
    hook_id: str
    number: int  # counts the calls of this hook
    target: str  # ARN of a Lambda function, or the http(s) URL of a local hook
    payload: dict[str, Any]  # JSON


class HookAnswer(Record):
    """What came of a call."""

    deployment: str
    hook_id: str
    number: int
    body: Any = None  # the JSON that it answered
    error: str | None = None  # why there is none


def begun(record: ServiceDeploymentRecord, now: float, new_id: NewId) -> ServiceDeploymentRecord:
    """The record with an execution of each hook of the stage that it has just entered."""
    entry, stage = len(record.stages) - 1, record.stages[-1].name
    configured = (record.configuration.lifecycle_hooks if record.configuration else None) or ()
    started = tuple(
        _begin(hook, entry, stage, now, new_id) for hook in configured if stage in (hook.lifecycle_stages or ())
    )
    return replace(record, hooks=record.hooks + started) if started else record


def answered(record: ServiceDeploymentRecord, answer: HookAnswer, now: float) -> ServiceDeploymentRecord:
    """The record after an answer; itself when nobody waits for that any more."""
    hook = next((h for h in record.hooks if h.hook_id == answer.hook_id), None)
    if hook is None or not awaits_answer(hook) or hook.calls != answer.number:
        return record
    return _with(record, hook, replace(_heard(hook, answer, now), updated_at=now))


def due(record: ServiceDeploymentRecord, now: float) -> ServiceDeploymentRecord:
    """The record after hooks whose time is over have timed out and those that are to be called again have been."""
    for hook in current(record):
        if hook.status in OPEN and hook.expires_at <= now:
            reason = TIMED_OUT.format(target=hook.target_arn or hook.hook_id)
            after = replace(hook, status="TIMED_OUT", call_at=None, reason=reason, updated_at=now)
            record = _with(record, hook, after)
        elif hook.status == "IN_PROGRESS" and hook.call_at is not None and hook.call_at <= now:
            record = _with(record, hook, replace(hook, calls=hook.calls + 1, call_at=None, updated_at=now))
    return record


def current(record: ServiceDeploymentRecord) -> Iterator[HookRecord]:
    """The hooks of the stage that the deployment is in."""
    return (hook for hook in record.hooks if hook.entry == len(record.stages) - 1)


def failure(record: ServiceDeploymentRecord) -> HookRecord | None:
    """The hook of the current stage for which the deployment has to roll back."""
    return next((hook for hook in current(record) if _failed(hook)), None)


def is_open(record: ServiceDeploymentRecord) -> bool:
    """Whether a hook keeps the deployment in its stage."""
    return any(hook.status in OPEN for hook in current(record))


def next_look(record: ServiceDeploymentRecord) -> float | None:
    """When something is `due`."""
    hooks = [hook for hook in current(record) if hook.status in OPEN]
    times = [hook.expires_at for hook in hooks] + [hook.call_at for hook in hooks if hook.call_at is not None]
    return min(times, default=None)


def dropped(record: ServiceDeploymentRecord, now: float) -> ServiceDeploymentRecord:
    """The record when it goes another way than its hooks were asked for: nobody waits for them any more."""
    if not any(hook.status in OPEN for hook in record.hooks):
        return record
    hooks = (replace(h, status="FAILED", call_at=None, updated_at=now) if h.status in OPEN else h for h in record.hooks)
    return replace(record, hooks=tuple(hooks))


def calls(record: ServiceDeploymentRecord, service: ServiceRecord) -> list[HookCall]:
    """The calls whose answers are awaited, to be made unless they have been."""
    waiting = (hook for hook in current(record) if awaits_answer(hook))
    return [
        HookCall(
            deployment=record.arn,
            hook_id=hook.hook_id,
            number=hook.calls,
            target=hook.target_arn or "",
            payload=payload(record, service, hook),
        )
        for hook in waiting
    ]


def payload(record: ServiceDeploymentRecord, service: ServiceRecord, hook: HookRecord) -> dict[str, Any]:
    """The event that the function gets."""
    revisions = {d.id: f"{record.target.rpartition('/')[0]}/{d.id.rpartition('/')[2]}" for d in service.deployments}
    test = {revisions[d.id]: d.test_weight for d in service.deployments if d.test_weight is not None}
    production = {revisions[d.id]: d.production_weight for d in service.deployments if d.production_weight is not None}
    return {
        "executionId": hook.hook_id,
        "lifecycleStage": hook.stage,
        "resourceArn": record.arn,
        "executionDetails": {
            "serviceArn": record.service_arn,
            "targetServiceRevisionArn": record.target,
            "testTrafficWeights": test if hook.stage in WITH_TEST else {},
            "productionTrafficWeights": production if hook.stage in WITH_PRODUCTION else {},
        },
        **({} if hook.details is None else {"hookDetails": hook.details}),
    }


def hook_view(hook: HookRecord) -> m.DeploymentLifecycleHookDetail:
    return m.DeploymentLifecycleHookDetail(
        hook_id=hook.hook_id,
        target_type=hook.target_type,
        target_arn=hook.target_arn,
        status=hook.status,
        expires_at=hook.expires_at,
        timeout_action=hook.timeout_action,
    )


def _begin(hook: m.DeploymentLifecycleHook, entry: int, stage: LifecycleStage, now: float, new_id: NewId) -> HookRecord:
    limit = hook.timeout_configuration or m.DeploymentLifecycleHookTimeoutConfiguration()
    pauses = hook.target_type == "PAUSE"
    return HookRecord(
        hook_id=f"ecs-pause-{new_id()}" if pauses else new_id(),
        entry=entry,
        stage=stage,
        target_type="PAUSE" if pauses else "AWS_LAMBDA",
        status="AWAITING_ACTION" if pauses else "IN_PROGRESS",
        expires_at=now + 60.0 * (limit.timeout_in_minutes or LONGEST),
        timeout_action=limit.action or "ROLLBACK",
        updated_at=now,
        target_arn=hook.hook_target_arn,
        details=hook.hook_details,
        calls=0 if pauses else 1,
    )


def _heard(hook: HookRecord, answer: HookAnswer, now: float) -> HookRecord:
    target, body = hook.target_arn, answer.body if isinstance(answer.body, dict) else {}
    if answer.error is not None:
        return replace(hook, status="FAILED", reason=NOT_INVOKED.format(target=target, error=answer.error))
    match body.get("hookStatus"):
        case "SUCCEEDED":
            return replace(hook, status="SUCCEEDED")
        case "FAILED":
            return replace(hook, status="FAILED", reason=FAILED.format(target=target))
        case "IN_PROGRESS":
            return replace(hook, call_at=now + _delay(body), details=_merged(hook.details, body.get("hookDetails")))
        case None:
            error = "HookStatus must not be null"
        case other:
            error = f"HookStatus must not be {other}"
    return replace(hook, status="FAILED", reason=NOT_PARSED.format(target=target, error=error))


def _delay(body: dict[str, Any]) -> float:
    match body.get("callBackDelay"):
        case bool():
            return CALL_AGAIN
        case int() | float() as seconds if seconds >= 0:
            return max(SOONEST, float(seconds))
    return CALL_AGAIN


def _merged(before: Any, given: Any) -> Any:
    if not isinstance(given, dict):
        return before
    return {**before, **given} if isinstance(before, dict) else given


def awaits_answer(hook: HookRecord) -> bool:
    """Whether it has been called, and what it says is not known yet."""
    return hook.status == "IN_PROGRESS" and hook.call_at is None


def _failed(hook: HookRecord) -> bool:
    return hook.status == "FAILED" or (hook.status == "TIMED_OUT" and hook.timeout_action == "ROLLBACK")


def _with(record: ServiceDeploymentRecord, before: HookRecord, after: HookRecord) -> ServiceDeploymentRecord:
    return replace(record, hooks=tuple(after if hook is before else hook for hook in record.hooks))
