"""ECS Daemon Deployment State Change and ECS Daemon Service Action.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-events.html
"""

from __future__ import annotations

from collections.abc import Iterator

from kecs.core.daemons.schedule import EXPECTED
from kecs.core.eventbridge.event import Detail, Event, milliseconds
from kecs.core.records import DaemonDeploymentRecord, TaskRecord

DAEMON_DEPLOYMENT_STATE_CHANGE = "ECS Daemon Deployment State Change"
DAEMON_SERVICE_ACTION = "ECS Daemon Service Action"

ERRORS = frozenset({"ROLLBACK_FAILED"})  # the statuses whose event is of the type ERROR
FAILED_TO_RUN = "Task failed to reach RUNNING status: "


def daemon_deployment_events(
    before: DaemonDeploymentRecord | None, after: DaemonDeploymentRecord, now: float
) -> Iterator[Event]:
    """A deployment of a daemon has come to another status."""
    if before is None or before.status != after.status:
        about, kind = after.daemon_arn, DAEMON_DEPLOYMENT_STATE_CHANGE
        yield Event(detail_type=kind, about=about, at=now, detail=daemon_deployment_detail, subject=after)


def daemon_deployment_detail(deployment: DaemonDeploymentRecord, at: float) -> Detail:
    detail = {
        "eventType": "ERROR" if deployment.status in ERRORS else "INFO",
        "eventName": f"DAEMON_DEPLOYMENT_{deployment.status}",
        "clusterArn": deployment.cluster_arn,
        "daemonArn": deployment.daemon_arn,
        "daemonDeploymentArn": deployment.arn,
        "targetDaemonRevisionArn": deployment.target_revision_arn,
        "updatedAt": milliseconds(at),
    }
    return {name: value for name, value in detail.items() if value is not None}


def daemon_task_events(before: TaskRecord | None, after: TaskRecord, now: float) -> Iterator[Event]:
    """A task of a daemon has stopped and never come to run."""
    ended = after.last_status == "STOPPED" and (before is None or before.last_status != "STOPPED")
    if ended and after.started_at is None and after.stop_code not in EXPECTED:
        kind = DAEMON_SERVICE_ACTION
        yield Event(detail_type=kind, about=after.arn, at=now, detail=daemon_task_detail, subject=after)


def daemon_task_detail(task: TaskRecord, at: float) -> Detail:
    return {
        "eventType": "WARNING",
        "eventName": "DAEMON_TASK_START_IMPAIRED",
        "clusterArn": task.cluster_arn,
        "containerInstanceArn": task.container_instance_arn,
        "taskArn": task.arn,
        "daemonRevisionArn": task.daemon_revision_arn,
        "capacityProviderName": task.capacity_provider_name,
        "daemonArn": task.daemon_arn,
        "daemonTaskDefinitionArn": task.definition_arn,
        "failureType": "TASK_FAILED_TO_RUN",
        "createdAt": milliseconds(at),
        "reason": FAILED_TO_RUN + (task.stopped_reason or ""),
    }
