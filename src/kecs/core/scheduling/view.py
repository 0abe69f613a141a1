"""A service as DescribeServices shows it: what was configured and what its tasks add up to. `services.ecs` calls it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.deployments.counts import Numbers, current_revisions, tally
from kecs.core.records import DeploymentRecord, ServiceRecord, TaskSetRecord
from kecs.core.scheduling.snapshot import ServiceTask


def service_view(
    service: ServiceRecord, tasks: Sequence[ServiceTask], task_sets: Sequence[TaskSetRecord] = (), *, tags: bool = True
) -> m.Service:
    """The service with its counts, deployments, task sets and events. `tasks` are its live ones; stopped ones do not
    matter. `tags`: whether the task sets show theirs.

    As in AWS the counts go by lastStatus: a task that was told to stop is running until it has begun to.
    """
    numbers = tally(tasks)
    primary = service.deployments[0] if service.deployments else None
    return replace(
        service.service,
        service_arn=service.arn,
        service_name=service.name,
        cluster_arn=service.cluster_arn,
        status=service.status,
        desired_count=service.desired_count,
        running_count=sum(n.running for n in numbers.values()),
        pending_count=sum(n.pending for n in numbers.values()),
        task_definition=primary.task_definition if primary else service.service.task_definition,
        task_sets=[task_set_view(s, numbers.get(s.id, Numbers()), tags=tags) for s in task_sets]
        if service.has_task_sets
        else None,
        deployments=[_deployment(d, *numbers.get(d.id, Numbers())) for d in service.deployments],
        current_service_deployment=service.current_deployment,
        current_service_revisions=current_revisions(service, numbers) or None,
        events=list(service.events),
        placement_strategy=[_strategy(s) for s in service.service.placement_strategy or ()],
        resource_management_type=service.service.resource_management_type or "CUSTOMER",
    )


def task_set_view(task_set: TaskSetRecord, numbers: Numbers, *, tags: bool) -> m.TaskSet:
    """The task set; `tags` as the call asks for them."""
    deployment = task_set.deployment
    return m.TaskSet(
        id=task_set.id,
        task_set_arn=task_set.arn,
        service_arn=task_set.service_arn,
        cluster_arn=task_set.cluster_arn,
        started_by=task_set.started_by,
        external_id=task_set.external_id,
        status=task_set.status,
        task_definition=deployment.task_definition,
        computed_desired_count=deployment.desired_count,
        pending_count=numbers.pending,
        running_count=numbers.running,
        created_at=deployment.created_at,
        updated_at=deployment.updated_at,
        launch_type=deployment.launch_type,
        capacity_provider_strategy=list(deployment.capacity_provider_strategy) or None,
        platform_version=deployment.platform_version,
        platform_family=deployment.platform_family,
        network_configuration=deployment.network_configuration,
        load_balancers=list(task_set.load_balancers),
        service_registries=list(task_set.service_registries),
        scale=m.Scale(value=task_set.scale, unit="PERCENT"),
        stability_status=task_set.stability,
        stability_status_at=task_set.stability_at,
        tags=list(task_set.tags) if tags else None,
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
        fargate_ephemeral_storage=deployment.fargate_ephemeral_storage,
        vpc_lattice_configurations=list(deployment.vpc_lattice_configurations) or None,
    )
