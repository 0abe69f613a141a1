"""What requests make of task sets and of the service that shows its primary one. `services.ecs.task_sets` calls it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.deployments.configuration import deployment_configuration
from kecs.core.records import ServiceRecord, TaskSetRecord

NO_PRIMARY = "The deployment controller of a service without a primary task set cannot be changed."


def computed_desired_count(desired: int, scale: float) -> int:
    """`scale` percent of the service's desired count, rounded up (TaskSet.computedDesiredCount)."""
    return math.ceil(Decimal(str(scale)) * desired / 100)  # in binary, 1.1 percent of 3000 would be 34


def scaled(task_set: TaskSetRecord, scale: float, now: float) -> TaskSetRecord:
    """The task set with that scale, in percent; what it comes to is for the control loop to find out."""
    return _stabilizing(replace(task_set, scale=scale), now)


def drained(task_set: TaskSetRecord, now: float) -> TaskSetRecord:
    """The task set on its way out: it wants no task, and is gone with its last one."""
    return task_set if task_set.status == "DRAINING" else _stabilizing(replace(task_set, status="DRAINING"), now)


def promoted(task_sets: Iterable[TaskSetRecord], primary: TaskSetRecord, now: float) -> list[TaskSetRecord]:
    """The task sets that change when `primary` becomes PRIMARY: itself, and the one that was and is ACTIVE now."""
    return [
        _updated(replace(task_set, status="PRIMARY" if task_set.arn == primary.arn else "ACTIVE"), now)
        for task_set in task_sets
        if (task_set.status == "PRIMARY") != (task_set.arn == primary.arn)
    ]


def showing(service: ServiceRecord, primary: TaskSetRecord | None) -> ServiceRecord:
    """The service with the members that it takes over from its primary task set; without one it has none of them.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html
    """
    deployment = primary.deployment if primary else None
    shown = replace(
        service.service,
        task_definition=deployment and deployment.task_definition,
        launch_type=deployment and deployment.launch_type,
        capacity_provider_strategy=list(deployment.capacity_provider_strategy) or None if deployment else None,
        platform_version=deployment and deployment.platform_version,
        platform_family=deployment and deployment.platform_family,
        network_configuration=deployment and deployment.network_configuration,
        load_balancers=list(primary.load_balancers) if primary else [],
        service_registries=list(primary.service_registries) if primary else [],
    )
    return replace(service, service=shown)


def taken_over(service: ServiceRecord, task_sets: Iterable[TaskSetRecord]) -> ServiceRecord:
    """The service with the ECS deployment controller, whose deployments are what has run of it so far.

    The task set that was primary is its PRIMARY deployment. Raises InvalidParameterException when there is none.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/migrate-codedeploy-to-ecs-bluegreen.html
    """
    newest_first = list(task_sets)[::-1]
    primary = [task_set.deployment for task_set in newest_first if task_set.status == "PRIMARY"]
    if not primary:
        raise m.InvalidParameterException(NO_PRIMARY)
    others = [replace(s.deployment, status="ACTIVE") for s in newest_first if s.status != "PRIMARY"]
    configured = replace(
        service.service,
        task_definition=None,
        deployment_controller=m.DeploymentController(type="ECS"),
        deployment_configuration=deployment_configuration(None, service.service.deployment_configuration),
    )
    return replace(service, service=configured, deployments=(*primary, *others))


def fields_of(service: m.Service) -> m.Service:
    """The members of a service that none of its task sets decides on."""
    return replace(
        service,
        created_at=None,
        task_definition=None,
        launch_type=None,
        capacity_provider_strategy=None,
        platform_version=None,
        platform_family=None,
        network_configuration=None,
        load_balancers=[],
        service_registries=[],
    )


def _stabilizing(task_set: TaskSetRecord, now: float) -> TaskSetRecord:
    return _updated(replace(task_set, stability="STABILIZING", stability_at=now), now)


def _updated(task_set: TaskSetRecord, now: float) -> TaskSetRecord:
    return replace(task_set, deployment=replace(task_set.deployment, updated_at=now))
