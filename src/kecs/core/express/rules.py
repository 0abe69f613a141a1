"""What an Express service may be: the checks of CreateExpressGatewayService and UpdateExpressGatewayService.

Called by services.ecs.express; `check_own_update` by UpdateService. Every function raises InvalidParameterException
unless it says otherwise.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.gateways.rules import ROLE, check_role
from kecs.core.records import ServiceRecord
from kecs.core.service_rules import MOST_TASKS, check_name

MAIN = "Main"  # the container that gets the requests
LONGEST_PATH = 1024  # characters; Elastic Load Balancing's limit

# As the operation's documentation has them. The developer guide has another path and another size:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
HEALTH_CHECK_PATH = "/ping"
SCALING = m.ExpressGatewayScalingTarget(
    min_task_count=1, max_task_count=20, auto_scaling_metric="AVERAGE_CPU", auto_scaling_target_value=60
)
HIGHEST_TARGETS = {"AVERAGE_CPU": 100, "AVERAGE_MEMORY": 100, "REQUEST_COUNT_PER_TARGET": 65_536}

NOT_WITH_DEFINITION = (
    "primary_container",
    "execution_role_arn",
    "task_role_arn",
    "cpu",
    "memory",
    "cpu_architecture",
)
"""Members that say what a task definition says too."""

BOTH = "taskDefinitionArn cannot be specified together with {members}."
NO_MAIN = f"The task definition must have a container named {MAIN}."
NO_PORT = f"The container {MAIN} must have a single TCP port mapping that includes a container port and a port name."
NO_FARGATE = "The task definition must have FARGATE compatibility."
STRATEGY = "The deployment strategy of an Express service cannot be updated."
BALANCERS = "The load balancers of an Express service cannot be updated."


def check_create(request: m.CreateExpressGatewayServiceRequest) -> None:
    """What can be said of the request alone."""
    if request.service_name is not None:
        check_name(request.service_name)
    check_role(request.infrastructure_role_arn)
    _check_members(request)
    if request.task_definition_arn is None:
        for member in ("primary_container", "execution_role_arn"):
            if not getattr(request, member):
                raise m.InvalidParameterException(f"{_wire(member)} can not be blank.")


def check_update(request: m.UpdateExpressGatewayServiceRequest) -> None:
    """What can be said of the request alone."""
    _check_members(request)


def check_definition(definition: m.TaskDefinition) -> None:
    """Whether a task definition of the caller's own can be that of an Express service."""
    container = main_container(definition)
    if container is None:
        raise m.InvalidParameterException(NO_MAIN)
    ports = container.port_mappings or []
    if len(ports) != 1 or not (ports[0].container_port and ports[0].name and ports[0].protocol == "tcp"):
        raise m.InvalidParameterException(NO_PORT)
    if "FARGATE" not in (definition.compatibilities or ()):
        raise m.InvalidParameterException(NO_FARGATE)


def check_own_update(service: ServiceRecord, request: m.UpdateServiceRequest) -> None:
    """UpdateService changes all of an Express service's service but what its load balancer depends on.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
    """
    if service.service.resource_management_type != "ECS":
        return
    if request.load_balancers is not None:
        raise m.InvalidParameterException(BALANCERS)
    before, given = service.service.deployment_configuration, request.deployment_configuration
    if before is not None and given is not None and given.strategy not in (None, before.strategy):
        raise m.InvalidParameterException(STRATEGY)


def scaling(
    given: m.ExpressGatewayScalingTarget | None, before: m.ExpressGatewayScalingTarget = SCALING
) -> m.ExpressGatewayScalingTarget:
    """`given` over what was there before."""
    members = given.__struct_fields__ if given is not None else ()
    after = replace(before, **{f: value for f in members if (value := getattr(given, f)) is not None})
    least, most, target = after.min_task_count or 0, after.max_task_count or 0, after.auto_scaling_target_value or 0
    if not 0 <= least <= MOST_TASKS:
        raise m.InvalidParameterException(f"minTaskCount must be between 0 and {MOST_TASKS}.")
    if not max(1, least) <= most <= MOST_TASKS:
        raise m.InvalidParameterException(f"maxTaskCount must be between {max(1, least)} and {MOST_TASKS}.")
    highest = HIGHEST_TARGETS[after.auto_scaling_metric or "AVERAGE_CPU"]
    if not 1 <= target <= highest:
        raise m.InvalidParameterException(f"autoScalingTargetValue must be between 1 and {highest}.")
    return after


def main_container(definition: m.TaskDefinition) -> m.ContainerDefinition | None:
    return next((c for c in definition.container_definitions or () if c.name == MAIN), None)


def _check_members(request: m.CreateExpressGatewayServiceRequest | m.UpdateExpressGatewayServiceRequest) -> None:
    both = [_wire(member) for member in NOT_WITH_DEFINITION if getattr(request, member) is not None]
    if request.task_definition_arn is not None and both:
        raise m.InvalidParameterException(BOTH.format(members=", ".join(both)))
    for member in ("execution_role_arn", "task_role_arn"):
        role: Any = getattr(request, member)
        if role and not ROLE.fullmatch(role):
            raise m.InvalidParameterException(f"The {_wire(member)} must be the ARN of an IAM role.")
    path = request.health_check_path
    if path is not None and not (path.startswith("/") and len(path) <= LONGEST_PATH):
        raise m.InvalidParameterException(
            f"healthCheckPath must start with a forward slash and have at most {LONGEST_PATH} characters."
        )
    network = request.network_configuration
    if network is not None and network.subnets is not None and not network.subnets:
        raise m.InvalidParameterException("subnets can not be empty.")


def _wire(member: str) -> str:
    first, *others = member.split("_")
    return first + "".join(word.capitalize() for word in others)
