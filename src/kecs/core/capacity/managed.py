"""Managed Instances providers: the configuration that a request asks for, checked and with ECS's defaults.

Called by services.ecs.capacity. Texts and formats:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-errors.html
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.capacity.instance_types import InstanceType, matching
from kecs.core.capacity.scaling import NEVER
from kecs.core.records import CapacityProviderRecord

ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")
PROFILE = re.compile(r"arn:[\w-]+:iam::\d{12}:instance-profile/[\w+=,.@/-]+")
SUBNET = re.compile(r"subnet-([a-z0-9]{8}|[a-z0-9]{17})")
SECURITY_GROUP = re.compile(r"sg-([a-z0-9]{8}|[a-z0-9]{17})")
MOST_TAGS = 45
LONGEST_PATIENCE = 3600  # seconds
MANAGED = "Amazon ECS Managed Instances capacity provider"


def new_managed(asked: m.CreateManagedInstancesProviderConfiguration) -> m.ManagedInstancesProvider:
    """Raises ClientException."""
    template = asked.instance_launch_template
    return _checked(
        m.ManagedInstancesProvider(
            infrastructure_role_arn=asked.infrastructure_role_arn,
            instance_launch_template=replace(
                template, capacity_option_type=template.capacity_option_type or "ON_DEMAND"
            ),
            propagate_tags=asked.propagate_tags,
            infrastructure_optimization=asked.infrastructure_optimization,
            auto_repair_configuration=asked.auto_repair_configuration,
        )
    )


def updated_managed(
    before: m.ManagedInstancesProvider, asked: m.UpdateManagedInstancesProviderConfiguration
) -> m.ManagedInstancesProvider:
    """What is left out stays. Raises ClientException."""
    template = before.instance_launch_template
    if template is None:
        raise m.ClientException(f"{MANAGED} must specify a launch template")
    given = asked.instance_launch_template
    after = replace(
        before,
        infrastructure_role_arn=asked.infrastructure_role_arn,
        instance_launch_template=replace(template, **_there(given)),
        propagate_tags=asked.propagate_tags or before.propagate_tags,
        infrastructure_optimization=asked.infrastructure_optimization or before.infrastructure_optimization,
        auto_repair_configuration=asked.auto_repair_configuration or before.auto_repair_configuration,
    )
    return _checked(after)


def check_managed_tags(tags: tuple[m.Tag, ...]) -> None:
    """Some tags of an instance are ECS's own. Raises ClientException."""
    if len(tags) > MOST_TAGS:
        raise m.ClientException(f"{MANAGED} cannot have number of tags exceeding maximum allowed value {MOST_TAGS}")


def kinds_of(record: CapacityProviderRecord) -> tuple[InstanceType, ...]:
    """The instance types that a Managed Instances provider may launch."""
    provider = record.provider.managed_instances_provider
    template = provider.instance_launch_template if provider else None
    return matching(template.instance_requirements if template else None)


def is_spot(record: CapacityProviderRecord) -> bool:
    """Whether the provider's instances can be interrupted."""
    provider = record.provider.managed_instances_provider
    template = provider.instance_launch_template if provider else None
    return bool(template and template.capacity_option_type == "SPOT")


def _there(given: Any) -> dict[str, Any]:
    return {field: value for field in given.__struct_fields__ if (value := getattr(given, field)) is not None}


def _checked(provider: m.ManagedInstancesProvider) -> m.ManagedInstancesProvider:
    template = provider.instance_launch_template
    if not provider.infrastructure_role_arn:
        raise m.ClientException(f"{MANAGED} must specify an InfrastructureRole")
    if not ROLE.fullmatch(provider.infrastructure_role_arn):
        raise m.ClientException("The specified infrastructure role arn is invalid. Specify a valid role ARN.")
    if template is None or not template.ec2_instance_profile_arn:
        raise m.ClientException(f"{MANAGED} must specify an instance profile")
    if not PROFILE.fullmatch(template.ec2_instance_profile_arn):
        raise m.ClientException("The specified instance profile role arn is invalid. Specify a valid role ARN.")
    _check_network(template.network_configuration)
    _check_requirements(template.instance_requirements)
    if not matching(template.instance_requirements):
        raise m.ClientException(f"No instance types satisfy the instance requirements specified in the {MANAGED}")
    local = template.local_storage_configuration
    if template.nitro_enclaves_enabled and local is not None and local.use_local_storage:
        raise m.ClientException("Nitro Enclaves cannot be enabled together with local storage.")
    optimization = provider.infrastructure_optimization
    patience = optimization.scale_in_after if optimization else None
    if patience is not None and not NEVER <= patience <= LONGEST_PATIENCE:
        raise m.ClientException(f"scaleInAfter must be {NEVER} or between 0 and {LONGEST_PATIENCE}.")
    return provider


def _check_network(network: m.ManagedInstancesNetworkConfiguration | None) -> None:
    if network is None:
        raise m.ClientException(f"{MANAGED} must specify a Network Configuration")
    if not network.subnets:
        raise m.ClientException(f"{MANAGED} must specify a Network Configuration with non empty subnets")
    if not all(SUBNET.fullmatch(subnet) for subnet in network.subnets):
        raise m.ClientException("The specified subnet id is invalid. Specify a valid subnet id and try again.")
    if not all(SECURITY_GROUP.fullmatch(group) for group in network.security_groups or ()):
        raise m.ClientException(
            "The specified security group id is invalid. Specify a valid security group id and try again."
        )


def _check_requirements(asked: m.InstanceRequirementsRequest | None) -> None:
    if asked is None:
        return
    if asked.allowed_instance_types and asked.excluded_instance_types:
        raise m.ClientException("Specify either allowedInstanceTypes or excludedInstanceTypes, and not both.")
    for name, bounds in (("vCpuCount", asked.v_cpu_count), ("memoryMiB", asked.memory_mi_b)):
        if bounds.min < 0 or (bounds.max is not None and bounds.max < bounds.min):
            raise m.ClientException(f"The minimum of {name} must be 0 or more and no more than its maximum.")
