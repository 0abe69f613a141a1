"""ECS Hook State Change: a lifecycle hook of a service deployment has come to another status.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html
"""

from __future__ import annotations

from collections.abc import Iterator

from kecs.core.eventbridge.event import Detail, Event, milliseconds, seconds
from kecs.core.records import HookRecord, ServiceDeploymentRecord

HOOK_STATE_CHANGE = "ECS Hook State Change"

ERRORS = frozenset({"FAILED", "TIMED_OUT"})  # the statuses whose event is of the type ERROR


def hook_events(before: ServiceDeploymentRecord | None, after: ServiceDeploymentRecord, now: float) -> Iterator[Event]:
    """The events of this change, in the order in which the hooks began."""
    if before is not None and before.hooks is after.hooks:
        return
    known = {hook.hook_id: hook.status for hook in before.hooks} if before else {}
    for hook in after.hooks:
        if known.get(hook.hook_id) != hook.status:
            kind = HOOK_STATE_CHANGE
            yield Event(detail_type=kind, about=after.arn, at=now, detail=hook_detail, subject=(after, hook))


def hook_detail(subject: tuple[ServiceDeploymentRecord, HookRecord], at: float) -> Detail:
    deployment, hook = subject
    return {
        "eventType": "ERROR" if hook.status in ERRORS else "INFO",
        "eventName": f"HOOK_{hook.status}",
        "hookId": hook.hook_id,
        "hookType": hook.target_type,
        "expiresAt": seconds(hook.expires_at),
        "lifecycleStage": hook.stage,
        "clusterArn": deployment.cluster_arn,
        "serviceArn": deployment.service_arn,
        "serviceDeploymentArn": deployment.arn,
        "updatedAt": milliseconds(at),
    }
