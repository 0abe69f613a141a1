"""How and where a task definition is to be launched: checks that RunTask and the service operations share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.capacity import FARGATE_PROVIDERS
from kecs.core.records import ClusterRecord, TaskDefinitionRecord

PLATFORM_VERSIONS = ("LATEST", "1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0")
MOST_SUBNETS = 16
MOST_SECURITY_GROUPS = 5
EXCLUSIVE = "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
NETWORK_MISSING = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
NETWORK_UNWANTED = "Network Configuration is not valid for the given networkMode of this task definition."
PLATFORM_UNWANTED = "The platform version must be null when specifying an EC2 launch type."


class LaunchOptions(NamedTuple):
    """What was decided: a launch type, or a strategy (then the launch type is that of its providers)."""

    launch_type: str | None
    strategy: tuple[m.CapacityProviderStrategyItem, ...]

    @property
    def fargate(self) -> bool:
        if self.strategy:
            return any(item.capacity_provider in FARGATE_PROVIDERS for item in self.strategy)
        return self.launch_type == "FARGATE"

    @property
    def needs_instance(self) -> bool:
        if self.strategy:
            return any(item.capacity_provider not in FARGATE_PROVIDERS for item in self.strategy)
        return self.launch_type == "EC2"


def launch_options(
    cluster: ClusterRecord, launch_type: str | None, strategy: Sequence[m.CapacityProviderStrategyItem] | None
) -> LaunchOptions:
    """The launch type or strategy that counts: the caller's, else the cluster's default strategy, else EC2.

    Raises InvalidParameterException for both at once and for a provider that the cluster does not have.
    """
    if launch_type and strategy:
        raise m.InvalidParameterException(EXCLUSIVE)
    chosen = tuple(strategy or ())
    if not launch_type and not chosen:
        chosen = tuple(cluster.cluster.default_capacity_provider_strategy or ())
    if not chosen:
        return LaunchOptions(launch_type or "EC2", ())
    associated = cluster.cluster.capacity_providers or []
    for item in chosen:
        if item.capacity_provider not in associated:
            raise m.InvalidParameterException(
                f"The specified capacity provider '{item.capacity_provider}' is not associated with the cluster. "
                "Specify a capacity provider that is associated with the cluster and try again."
            )
    fargate = {item.capacity_provider in FARGATE_PROVIDERS for item in chosen}
    if len(fargate) > 1:
        raise m.InvalidParameterException(
            "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and "
            "Fargate providers. Specify one or the other and try again."
        )
    return LaunchOptions(None, chosen)


def check_launch(
    definition: TaskDefinitionRecord,
    options: LaunchOptions,
    network: m.NetworkConfiguration | None,
    platform_version: str | None,
) -> None:
    """Whether the definition can be launched this way. Raises the modelled error that says why not."""
    wanted = "FARGATE" if options.fargate else options.launch_type
    if wanted and wanted not in (definition.definition.compatibilities or []):
        raise m.InvalidParameterException(f"Task definition does not support launch_type {wanted}.")
    _check_network(definition.definition.network_mode == "awsvpc", network)
    if platform_version and not options.fargate:
        raise m.InvalidParameterException(PLATFORM_UNWANTED)
    if platform_version and platform_version not in PLATFORM_VERSIONS:
        raise m.PlatformUnknownException("The specified platform version does not exist.")


def _check_network(awsvpc: bool, network: m.NetworkConfiguration | None) -> None:
    vpc = network.awsvpc_configuration if network else None
    if awsvpc and vpc is None:
        raise m.InvalidParameterException(NETWORK_MISSING)
    if vpc is None:
        return
    if not awsvpc:
        raise m.InvalidParameterException(NETWORK_UNWANTED)
    if not vpc.subnets:
        raise m.InvalidParameterException("subnets can not be empty.")
    if len(vpc.subnets) > MOST_SUBNETS:
        raise m.InvalidParameterException(f"Too many subnets. Specify no more than {MOST_SUBNETS}.")
    if len(vpc.security_groups or []) > MOST_SECURITY_GROUPS:
        raise m.InvalidParameterException(f"Too many security groups. Specify no more than {MOST_SECURITY_GROUPS}.")
