"""What CreateService, UpdateService and DeleteService do to a service's deployments; the scheduler does the rest."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.records import DeploymentRecord, ServiceRecord


def new_deployment(
    digits: str,
    task_definition: str,
    desired_count: int,
    now: float,
    *,
    launch_type: m.LaunchType | None = None,
    capacity_provider_strategy: Sequence[m.CapacityProviderStrategyItem] = (),
    platform_version: str | None = None,
    platform_family: str | None = None,
    network_configuration: m.NetworkConfiguration | None = None,
) -> DeploymentRecord:
    """A deployment that has just begun. `digits` are the 19 of its id, `task_definition` is an ARN."""
    deployment_id = f"ecs-svc/{digits}"
    return DeploymentRecord(
        id=deployment_id,
        status="PRIMARY",
        task_definition=task_definition,
        desired_count=desired_count,
        created_at=now,
        updated_at=now,
        rollout_state_reason=f"ECS deployment {deployment_id} in progress.",
        launch_type=launch_type,
        capacity_provider_strategy=tuple(capacity_provider_strategy),
        platform_version=platform_version,
        platform_family=platform_family,
        network_configuration=network_configuration,
    )


def start_deployment(service: ServiceRecord, deployment: DeploymentRecord, now: float) -> ServiceRecord:
    """The service with a new PRIMARY deployment; the one before goes on as ACTIVE until its tasks are replaced."""
    old = [
        msgspec.structs.replace(d, status="ACTIVE", updated_at=now) if d.status == "PRIMARY" else d
        for d in service.deployments
    ]
    return msgspec.structs.replace(service, deployments=(deployment, *old), steady=False)


def set_desired_count(service: ServiceRecord, count: int, now: float) -> ServiceRecord:
    """The service scaled to `count` tasks; the same count changes nothing."""
    if count == service.desired_count:
        return service
    primary, *old = service.deployments
    primary = msgspec.structs.replace(primary, desired_count=count, updated_at=now)
    return msgspec.structs.replace(service, desired_count=count, deployments=(primary, *old), steady=False)


def begin_deletion(service: ServiceRecord, now: float) -> ServiceRecord:
    """The service DRAINING: it wants no task, and becomes INACTIVE when the scheduler sees that they are gone."""
    service = set_desired_count(service, 0, now)
    return msgspec.structs.replace(service, status="DRAINING", steady=False)
