"""What ECS refuses of services with task sets, and of task sets.

Pure; called by services.ecs.external and services.ecs.task_sets. Every function raises InvalidParameterException
unless it says otherwise.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html
"""

from __future__ import annotations

import re
from collections.abc import Collection

from kecs.aws.model import ecs as m
from kecs.core.records import ServiceRecord, TaskSetRecord
from kecs.core.scheduling.limits import MAXIMUM_PERCENT, MINIMUM_HEALTHY_PERCENT
from kecs.core.service_rules import DAEMON, LONGEST_TOKEN, ROLE_UNWANTED, check_create, check_members
from kecs.core.tasks.options import LaunchOptions
from kecs.core.tasks.rules import check_placement, check_token

MOST_TASK_SETS = 5  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
IDENTIFIER = re.compile(r"(?:arn:[\w-]+:ecs:[\w-]+:\d{12}:task-set/[\w-]+/[\w-]+/)?ecs-svc/\d+")

OTHER_CONTROLLER = (
    "Amazon ECS only supports task set management on services configured to use external deployment controllers."
)
TOO_MANY = (
    "{count} deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit."
)
SCALED = "The task set cannot be deleted while it is scaled above 0."
PRIMARY = "The primary task set of a service cannot be deleted without force."
GOING = "The task set is DRAINING."
NOT_FOUND = "TaskSet not found."
NOT_IDEMPOTENT = "Creation of task set was not idempotent."
ONE_BALANCER = "Multiple target groups are not supported by the {type} deployment controller."
CLASSIC = "Classic Load Balancers are not supported by the {type} deployment controller."
NO_BALANCER = "A service with the CODE_DEPLOY deployment controller must have a load balancer."

OF_TASK_SETS = {
    "task_definition": "TaskDefinition must be blank.",
    "load_balancers": "LoadBalancers must be empty or null.",
    "service_registries": "ServiceRegistries must be empty or null.",
    "network_configuration": "NetworkConfiguration must be null.",
    "launch_type": "LaunchType must be null.",
    "capacity_provider_strategy": "CapacityProviderStrategy must be empty or null.",
    "platform_version": "PlatformVersion must be null.",
}
"""Members that CreateService may not have with EXTERNAL: they belong to the task sets."""

OF_DEPLOYMENTS = {
    "service_connect_configuration": "serviceConnectConfiguration",
    "volume_configurations": "volumeConfigurations",
    "vpc_lattice_configurations": "vpcLatticeConfigurations",
    "gateway_connectors": "gatewayConnectors",
}
"""Members that neither a service with task sets nor a task set has."""

FIXED = {
    "task_definition": "task definition",
    "network_configuration": "network parameters",
    "load_balancers": "load balancers",
    "service_registries": "service registries",
    "platform_version": "platform version",
    "capacity_provider_strategy": "capacity provider strategy",
}
"""Members that UpdateService may not have: another task set is needed."""

INSTEAD = {"CODE_DEPLOY": "Use AWS CodeDeploy to trigger a new deployment.", "EXTERNAL": "Create a new task set."}


def check_new_service(request: m.CreateServiceRequest) -> None:
    """What can be said of the request alone; its controller is one that works with task sets."""
    kind = request.deployment_controller.type if request.deployment_controller else ""
    if request.scheduling_strategy == "DAEMON":
        raise m.InvalidParameterException(f"{DAEMON} the {kind} deployment controller.")
    if kind == "EXTERNAL":
        for member, text in OF_TASK_SETS.items():
            if getattr(request, member):
                raise m.InvalidParameterException(text)
        if request.role:
            raise m.InvalidParameterException(ROLE_UNWANTED)
        check_placement(m.TaskDefinition(), request.placement_constraints, request.placement_strategy, fargate=False)
    elif not request.load_balancers:
        raise m.InvalidParameterException(NO_BALANCER)
    check_create(request)
    _check_deployments(request, kind)
    check_balancers(request.load_balancers or (), kind)


def check_update(service: m.Service, request: m.UpdateServiceRequest) -> None:
    """Only what no task set decides on can be updated."""
    kind = service.deployment_controller.type if service.deployment_controller else ""
    with_article = f"services with {'an' if kind == 'EXTERNAL' else 'a'} {kind} deployment controller. {INSTEAD[kind]}"
    for member, what in FIXED.items():
        if getattr(request, member) is not None:
            raise m.InvalidParameterException(f"Unable to update {what} on {with_article}")
    if request.force_new_deployment:
        raise m.InvalidParameterException(f"Cannot force a new deployment on {with_article}")
    if kind == "EXTERNAL" and request.deployment_configuration is not None:
        raise m.InvalidParameterException(f"Unable to update deployment configuration on {with_article}")
    _check_deployments(request, kind)
    check_members(request)
    check_placement(m.TaskDefinition(), request.placement_constraints, request.placement_strategy, fargate=False)


def leaves_task_sets(service: ServiceRecord, request: m.UpdateServiceRequest) -> bool:
    """Whether the service is to have the ECS deployment controller from now on. Raises for any other change of it."""
    given, has = request.deployment_controller, service.service.deployment_controller
    if given is None or given.type == (has.type if has else "ECS"):
        return False
    if given.type != "ECS":
        raise m.InvalidParameterException(f"The deployment controller of a service cannot be changed to {given.type}.")
    return True


def check_percents(kind: str, configuration: m.DeploymentConfiguration | None, options: LaunchOptions) -> None:
    """Tasks on instances always get the default percentages (model shape DeploymentConfiguration)."""
    most = configuration.maximum_percent if configuration else None
    least = configuration.minimum_healthy_percent if configuration else None
    if not options.fargate and (most not in (None, MAXIMUM_PERCENT) or least not in (None, MINIMUM_HEALTHY_PERCENT)):
        raise m.InvalidParameterException(
            f"Custom values of maximumPercent and minimumHealthyPercent are not supported by the {kind} deployment "
            "controller for tasks that use the EC2 launch type."
        )


def check_balancers(balancers: Collection[m.LoadBalancer], kind: str) -> None:
    """One target group is all that the controllers can move traffic to."""
    if len(balancers) > 1:
        raise m.InvalidParameterException(ONE_BALANCER.format(type=kind))
    if any(balancer.load_balancer_name for balancer in balancers):
        raise m.InvalidParameterException(CLASSIC.format(type=kind))


def check_managed(service: ServiceRecord) -> None:
    """Only services whose deployments are somebody else's business have task sets."""
    if not service.has_task_sets:
        raise m.InvalidParameterException(OTHER_CONTROLLER)


def check_new(request: m.CreateTaskSetRequest, kind: str, existing: int) -> None:
    """CreateTaskSet for a service that has so many task sets."""
    check_token(request.client_token, LONGEST_TOKEN)
    check_balancers(request.load_balancers or (), kind)
    if len(request.service_registries or ()) > 1:
        raise m.InvalidParameterException("serviceRegistries can have at most 1 items.")
    if existing >= MOST_TASK_SETS:
        raise m.InvalidParameterException(TOO_MANY.format(count=existing))


def scale_of(scale: m.Scale | None) -> float:
    """The percentage that a request gives; none is 0."""
    value = 0.0 if scale is None or scale.value is None else scale.value
    if not 0 <= value <= 100:
        raise m.InvalidParameterException("The scale value must be between 0 and 100.")
    return value


def check_identifier(reference: str) -> None:
    """An id or an ARN of a task set."""
    if not IDENTIFIER.fullmatch(reference):
        raise m.InvalidParameterException("Task Set Identifier is invalid.")


def check_stays(task_set: TaskSetRecord) -> None:
    """A task set on its way out can neither be scaled nor become primary."""
    if task_set.status == "DRAINING":
        raise m.InvalidParameterException(GOING)


def check_delete(task_set: TaskSetRecord, *, force: bool) -> None:
    """DeleteTaskSet: what serves, or is meant to run, goes by force only."""
    if force or task_set.status == "DRAINING":
        return
    if task_set.scale > 0:
        raise m.InvalidParameterException(SCALED)
    if task_set.status == "PRIMARY":
        raise m.InvalidParameterException(PRIMARY)


def _check_deployments(request: m.CreateServiceRequest | m.UpdateServiceRequest, kind: str) -> None:
    for member, name in OF_DEPLOYMENTS.items():
        if getattr(request, member):
            raise m.InvalidParameterException(f"{name} is not supported by the {kind} deployment controller.")
