"""CodeDeploy Deployment State-change Notification: a deployment of CodeDeploy has come to another state.

https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-cloudwatch-events.html
"""

from __future__ import annotations

from collections.abc import Iterator

from kecs.core.codedeploy.applications import application_arn, group_arn
from kecs.core.eventbridge.event import Detail, Event
from kecs.core.records.codedeploy import CodeDeploymentRecord

STATE_CHANGE = "CodeDeploy Deployment State-change Notification"

STATES = {"InProgress": "START", "Ready": "READY", "Succeeded": "SUCCESS", "Failed": "FAILURE", "Stopped": "STOP"}
"""The state that an event tells, by the status that the deployment has come to."""


def code_deployment_events(
    before: CodeDeploymentRecord | None, after: CodeDeploymentRecord, now: float
) -> Iterator[Event]:
    """The event of this change, if there is one. Going on after a wait is none: it has started before."""
    status = before.status if before else None
    if after.status == status or after.status not in STATES or (status, after.status) == ("Ready", "InProgress"):
        return
    names = after.application_name, after.group_name
    yield Event(
        detail_type=STATE_CHANGE,
        about=group_arn(after.scope, *names),
        at=now,
        detail=_detail,
        subject=after,
        resources=(application_arn(after.scope, names[0]), group_arn(after.scope, *names)),
        source="aws.codedeploy",
    )


def _detail(deployment: CodeDeploymentRecord, at: float) -> Detail:  # noqa: ARG001  # it has no times
    return {
        "region": deployment.scope.region,
        "deploymentId": deployment.id,
        "instanceGroupId": deployment.group_id,
        "deploymentGroup": deployment.group_name,
        "state": STATES[deployment.status],
        "application": deployment.application_name,
    }
