"""Capacity providers: what a request may ask of one, what its statuses are, and how one is shown.

Called by services.ecs.capacity and control.instances.providers, and for the simulated Auto Scaling group by `fleet`.
Texts that begin with what is wrong with a Managed Instances provider are those of
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-errors.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope, last_part
from kecs.core.capacity.association import Find
from kecs.core.capacity.instance_types import DEFAULT_TYPE, INSTANCE_TYPES
from kecs.core.capacity.scaling import GroupPolicy
from kecs.core.capacity.strategy import FargateProvider
from kecs.core.records import CapacityProviderRecord

NAME = re.compile(r"(?!aws|ecs|fargate)[A-Za-z0-9_-]{1,255}", re.IGNORECASE)
INVALID_NAME = (
    "The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters (upper and "
    'lowercase), numbers, underscores, and hyphens. The name cannot be prefixed with "aws", "ecs", or "fargate". '
    "Specify a valid name and try again."
)
EXISTS = (
    "The specified capacity provider already exists. To change the configuration of an existing capacity provider, "
    "update the capacity provider."
)
UNKNOWN = "The specified capacity provider does not exist. Specify a valid name or ARN and try again."
RESERVED = "The specified capacity provider is reserved and cannot be {done}."
GROUP_IN_USE = (
    "The specified Auto Scaling group ARN is already being used by another capacity provider. Specify a unique Auto "
    "Scaling group ARN and try again."
)
BUSY = (
    "The specified capacity provider is in a busy state and cannot be updated. Wait until its update status shows that "
    "nothing is in progress and try again."
)
INVALID_PROTECTION = (
    "The managed termination protection setting for the capacity provider is invalid. To enable managed termination "
    "protection for a capacity provider, managed scaling must be enabled."
)
ATTACHED = (
    "The capacity provider cannot be deleted because it is associated with cluster: {cluster}. Remove the capacity "
    "provider from the cluster and try again."
)
IN_USE = (
    "The capacity provider cannot be deleted because it is in use by services, tasks or the default capacity provider "
    "strategy of its cluster. Stop using the capacity provider and try again."
)
DAEMONS = "Cannot delete capacity provider. Daemon services are still associated with this capacity provider."
MANAGED_NEEDS_CLUSTER = "Amazon ECS Managed Instances Provider is not supported without a Cluster Name"
ONE_KIND = "Specify either an autoScalingGroupProvider or a managedInstancesProvider for the capacity provider."
WITH_CLUSTER_SCOPE = (
    "The specified capacity provider already exists with cluster scope. To change the configuration of or delete the "
    "capacity provider, update or delete the capacity provider with the cluster parameter."
)
WITH_OTHER_SCOPE = (
    "The specified capacity provider already exists with account or a different cluster. Use a different capacity "
    "provider name or work with the existing capacity provider."
)

SCALING_DEFAULTS = m.ManagedScaling(
    status="DISABLED",
    target_capacity=100,
    minimum_scaling_step_size=1,
    maximum_scaling_step_size=10_000,
    instance_warmup_period=300,
)
GROUP_DEFAULTS: Mapping[str, Any] = {"managed_termination_protection": "DISABLED", "managed_draining": "ENABLED"}

TYPE_TAG, SMALLEST_TAG, LARGEST_TAG = "kecs:instance-type", "kecs:min-size", "kecs:max-size"
"""Tags of a provider that say what its simulated Auto Scaling group is: nobody can ask the real one."""
LARGEST_GROUP = 100  # instances, unless its tag says otherwise

SETTLED: dict[str, tuple[str, str]] = {
    "CREATE_IN_PROGRESS": ("ACTIVE", "CREATE_COMPLETE"),
    "UPDATE_IN_PROGRESS": ("ACTIVE", "UPDATE_COMPLETE"),
    "DELETE_IN_PROGRESS": ("INACTIVE", "DELETE_COMPLETE"),
}
"""By updateStatus: status and updateStatus afterwards."""

DURATIONS = {"CREATE_IN_PROGRESS": 0.2, "UPDATE_IN_PROGRESS": 0.1, "DELETE_IN_PROGRESS": 0.2}
"""Seconds: long enough to be seen by whoever looks at every change, too short to wait for. AWS takes half a minute."""


def check_name(name: str) -> None:
    """Raises ClientException."""
    if not name:
        raise m.ClientException("CapacityProvider name must not be blank")
    if not NAME.fullmatch(name):
        raise m.ClientException(INVALID_NAME)


def check_kinds(group: object, managed: object) -> None:
    """A provider is of one kind. Raises ClientException."""
    if (group is None) == (managed is None):
        raise m.ClientException(ONE_KIND)


def check_not_busy(record: CapacityProviderRecord) -> None:
    """What is being made or deleted cannot be changed. Raises ClientException."""
    if record.provider.update_status in ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS"):
        raise m.ClientException(BUSY)


def same_group(one: m.AutoScalingGroupProvider, other: m.AutoScalingGroupProvider) -> bool:
    """Whether both mean one Auto Scaling group, be it by its ARN or by its name."""
    return last_part(one.auto_scaling_group_arn) == last_part(other.auto_scaling_group_arn)


def new_group(asked: m.AutoScalingGroupProvider) -> m.AutoScalingGroupProvider:
    """The Auto Scaling group provider with ECS's defaults. Raises ClientException."""
    if not asked.auto_scaling_group_arn:
        raise m.ClientException("The specified Auto Scaling group ARN is invalid. Specify a valid ARN and try again.")
    scaling = asked.managed_scaling
    filled = _over(SCALING_DEFAULTS, scaling) if scaling else SCALING_DEFAULTS
    if scaling and scaling.status is None:
        filled = replace(filled, status="ENABLED")
    given = {f: v for f in GROUP_DEFAULTS if (v := getattr(asked, f)) is not None}
    return _checked(replace(asked, managed_scaling=filled, **{**GROUP_DEFAULTS, **given}))


def updated_group(
    before: m.AutoScalingGroupProvider, asked: m.AutoScalingGroupProviderUpdate
) -> m.AutoScalingGroupProvider:
    """What is left out stays. Raises ClientException."""
    scaling = before.managed_scaling or SCALING_DEFAULTS
    changes = {f: v for f in GROUP_DEFAULTS if (v := getattr(asked, f)) is not None}
    if asked.managed_scaling is not None:
        scaling = _over(scaling, asked.managed_scaling)
    return _checked(replace(before, managed_scaling=scaling, **changes))


def _checked(group: m.AutoScalingGroupProvider) -> m.AutoScalingGroupProvider:
    scaling = group.managed_scaling or SCALING_DEFAULTS
    if (scaling.minimum_scaling_step_size or 0) > (scaling.maximum_scaling_step_size or 0):
        raise m.ClientException(
            "The minimum scaling step size cannot be greater than the maximum scaling step size. Specify valid values "
            "and try again."
        )
    if group.managed_termination_protection == "ENABLED" and scaling.status != "ENABLED":
        raise m.ClientException(INVALID_PROTECTION)
    return group


def _over(base: Any, given: Any) -> Any:
    """`base` with every member of `given` that is there."""
    named = {field: value for field in given.__struct_fields__ if (value := getattr(given, field)) is not None}
    return replace(base, **named)


def begin(record: CapacityProviderRecord, update_status: str, now: float, **changes: Any) -> CapacityProviderRecord:
    """The provider with `changes`, on its way through `update_status`."""
    provider = replace(record.provider, update_status=update_status, update_status_reason=None, **changes)
    return replace(record, provider=provider, settles_at=now + DURATIONS[update_status])


def settled(record: CapacityProviderRecord) -> CapacityProviderRecord:
    """The provider after what was in progress."""
    status, update_status = SETTLED[record.provider.update_status or ""]
    provider = replace(record.provider, status=status, update_status=update_status)
    return replace(record, provider=provider, settles_at=None)


def refused_deletion(record: CapacityProviderRecord, reason: str) -> CapacityProviderRecord:
    """The provider after a DeleteCapacityProvider that came to nothing: ECS answers it and says why."""
    provider = replace(record.provider, update_status="DELETE_FAILED", update_status_reason=reason)
    return replace(record, provider=provider, settles_at=None)


def fargate(scope: Scope, name: FargateProvider) -> m.CapacityProvider:
    """FARGATE or FARGATE_SPOT, which every account has."""
    arn = scope.capacity_provider(name)
    return m.CapacityProvider(capacity_provider_arn=arn, name=name, status="ACTIVE", tags=[], type=name)


def view(record: CapacityProviderRecord, *, tags: bool) -> m.CapacityProvider:
    """The provider as the API shows it."""
    return replace(record.provider, tags=list(record.tags) if tags else [])


def waits(record: CapacityProviderRecord | None) -> bool:
    """Whether a task of this provider that finds no room waits for an instance to be launched for it."""
    if record is None:
        return False
    if record.provider.managed_instances_provider is not None:
        return True
    group = record.provider.auto_scaling_group_provider
    return bool(group and group.managed_scaling and group.managed_scaling.status == "ENABLED")


def patient(strategy: Iterable[m.CapacityProviderStrategyItem], find: Find) -> frozenset[str]:
    """The strategy's providers whose tasks wait."""
    return frozenset(item.capacity_provider for item in strategy if waits(find(item.capacity_provider)))


def group_policy(group: m.AutoScalingGroupProvider, tags: Sequence[m.Tag]) -> GroupPolicy:
    """The rules of the simulated Auto Scaling group: the provider's settings, and what its tags say of the group."""
    scaling = group.managed_scaling or SCALING_DEFAULTS
    said = {tag.key: tag.value for tag in tags}
    managed = scaling.status == "ENABLED"
    largest = _number(said.get(LARGEST_TAG), LARGEST_GROUP)
    return GroupPolicy(
        kind=INSTANCE_TYPES.get(said.get(TYPE_TAG) or "", INSTANCE_TYPES[DEFAULT_TYPE]),
        managed=managed,
        target=scaling.target_capacity or 100,
        minimum_step=scaling.minimum_scaling_step_size or 1,
        maximum_step=scaling.maximum_scaling_step_size or 10_000,
        warmup=float(300 if scaling.instance_warmup_period is None else scaling.instance_warmup_period),
        # Somebody else scales a group that ECS does not: one instance stands for what they keep.
        smallest=min(_number(said.get(SMALLEST_TAG), 0 if managed else 1), largest),
        largest=largest,
    )


def check_group_tags(tags: Sequence[m.Tag]) -> None:
    """KECS's own tags have to make sense. Raises InvalidParameterException."""
    said = {tag.key: tag.value or "" for tag in tags}
    if TYPE_TAG in said and said[TYPE_TAG] not in INSTANCE_TYPES:
        raise m.InvalidParameterException(f"The tag {TYPE_TAG} does not name an instance type that KECS knows.")
    for key in (SMALLEST_TAG, LARGEST_TAG):
        if key in said and not re.fullmatch(r"[0-9]{1,4}", said[key]):
            raise m.InvalidParameterException(f"The tag {key} is a number of instances from 0 to 9999.")


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,4}", text) else otherwise
