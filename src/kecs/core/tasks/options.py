"""How and where a task definition is to be launched: checks that RunTask and the service operations share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.capacity import launch_type_of
from kecs.core.clusters import valid_strategy
from kecs.core.records import ClusterRecord, TaskDefinitionRecord
from kecs.core.tasks.platforms import check_platform

MOST_SUBNETS = 16
MOST_SECURITY_GROUPS = 5
EXCLUSIVE = "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
NO_WEIGHT = (
    "There are no capacity providers with a weight value greater than zero defined in the {which}capacity provider "
    "strategy. At least one capacity provider must have a weight value greater than zero specified. {remedy} and try "
    "again."
)
NETWORK_MISSING = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
NETWORK_UNWANTED = "Network Configuration is not valid for the given networkMode of this task definition."
PUBLIC_ADDRESS = "Assign public IP is not supported for this launch type."
PLATFORM_UNWANTED = "The platform version must be null when specifying an EC2 launch type."


class LaunchOptions(NamedTuple):
    """What was decided: a launch type, or a strategy (then the launch type is that of its providers)."""

    launch_type: str | None
    strategy: tuple[m.CapacityProviderStrategyItem, ...]
    managed: tuple[str, ...] = ()  # the cluster's Managed Instances providers

    @property
    def kind(self) -> str:
        """The launch type that tasks show; the providers of a strategy are all of one."""
        if self.strategy:
            return launch_type_of(self.strategy[0].capacity_provider, self.managed)
        return self.launch_type or "EC2"

    @property
    def fargate(self) -> bool:
        return self.kind == "FARGATE"

    @property
    def needs_instance(self) -> bool:
        """Whether there has to be a container instance beforehand: capacity providers see to theirs themselves."""
        return not self.fargate and not self.strategy


def launch_options(
    cluster: ClusterRecord, launch_type: str | None, strategy: Sequence[m.CapacityProviderStrategyItem] | None
) -> LaunchOptions:
    """The launch type or strategy that counts: the caller's, else the cluster's default strategy, else EC2.

    Raises InvalidParameterException for both at once and for a strategy that the cluster cannot follow.
    """
    if launch_type and strategy:
        raise m.InvalidParameterException(EXCLUSIVE)
    if launch_type == "MANAGED_INSTANCES":
        raise m.InvalidParameterException(
            "The launch type MANAGED_INSTANCES cannot be specified. Use a capacity provider strategy instead."
        )
    chosen = strategy or cluster.cluster.default_capacity_provider_strategy
    if launch_type or not chosen:
        return LaunchOptions(launch_type or "EC2", ())
    return LaunchOptions(None, _valid(chosen, cluster, default=not strategy), cluster.managed)


def _valid(
    strategy: Sequence[m.CapacityProviderStrategyItem], cluster: ClusterRecord, *, default: bool
) -> tuple[m.CapacityProviderStrategyItem, ...]:
    associated = cluster.cluster.capacity_providers or []
    for item in strategy:
        if item.capacity_provider not in associated:
            raise m.InvalidParameterException(
                f"The specified capacity provider '{item.capacity_provider}' is not associated with the cluster. "
                "Specify a capacity provider that is associated with the cluster and try again."
            )
    items = tuple(valid_strategy(strategy, associated, cluster.managed))
    if not any(item.weight for item in items):
        remedy = "Update the cluster's default capacity provider strategy or specify" if default else "Specify"
        which = "default " if default else ""
        raise m.InvalidParameterException(
            NO_WEIGHT.format(which=which, remedy=f"{remedy} a valid capacity provider strategy")
        )
    return items


def check_launch(
    definition: TaskDefinitionRecord,
    options: LaunchOptions,
    network: m.NetworkConfiguration | None,
    platform_version: str | None,
) -> None:
    """Whether the definition can be launched this way. Raises the modelled error that says why not."""
    wanted = options.kind
    if wanted not in (definition.definition.compatibilities or []):
        raise m.InvalidParameterException(f"Task definition does not support launch_type {wanted}.")
    _check_network(definition.definition.network_mode == "awsvpc", network, options)
    if platform_version and not options.fargate:
        raise m.InvalidParameterException(PLATFORM_UNWANTED)
    if options.fargate:
        check_platform(definition.definition, platform_version)


def _check_network(awsvpc: bool, network: m.NetworkConfiguration | None, options: LaunchOptions) -> None:
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
        raise m.InvalidParameterException(f"subnets can have at most {MOST_SUBNETS} items.")
    if len(vpc.security_groups or []) > MOST_SECURITY_GROUPS:
        raise m.InvalidParameterException(f"securityGroups can have at most {MOST_SECURITY_GROUPS} items.")
    if vpc.assign_public_ip == "ENABLED" and not options.fargate:
        raise m.InvalidParameterException(PUBLIC_ADDRESS)
