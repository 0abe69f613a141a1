"""A service's configuration: what CreateService makes of a request, and what UpdateService changes in it.

Pure; called by services.ecs.services. What is refused stands in core.service_rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.capacity import launch_type_of
from kecs.core.deployments.configuration import DAEMON_DEFAULTS, deployment_configuration
from kecs.core.records import ClusterRecord, DeploymentRecord, TaskDefinitionRecord
from kecs.core.scheduling.zones import possible
from kecs.core.service_rules import check_fits, check_members, check_role
from kecs.core.tasks.options import LaunchOptions, launch_options
from kecs.core.tasks.platforms import platform_family

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
"""Members of the service whose change starts a new deployment, as UpdateService's documentation says of each."""

DEPLOYMENT_ONLY = (
    "service_connect_configuration",
    "volume_configurations",
    "vpc_lattice_configurations",
    "gateway_connectors",
    "monitoring",
)
"""Members that belong to a deployment, not to the service; a change of theirs starts a new one too."""

MUST_FORCE = (
    "When switching from launch type to capacity provider strategy on an existing service, or making a change to a "
    "capacity provider strategy on a service that is already using one, you must force a new deployment."
)


NO_FALLBACK = (
    "No launch type to fall back to for empty capacity provider strategy. Your service was not created with a launch "
    "type."
)


def configured(
    request: m.CreateServiceRequest, definition: TaskDefinitionRecord, options: LaunchOptions, principal: str
) -> m.Service:
    """The service's configuration as it is kept: the request's with ECS's defaults. Raises modelled errors."""
    check_role(request, definition.definition)
    defaults = DAEMON_DEFAULTS if request.scheduling_strategy == "DAEMON" else None
    awsvpc = definition.definition.network_mode == "awsvpc"
    service = replace(
        common(request, principal),
        load_balancers=request.load_balancers or [],
        service_registries=request.service_registries or [],
        platform_version=request.platform_version,
        deployment_configuration=deployment_configuration(defaults, request.deployment_configuration),
        role_arn=_role(request, principal) if awsvpc or request.load_balancers else None,
        network_configuration=filled(request.network_configuration),
    )
    service = replace(service, **placed(service, options, definition))
    check_fits(service, definition.definition, options, "created")
    if service.availability_zone_rebalancing is None:
        rebalancing: Any = "ENABLED" if possible(service) else "DISABLED"
        service = replace(service, availability_zone_rebalancing=rebalancing)
    return service


def common(request: m.CreateServiceRequest, principal: str) -> m.Service:
    """What every service has, whatever its deployment controller."""
    return m.Service(
        service_name=request.service_name,
        load_balancers=[],
        service_registries=[],
        role_arn=_role(request, principal),
        placement_constraints=request.placement_constraints or [],
        placement_strategy=request.placement_strategy or [],
        health_check_grace_period_seconds=request.health_check_grace_period_seconds or 0,
        scheduling_strategy=request.scheduling_strategy or "REPLICA",
        deployment_controller=request.deployment_controller or m.DeploymentController(type="ECS"),
        created_by=principal,
        enable_ecs_managed_tags=bool(request.enable_ecs_managed_tags),
        propagate_tags=request.propagate_tags or "NONE",
        enable_execute_command=bool(request.enable_execute_command),
        availability_zone_rebalancing=request.availability_zone_rebalancing,
    )


def updated(
    service: m.Service, request: m.UpdateServiceRequest, options: LaunchOptions, definition: TaskDefinitionRecord
) -> m.Service:
    """The configuration after an update; what the request leaves out stays. Raises modelled errors.

    `options` says where to launch from now on, `definition` what.
    """
    check_members(request)
    changes: dict[str, Any] = {field: value for field in KEPT if (value := getattr(request, field)) is not None}
    if request.network_configuration is not None:
        changes["network_configuration"] = filled(request.network_configuration)
    if request.deployment_configuration is not None:
        changes["deployment_configuration"] = deployment_configuration(
            service.deployment_configuration, request.deployment_configuration
        )
    if request.platform_version is not None:
        changes["platform_version"] = request.platform_version
    after = replace(service, **changes)
    after = replace(after, **placed(after, options, definition))
    check_fits(after, definition.definition, options, "updated")
    return after


def moved(cluster: ClusterRecord, service: m.Service, request: m.UpdateServiceRequest) -> LaunchOptions:
    """Where the service launches after the update: as before, by the strategy given, or for an empty one by launch
    type again. Raises InvalidParameterException."""
    strategy = tuple(service.capacity_provider_strategy or ())
    before = LaunchOptions(service.launch_type, strategy, cluster.managed if strategy else ())
    given = request.capacity_provider_strategy
    if given is None:
        return before
    if given:
        after = launch_options(cluster, None, given)
    elif strategy:
        kind = launch_type_of(strategy[0].capacity_provider, cluster.managed)
        if kind == "MANAGED_INSTANCES":
            raise m.InvalidParameterException(NO_FALLBACK)
        after = LaunchOptions(kind, ())
    else:
        return before
    if after != before and not request.force_new_deployment:
        raise m.InvalidParameterException(MUST_FORCE)
    return after


def starts_deployment(
    before: m.Service, after: m.Service, deployment: DeploymentRecord, request: m.UpdateServiceRequest
) -> bool:
    """Whether an update rolls out new tasks, the task definition apart. `deployment` is the service's PRIMARY one."""
    if request.force_new_deployment or any(getattr(before, f) != getattr(after, f) for f in REVISION):
        return True
    return any(
        (given := getattr(request, field)) is not None and given != _listed(getattr(deployment, field))
        for field in DEPLOYMENT_ONLY
    )


def placed(service: m.Service, options: LaunchOptions, definition: TaskDefinitionRecord) -> dict[str, Any]:
    """The members that follow from where the service launches."""
    return {
        "launch_type": None if options.strategy else options.launch_type,
        "capacity_provider_strategy": list(options.strategy) or None,
        "platform_version": (service.platform_version or "LATEST") if options.fargate else None,
        "platform_family": platform_family(definition.definition) if options.fargate else None,
    }


def filled(network: m.NetworkConfiguration | None) -> m.NetworkConfiguration | None:
    """The network configuration with ECS's defaults."""
    vpc = network.awsvpc_configuration if network else None
    if vpc is None:
        return network
    filled = replace(
        vpc, assign_public_ip=vpc.assign_public_ip or "DISABLED", security_groups=vpc.security_groups or []
    )
    return m.NetworkConfiguration(awsvpc_configuration=filled)


def _role(request: m.CreateServiceRequest, principal: str) -> str:
    """The ARN of the role: the caller's, given by ARN or by name (with its path), else the service linked one."""
    if request.role and request.role.startswith("arn:"):
        return request.role
    name = request.role or "aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    return f"arn:aws:iam::{principal.split(':')[4]}:role/{name.lstrip('/')}"


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) else value
