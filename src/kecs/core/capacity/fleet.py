"""The instances of a capacity provider in a cluster as records: launched, registered, draining, gone; and what to do.

Called by control.instances.capacity, which puts what these functions give back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from kecs.core.capacity.bins import Demand
from kecs.core.capacity.instance_types import DEFAULT_TYPE, INSTANCE_TYPES, InstanceType
from kecs.core.capacity.managed import kinds_of
from kecs.core.capacity.providers import group_policy
from kecs.core.capacity.scaling import Machine, Scaling, scale_group, scale_managed
from kecs.core.instances import Machine as Hardware
from kecs.core.instances import new_instance
from kecs.core.instances.changes import changed
from kecs.core.records import CapacityGroupRecord, CapacityProviderRecord, ClusterRecord, InstanceRecord, Record
from kecs.core.taskdefs.requirements import Requirements
from kecs.core.zones import emptiest, zones_of_region, zones_of_subnets

BOOT = 0.2
"""Seconds from the launch of an instance until its agent registers: long enough to be seen. EC2 takes a minute."""

GOING = frozenset({"DEREGISTERING", "INACTIVE"})
"""Statuses of instances that do not count any more."""

TERMINATED = "Host EC2 (instance {instance}) terminated."
NO_INSTANCE_TYPE = (
    "ResourceInitializationError: No instance types that the capacity provider may launch satisfy the requirements of "
    "the task."
)


class Member(Record):
    """An instance of the group, and how many tasks keep it."""

    instance: InstanceRecord
    tasks: int


def decide(
    cluster: ClusterRecord,
    provider: CapacityProviderRecord,
    group: CapacityGroupRecord,
    members: Sequence[Member],
    waiting: Sequence[Demand],
    now: float,
    held: Requirements,
) -> Scaling:
    """What the group should do now. Where its provider is not in use any more, every instance goes. Where nodes are
    its instances they are all it has, and whoever runs them says how many there are.

    `held` is what daemons take of each instance; only Managed Instances have any.
    """
    if not _in_use(cluster, provider):
        scaling = Scaling(remove=tuple(member.instance.arn for member in members))
    elif (asg := provider.provider.auto_scaling_group_provider) is not None:
        machines = [_machine(member) for member in members]
        scaling = scale_group(group_policy(asg, provider.tags), machines, waiting, group.scale_in_at, now)
    else:
        scaling = _managed(provider, group, members, waiting, now, held)
    if all(member.instance.node is None for member in members):
        return scaling
    made_up = tuple(member.instance.arn for member in members if member.instance.node is None)
    return Scaling(remove=made_up, reservation=scaling.reservation)


def _managed(
    provider: CapacityProviderRecord,
    group: CapacityGroupRecord,
    members: Sequence[Member],
    waiting: Sequence[Demand],
    now: float,
    held: Requirements,
) -> Scaling:
    """An instance that ECS or the caller drains is replaced at once and goes with its last task."""
    machines = [_machine(member) for member in members if member.instance.instance.status != "DRAINING"]
    drained = tuple(m.instance.arn for m in members if m.instance.instance.status == "DRAINING" and not m.tasks)
    managed = provider.provider.managed_instances_provider
    optimization = managed.infrastructure_optimization if managed else None
    patience = optimization.scale_in_after if optimization else None
    scaling = scale_managed(kinds_of(provider), patience, machines, waiting, group.idle_since, now, held)
    return replace(scaling, remove=(*scaling.remove, *drained))


def remember(group: CapacityGroupRecord, scaling: Scaling, leaving: tuple[str, ...]) -> CapacityGroupRecord:
    return replace(
        group,
        reservation=scaling.reservation,
        scale_in_at=scaling.scale_in_at,
        idle_since=scaling.idle_since,
        leaving=leaving,
    )


def launched(
    cluster: ClusterRecord,
    provider: CapacityProviderRecord,
    kind: InstanceType,
    instance_id: str,
    now: float,
    others: Iterable[InstanceRecord],
) -> InstanceRecord:
    """An instance on its way: its agent has yet to connect. It is where there are the fewest `others`."""
    hardware = Hardware(
        cpu=kind.cpu,
        memory=kind.memory,
        instance_type=kind.name,
        architecture=kind.architecture,
        availability_zone=emptiest(
            _zones(provider, cluster.scope.region), (i for i in others if i.instance.status not in GOING)
        ),
        gpus=tuple(f"GPU-{instance_id[:8]}-{number}" for number in range(kind.gpus)),
    )
    managed = provider.provider.managed_instances_provider
    tags = provider.tags if managed and managed.propagate_tags == "CAPACITY_PROVIDER" else ()
    record = new_instance(cluster, instance_id, hardware, now, capacity_provider_name=provider.name, tags=tags)
    return replace(record, instance=replace(record.instance, status="REGISTERING", agent_connected=False))


def registered(instance: InstanceRecord, *, daemons: bool) -> InstanceRecord:
    """The instance with its agent. With `daemons` it is open to their tasks, and to others once they run."""
    return changed(instance, status="REGISTERING" if daemons else "ACTIVE", agent_connected=True)


def draining(instance: InstanceRecord, provider: CapacityProviderRecord) -> InstanceRecord:
    """Nothing new is placed on it. Managed Instances are not the caller's to bring back, so they say so."""
    status = "DRAINING" if provider.cluster_arn is None else "DEREGISTERING"
    return changed(instance, status=status)


def has_template(provider: CapacityProviderRecord) -> bool:
    """Whether anything says what to launch: an Auto Scaling group, or the launch template of Managed Instances."""
    managed = provider.provider.managed_instances_provider
    return managed is None or managed.instance_launch_template is not None


def drains(provider: CapacityProviderRecord) -> bool:
    """Whether instances lose their tasks before they go."""
    asg = provider.provider.auto_scaling_group_provider
    return asg is None or asg.managed_draining != "DISABLED"


def open_to_tasks(instance: InstanceRecord) -> bool:
    return instance.instance.status == "ACTIVE" and bool(instance.instance.agent_connected)


def kind_of(instance: InstanceRecord) -> InstanceType:
    """The instance type that the record was made from."""
    attributes = instance.instance.attributes or ()
    name = next((a.value for a in attributes if a.name == "ecs.instance-type"), None)
    return INSTANCE_TYPES.get(name or "", INSTANCE_TYPES[DEFAULT_TYPE])


def _zones(provider: CapacityProviderRecord, region: str) -> tuple[str, ...]:
    """Where its instances may be: in the subnets of its launch template; an Auto Scaling group is in every zone."""
    managed = provider.provider.managed_instances_provider
    template = managed.instance_launch_template if managed else None
    network = template.network_configuration if template else None
    return zones_of_subnets((network.subnets if network else None) or (), region) or zones_of_region(region)


def _machine(member: Member) -> Machine:
    instance = member.instance.instance
    return Machine(
        arn=member.instance.arn,
        kind=kind_of(member.instance),
        launched_at=instance.registered_at or 0.0,
        running=instance.status != "REGISTERING",
        tasks=member.tasks,
    )


def _in_use(cluster: ClusterRecord, provider: CapacityProviderRecord) -> bool:
    shown = provider.provider
    if cluster.cluster.status != "ACTIVE" or shown.status == "INACTIVE" or shown.update_status == "DELETE_IN_PROGRESS":
        return False
    if provider.cluster_arn is not None:
        return provider.cluster_arn == cluster.arn
    return provider.name in (cluster.cluster.capacity_providers or ())
