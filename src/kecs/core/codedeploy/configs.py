"""Deployment configurations: how production traffic is shifted. The predefined ones, and what a caller's may say.

https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
"""

from __future__ import annotations

from kecs.aws.model import codedeploy as c
from kecs.core.arns import Scope
from kecs.core.records.codedeploy import DeploymentConfigRecord

ALL = 100.0
RESERVED = "CodeDeployDefault."
ALL_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
LONGEST_INTERVAL = 2880  # minutes
ONLY_ECS = "KECS has the compute platform ECS only."


def _canary(percent: int, minutes: int) -> c.TrafficRoutingConfig:
    canary = c.TimeBasedCanary(canary_percentage=percent, canary_interval=minutes)
    return c.TrafficRoutingConfig(type="TimeBasedCanary", time_based_canary=canary)


def _linear(percent: int, minutes: int) -> c.TrafficRoutingConfig:
    linear = c.TimeBasedLinear(linear_percentage=percent, linear_interval=minutes)
    return c.TrafficRoutingConfig(type="TimeBasedLinear", time_based_linear=linear)


PREDEFINED = {
    ALL_AT_ONCE: c.TrafficRoutingConfig(type="AllAtOnce"),
    "CodeDeployDefault.ECSCanary10Percent15Minutes": _canary(10, 15),
    "CodeDeployDefault.ECSCanary10Percent5Minutes": _canary(10, 5),
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes": _linear(10, 1),
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes": _linear(10, 3),
}


def config_arn(scope: Scope, name: str) -> str:
    return f"arn:aws:codedeploy:{scope.region}:{scope.account}:deploymentconfig:{name}"


def new_config(
    request: c.CreateDeploymentConfigInput, scope: Scope, config_id: str, now: float
) -> DeploymentConfigRecord:
    """Raises modelled errors."""
    if request.deployment_config_name.startswith(RESERVED):
        raise c.InvalidDeploymentConfigNameException(f"Names that begin with {RESERVED} are reserved")
    if request.compute_platform != "ECS":
        raise c.InvalidComputePlatformException(ONLY_ECS)
    if request.minimum_healthy_hosts is not None:
        raise c.InvalidMinimumHealthyHostValueException("An ECS deployment has no minimum of healthy hosts")
    if request.zonal_config is not None:
        raise c.InvalidZonalDeploymentConfigurationException("An ECS deployment has no zonal configuration")
    return DeploymentConfigRecord(
        id=config_id,
        arn=config_arn(scope, request.deployment_config_name),
        created_at=now,
        routing=_checked(request.traffic_routing_config),
    )


def shares(routing: c.TrafficRoutingConfig) -> tuple[float, ...]:
    """What the replacement has of the production traffic after each shift, in percent; the last is 100."""
    if routing.time_based_canary is not None:
        return (float(routing.time_based_canary.canary_percentage or 0), ALL)
    if routing.time_based_linear is not None:
        percent = routing.time_based_linear.linear_percentage or 100
        return (*(float(share) for share in range(percent, 100, percent)), ALL)
    return (ALL,)


def interval(routing: c.TrafficRoutingConfig) -> float:
    """Seconds between two shifts."""
    if routing.time_based_canary is not None:
        return 60.0 * (routing.time_based_canary.canary_interval or 0)
    return 60.0 * ((routing.time_based_linear.linear_interval if routing.time_based_linear else 0) or 0)


def config_view(
    name: str, routing: c.TrafficRoutingConfig, config: DeploymentConfigRecord | None
) -> c.DeploymentConfigInfo:
    return c.DeploymentConfigInfo(
        deployment_config_id=config.id if config else f"00000000-0000-0000-0000-{list(PREDEFINED).index(name):012}",
        deployment_config_name=name,
        create_time=config.created_at if config else None,
        compute_platform="ECS",
        traffic_routing_config=routing,
    )


def _checked(routing: c.TrafficRoutingConfig | None) -> c.TrafficRoutingConfig:
    """The configuration, which says how its type wants it and nothing else."""
    kind = routing.type if routing else None
    if routing is None or kind is None:
        raise c.InvalidTrafficRoutingConfigurationException("The type of the traffic routing configuration is missing")
    canary, linear = routing.time_based_canary, routing.time_based_linear
    if (canary is not None) != (kind == "TimeBasedCanary") or (linear is not None) != (kind == "TimeBasedLinear"):
        raise c.InvalidTrafficRoutingConfigurationException(
            f"A traffic routing configuration of type {kind} has to have what belongs to that type, and nothing else"
        )
    percent = canary.canary_percentage if canary else linear.linear_percentage if linear else 1
    minutes = canary.canary_interval if canary else linear.linear_interval if linear else 1
    if percent is None or not 1 <= percent <= 99:
        raise c.InvalidTrafficRoutingConfigurationException("The percentage must be between 1 and 99")
    if minutes is None or not 1 <= minutes <= LONGEST_INTERVAL:
        raise c.InvalidTrafficRoutingConfigurationException(f"The interval must be between 1 and {LONGEST_INTERVAL}")
    return routing
