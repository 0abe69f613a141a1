"""What requests and the history of a service do to its deployments; the scheduler does the rest."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.core import events
from kecs.core.events import NewId
from kecs.core.records import DeploymentRecord, ServiceRecord


def start_deployment(service: ServiceRecord, deployment: DeploymentRecord, now: float) -> ServiceRecord:
    """The service with a new PRIMARY deployment; the one before goes on as ACTIVE until its tasks are replaced."""
    reason = f"ECS deployment {deployment.id} in progress."
    deployment = replace(deployment, status="PRIMARY", rollout_state="IN_PROGRESS", rollout_state_reason=reason)
    old = [replace(d, status="ACTIVE", updated_at=now) if d.status == "PRIMARY" else d for d in service.deployments]
    return replace(service, deployments=(deployment, *old), steady=False)


def set_desired_count(service: ServiceRecord, count: int, now: float) -> ServiceRecord:
    """The service scaled to `count` tasks; the same count changes nothing."""
    if count == service.desired_count:
        return service
    primary = tuple(replace(d, desired_count=count, updated_at=now) for d in service.deployments[:1])
    return replace(service, desired_count=count, deployments=primary + service.deployments[1:], steady=False)


def give_up(service: ServiceRecord, reason: str, now: float) -> ServiceRecord:
    """The service whose PRIMARY deployment has FAILED: it keeps its tasks and starts no more. If it has before, it is
    for the reason of then."""
    failed = tuple(_failed(d, reason, now) for d in service.deployments[:1])
    return replace(service, deployments=failed + service.deployments[1:], steady=False)


def roll_back(service: ServiceRecord, deployment: DeploymentRecord, why: str, now: float) -> ServiceRecord:
    """The service with `deployment` PRIMARY again, which completed before, and what was PRIMARY given up.

    As in AWS it is the same deployment: the tasks that it still has are taken over. `why` begins both reasons. It has
    to prove itself again.
    """
    own = next((d for d in service.deployments if d.id == deployment.id), deployment)
    again = replace(
        own,
        status="PRIMARY",
        rollout_state="IN_PROGRESS",
        rollout_state_reason=f"{why}: rolling back to deploymentId {own.id}.",
        desired_count=service.desired_count,
        updated_at=now,
        retry_at=None,
        consecutive_failures=0,
        reached_running=False,
        failed_tasks=0,
    )
    service = give_up(service, f"{why}.", now)
    others = tuple(replace(d, status="ACTIVE") for d in service.deployments if d.id != own.id)
    return replace(service, deployments=(again, *others), steady=False)


def complete(service: ServiceRecord, now: float, new_id: NewId) -> ServiceRecord:
    """The service whose PRIMARY deployment has completed."""
    primary, *old = service.deployments
    reason = f"ECS deployment {primary.id} completed."
    primary = replace(primary, rollout_state="COMPLETED", rollout_state_reason=reason, updated_at=now)
    service = replace(service, deployments=(primary, *old))
    return events.record(service, events.deployment_completed(primary.id), now, new_id)


def _failed(deployment: DeploymentRecord, reason: str, now: float) -> DeploymentRecord:
    if deployment.rollout_state == "FAILED":
        return deployment
    return replace(deployment, rollout_state="FAILED", rollout_state_reason=reason, updated_at=now)


def begin_deletion(service: ServiceRecord, now: float) -> ServiceRecord:
    """The service DRAINING: it wants no task, and becomes INACTIVE when the scheduler sees that they are gone."""
    service = set_desired_count(service, 0, now)
    return replace(service, status="DRAINING", steady=False)
