"""A daemon's deployment: its statuses, the circuit breaker, and going back to what ran before.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-deployments.html
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import DaemonDeploymentRecord, DaemonRecord

THRESHOLD = 10  # daemon tasks that fail before the circuit breaker gives up; AWS shows this number
PASSING = {
    "PENDING": 0.2,  # "ECS is preparing to begin"
    "STOP_REQUESTED": 0.2,  # it has stopped from moving forward, and is about to roll back
}
"""Seconds until a deployment leaves a status in which it only waits: too short to wait for, long enough to be seen."""

LIVE = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_IN_PROGRESS")

COMPLETED = "Deployment completed successfully."
SUPERSEDED = "Deployment was replaced by a newer deployment."
BREAKER = "Deployment circuit breaker: daemon tasks failed to start."
NOTHING_BEFORE = "Deployment circuit breaker: daemon tasks failed to start. There is no revision to roll back to."
ROLLED_BACK = "Rolled back to the previous daemon revision."
NOT_ROLLED_BACK = "Rollback failed: daemon tasks of the previous daemon revision failed to start."


def under_way(deployment: DaemonDeploymentRecord) -> bool:
    """Whether it replaces instances."""
    return deployment.status in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS")


def superseded(deployment: DaemonDeploymentRecord, now: float) -> DaemonDeploymentRecord:
    """The deployment when another one begins."""
    if deployment.status not in LIVE:
        return deployment
    return _moved(deployment, "STOPPED", now, status_reason=SUPERSEDED, stopped_at=now)


def advance(
    daemon: DaemonRecord, deployment: DaemonDeploymentRecord, failed: int, now: float
) -> tuple[DaemonRecord, DaemonDeploymentRecord]:
    """Both after `failed` more failures of daemon tasks, with every change of status that is due."""
    due = deployment.changed_at + PASSING.get(deployment.status, 0.0) <= now
    match deployment.status:
        case "PENDING" if due:
            deployment = _moved(deployment, "IN_PROGRESS", now, started_at=now)
        case "IN_PROGRESS" if failed:
            deployment = replace(deployment, failure_count=deployment.failure_count + failed)
            if deployment.failure_count >= THRESHOLD:
                deployment = _moved(deployment, "STOP_REQUESTED", now, status_reason=BREAKER)
        case "STOP_REQUESTED" if due:
            return _rolled_back(daemon, deployment, now)
        case "ROLLBACK_IN_PROGRESS" if failed:
            deployment = replace(deployment, rollback_failures=deployment.rollback_failures + failed)
            if deployment.rollback_failures >= THRESHOLD:
                deployment = _moved(
                    deployment, "ROLLBACK_FAILED", now, status_reason=NOT_ROLLED_BACK, finished_at=now, drained=()
                )
    return daemon, deployment


def settle(deployment: DaemonDeploymentRecord, unfinished: bool, now: float) -> DaemonDeploymentRecord:
    """The deployment after it was found whether an instance is `unfinished`: it bakes, then it has succeeded."""
    if unfinished:
        return deployment
    if deployment.updated_all_at is None:
        deployment = replace(deployment, updated_all_at=now)
    if (_baked_at(deployment) or now) > now:
        return deployment
    if deployment.status == "IN_PROGRESS":
        return _moved(deployment, "SUCCESSFUL", now, status_reason=COMPLETED, finished_at=now)
    return _moved(deployment, "ROLLBACK_SUCCESSFUL", now, status_reason=ROLLED_BACK, finished_at=now)


def kept(daemon: DaemonRecord, deployment: DaemonDeploymentRecord) -> DaemonRecord:
    """The daemon, which goes back to what it has now if a later deployment fails."""
    if deployment.status not in ("SUCCESSFUL", "ROLLBACK_SUCCESSFUL"):
        return daemon
    return replace(daemon, stable_revision_arn=daemon.revision_arn, stable_targets=daemon.targets)


def next_change(deployment: DaemonDeploymentRecord) -> float | None:
    """When the deployment will change its status by itself."""
    if deployment.status in PASSING:
        return deployment.changed_at + PASSING[deployment.status]
    return _baked_at(deployment) if deployment.status == "IN_PROGRESS" else None


def _baked_at(deployment: DaemonDeploymentRecord) -> float | None:
    """The end of the bake time; a rollback has none."""
    if deployment.updated_all_at is None or deployment.status != "IN_PROGRESS":
        return None
    return deployment.updated_all_at + 60.0 * (deployment.configuration.bake_time_in_minutes or 0)


def _rolled_back(
    daemon: DaemonRecord, deployment: DaemonDeploymentRecord, now: float
) -> tuple[DaemonRecord, DaemonDeploymentRecord]:
    stable = daemon.stable_revision_arn
    if stable is None or stable == daemon.revision_arn:
        return daemon, _moved(deployment, "STOPPED", now, status_reason=NOTHING_BEFORE, stopped_at=now, drained=())
    targets = tuple(replace(target, since=now) for target in daemon.stable_targets)
    rollback = m.DaemonRollback(
        reason=deployment.status_reason,
        started_at=now,
        rollback_target_daemon_revision_arn=stable,
        rollback_capacity_providers=[target.provider_arn for target in targets],
    )
    daemon = replace(daemon, revision_arn=stable, targets=targets, failures=0, failed_at=None, updated_at=now)
    return daemon, _moved(deployment, "ROLLBACK_IN_PROGRESS", now, rollback=rollback, updated_all_at=None)


def _moved(
    deployment: DaemonDeploymentRecord, status: m.DaemonDeploymentStatus, now: float, **fields: Any
) -> DaemonDeploymentRecord:
    return replace(deployment, status=status, changed_at=now, **fields)
