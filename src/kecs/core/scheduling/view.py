"""A service as DescribeServices shows it: what was configured and what its tasks add up to. `services.ecs` calls it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import DeploymentRecord, ServiceRecord
from kecs.core.scheduling.counts import STARTING
from kecs.core.scheduling.snapshot import ServiceTask


def service_view(service: ServiceRecord, tasks: Sequence[ServiceTask]) -> m.Service:
    """The service with its counts, deployments and events. `tasks` are its live ones; stopped ones do not matter.

    As in AWS the counts go by lastStatus: a task that was told to stop is running until it has begun to.
    """
    running = Counter(t.deployment_id for t in tasks if t.last_status == "RUNNING")
    pending = Counter(t.deployment_id for t in tasks if t.last_status in STARTING)
    primary = service.deployments[0] if service.deployments else None
    return replace(
        service.service,
        service_arn=service.arn,
        service_name=service.name,
        cluster_arn=service.cluster_arn,
        status=service.status,
        desired_count=service.desired_count,
        running_count=running.total(),
        pending_count=pending.total(),
        task_definition=primary.task_definition if primary else service.service.task_definition,
        deployments=[_deployment(d, running[d.id], pending[d.id]) for d in service.deployments],
        events=list(service.events),
        placement_strategy=[_strategy(s) for s in service.service.placement_strategy or ()],
    )


def _strategy(given: m.PlacementStrategy) -> m.PlacementStrategy:
    """AWS says `instanceId` also where it was told `host`, and shouts `CPU` and `MEMORY`."""
    field = given.field or ""
    if given.type == "spread" and field.lower() in ("host", "instanceid"):
        return replace(given, field="instanceId")
    return replace(given, field=field.upper()) if given.type == "binpack" else given


def _deployment(deployment: DeploymentRecord, running: int, pending: int) -> m.Deployment:
    return m.Deployment(
        id=deployment.id,
        status=deployment.status,
        task_definition=deployment.task_definition,
        desired_count=deployment.desired_count,
        pending_count=pending,
        running_count=running,
        failed_tasks=deployment.failed_tasks,
        created_at=deployment.created_at,
        updated_at=deployment.updated_at,
        capacity_provider_strategy=list(deployment.capacity_provider_strategy) or None,
        launch_type=deployment.launch_type,
        platform_version=deployment.platform_version,
        platform_family=deployment.platform_family,
        network_configuration=deployment.network_configuration,
        rollout_state=deployment.rollout_state,
        rollout_state_reason=deployment.rollout_state_reason,
        service_connect_configuration=deployment.service_connect_configuration,
        volume_configurations=list(deployment.volume_configurations) or None,
        vpc_lattice_configurations=list(deployment.vpc_lattice_configurations) or None,
    )
