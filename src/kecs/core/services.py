"""A service's configuration: what CreateService makes of a request, and what UpdateService changes in it.

Pure; called by services.ecs.services.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import TaskDefinitionRecord
from kecs.core.tasks.options import LaunchOptions

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
MOST_CONSTRAINTS = 10
MOST_STRATEGIES = 5

KEPT = (
    "load_balancers",
    "service_registries",
    "placement_constraints",
    "placement_strategy",
    "health_check_grace_period_seconds",
    "enable_ecs_managed_tags",
    "propagate_tags",
    "enable_execute_command",
    "availability_zone_rebalancing",
)
"""Members that UpdateService takes over as they are given."""

REVISION = ("network_configuration", "load_balancers", "service_registries", "platform_version")
"""Members of the service whose change starts a new deployment."""

DEPLOYMENT_ONLY = ("service_connect_configuration", "volume_configurations", "vpc_lattice_configurations")
"""Members that belong to a deployment, not to the service; a change of theirs starts a new one too."""


def configured(
    request: m.CreateServiceRequest, definition: TaskDefinitionRecord, options: LaunchOptions, principal: str
) -> m.Service:
    """The service's configuration as it is kept: the request's with ECS's defaults. Raises modelled errors."""
    _check(request)
    configuration = deployment_configuration(None, request.deployment_configuration)
    awsvpc = definition.definition.network_mode == "awsvpc"
    return m.Service(
        service_name=request.service_name,
        load_balancers=request.load_balancers or [],
        service_registries=request.service_registries or [],
        launch_type=None if options.strategy else _launch_type(options),
        capacity_provider_strategy=list(options.strategy) or None,
        platform_version=(request.platform_version or "LATEST") if options.fargate else None,
        platform_family="Linux" if options.fargate else None,
        deployment_configuration=configuration,
        role_arn=_role(request, principal) if awsvpc or request.load_balancers else None,
        placement_constraints=request.placement_constraints or [],
        placement_strategy=request.placement_strategy or [],
        network_configuration=_network(request.network_configuration),
        health_check_grace_period_seconds=request.health_check_grace_period_seconds,
        scheduling_strategy="REPLICA",
        deployment_controller=request.deployment_controller or m.DeploymentController(type="ECS"),
        created_by=principal,
        enable_ecs_managed_tags=bool(request.enable_ecs_managed_tags),
        propagate_tags=request.propagate_tags or "NONE",
        enable_execute_command=bool(request.enable_execute_command),
        availability_zone_rebalancing=request.availability_zone_rebalancing or _rebalancing(configuration),
    )


def updated(service: m.Service, request: m.UpdateServiceRequest, options: LaunchOptions | None) -> m.Service:
    """The configuration after an update; what the request leaves out stays. `options`: where to launch from now on."""
    _check(request)
    changes: dict[str, Any] = {field: value for field in KEPT if (value := getattr(request, field)) is not None}
    if request.network_configuration is not None:
        changes["network_configuration"] = _network(request.network_configuration)
    if request.deployment_configuration is not None:
        changes["deployment_configuration"] = deployment_configuration(
            service.deployment_configuration, request.deployment_configuration
        )
    if options is not None:
        changes["launch_type"] = None if options.strategy else _launch_type(options)
        changes["capacity_provider_strategy"] = list(options.strategy) or None
        changes["platform_version"] = (service.platform_version or "LATEST") if options.fargate else None
        changes["platform_family"] = "Linux" if options.fargate else None
    if request.platform_version is not None:
        changes["platform_version"] = request.platform_version
    return replace(service, **changes)


def starts_deployment(before: m.Service, after: m.Service, request: m.UpdateServiceRequest) -> bool:
    """Whether an update rolls out new tasks, the task definition apart."""
    if request.force_new_deployment or any(getattr(before, f) != getattr(after, f) for f in REVISION):
        return True
    if before.capacity_provider_strategy != after.capacity_provider_strategy:
        return True
    return any(getattr(request, field) is not None for field in DEPLOYMENT_ONLY)


def deployment_configuration(
    before: m.DeploymentConfiguration | None, given: m.DeploymentConfiguration | None
) -> m.DeploymentConfiguration:
    """`given` over `before` over ECS's defaults for REPLICA. Raises InvalidParameterException, and
    UnsupportedFeatureException for strategies that KECS does not have."""
    base = before or m.DeploymentConfiguration(
        deployment_circuit_breaker=m.DeploymentCircuitBreaker(enable=False, rollback=False),
        maximum_percent=200,
        minimum_healthy_percent=100,
        strategy="ROLLING",
        bake_time_in_minutes=0,
    )
    if given is not None:
        named = {f: getattr(given, f) for f in given.__struct_fields__}
        base = replace(base, **{field: value for field, value in named.items() if value is not None})
    most, least = base.maximum_percent or 0, base.minimum_healthy_percent or 0
    if base.strategy != "ROLLING":
        raise m.UnsupportedFeatureException(f"The deployment strategy {base.strategy} is not there yet in KECS.")
    if not 0 <= least <= 100:
        raise m.InvalidParameterException("minimumHealthyPercent must be between 0 and 100.")
    if most < 100:
        raise m.InvalidParameterException("maximumPercent must be at least 100.")
    if most == least == 100:
        raise m.InvalidParameterException(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."
        )
    return base


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise m.InvalidParameterException(
            "Invalid service name. Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens "
            "are allowed."
        )


def _check(request: m.CreateServiceRequest | m.UpdateServiceRequest) -> None:
    if request.desired_count is not None and request.desired_count < 0:
        raise m.InvalidParameterException("desiredCount cannot be less than 0.")
    controller = request.deployment_controller
    if controller is not None and controller.type != "ECS":
        raise m.UnsupportedFeatureException(f"The deployment controller {controller.type} is not there yet in KECS.")
    if len(request.placement_constraints or ()) > MOST_CONSTRAINTS:
        raise m.InvalidParameterException(f"The number of placement constraints must not exceed {MOST_CONSTRAINTS}.")
    if len(request.placement_strategy or ()) > MOST_STRATEGIES:
        raise m.InvalidParameterException(f"The number of placement strategies must not exceed {MOST_STRATEGIES}.")
    if not 0 <= (request.health_check_grace_period_seconds or 0) <= 2_147_483_647:
        raise m.InvalidParameterException("healthCheckGracePeriodSeconds must be between 0 and 2147483647.")


def _launch_type(options: LaunchOptions) -> Any:
    return options.launch_type


def _network(network: m.NetworkConfiguration | None) -> m.NetworkConfiguration | None:
    vpc = network.awsvpc_configuration if network else None
    if vpc is None:
        return network
    filled = replace(
        vpc, assign_public_ip=vpc.assign_public_ip or "DISABLED", security_groups=vpc.security_groups or []
    )
    return m.NetworkConfiguration(awsvpc_configuration=filled)


def _role(request: m.CreateServiceRequest, principal: str) -> str:
    account = principal.split(":")[4]
    return request.role or f"arn:aws:iam::{account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"


def _rebalancing(configuration: m.DeploymentConfiguration) -> Any:
    """ECS turns it on by itself where a deployment may run more than the desired count."""
    return "ENABLED" if (configuration.maximum_percent or 0) > 100 else "DISABLED"
