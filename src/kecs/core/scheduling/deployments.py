"""What CreateService, UpdateService and DeleteService do to a service's deployments; the scheduler does the rest."""

from __future__ import annotations

from msgspec.structs import replace

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
    primary, *old = service.deployments
    primary = replace(primary, desired_count=count, updated_at=now)
    return replace(service, desired_count=count, deployments=(primary, *old), steady=False)


def begin_deletion(service: ServiceRecord, now: float) -> ServiceRecord:
    """The service DRAINING: it wants no task, and becomes INACTIVE when the scheduler sees that they are gone."""
    service = set_desired_count(service, 0, now)
    return replace(service, status="DRAINING", steady=False)
