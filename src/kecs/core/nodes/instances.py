"""The container instance that a node is: made, and kept up to date with what is told of it.

What users have changed of it stays: an instance remembers the node as it last followed it, and follows only what is
different from that.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.instances import Machine, new_instance, resources
from kecs.core.instances.attributes import BUILT_IN, NAME, VALUE
from kecs.core.instances.changes import changed, with_agent
from kecs.core.nodes.belonging import PROVIDER
from kecs.core.records import ClusterRecord, InstanceRecord, Node, NodeRecord
from kecs.core.zones import ATTRIBUTE as ZONE

INSTANCE_TYPE = "ecs.instance-type"
WELL_KNOWN = {
    "topology.kubernetes.io/zone": ZONE,
    "failure-domain.beta.kubernetes.io/zone": ZONE,
    "node.kubernetes.io/instance-type": INSTANCE_TYPE,
    "beta.kubernetes.io/instance-type": INSTANCE_TYPE,
}
"""Labels with an attribute of ECS's own for them; of two for the same the first counts."""

SHOWN = ("ACTIVE", "DRAINING")
"""The statuses in which an instance says whether its node is cordoned."""


def new(cluster: ClusterRecord, record: NodeRecord, instance_id: str, now: float) -> InstanceRecord:
    """The instance that the node is in the cluster; `instance_id` is 32 hexadecimal digits (Ids.hex32)."""
    node = followed(record)
    told = {attribute.name: attribute.value for attribute in attributes_of(node)}
    machine = Machine(
        cpu=node.cpu,
        memory=node.memory,
        architecture=node.architecture,
        gpus=gpus_of(node),
        availability_zone=told.pop(ZONE, None),
        ec2_instance_id=node.ec2_instance_id or node.name,
    )
    if (kind := told.pop(INSTANCE_TYPE, None)) is not None:
        machine = replace(machine, instance_type=kind)
    provider = node.labels.get(PROVIDER) or None
    made = new_instance(cluster, instance_id, machine, now, capacity_provider_name=provider, local=True)
    own = [m.Attribute(name=name, value=value) for name, value in told.items()]
    instance = replace(
        made.instance,
        attributes=[*(made.instance.attributes or ()), *own],
        status="DRAINING" if node.unschedulable else "ACTIVE",
        agent_connected=node.ready,
    )
    return replace(made, instance=instance, node=node)


def following(instance: InstanceRecord, record: NodeRecord, now: float) -> InstanceRecord:
    """The instance with everything that is different now of its node, but for what it says of its draining."""
    before, after = instance.node, followed(record)
    if before is None or before == after:
        return instance
    attributes = _merged(instance.instance.attributes or (), attributes_of(before), attributes_of(after))
    registered = instance.instance.registered_resources
    if (before.cpu, before.memory, before.gpus) != (after.cpu, after.memory, after.gpus):
        registered = resources(after.cpu, after.memory, gpus_of(after))
    provider = after.labels.get(PROVIDER) or None
    members = {"attributes": attributes, "registered_resources": registered, "capacity_provider_name": provider}
    if any(getattr(instance.instance, name) != value for name, value in members.items()):
        instance = changed(instance, **members)
    if before.ready != after.ready:
        instance = with_agent(instance, after.ready, now)
    return replace(instance, node=replace(after, unschedulable=before.unschedulable))


def drained(instance: InstanceRecord, drain: bool) -> InstanceRecord:
    """The instance of a node that is cordoned, or not."""
    node, status = instance.node, "DRAINING" if drain else "ACTIVE"
    assert node is not None
    if instance.instance.status in SHOWN and instance.instance.status != status:
        instance = changed(instance, status=status)
    return instance if node.unschedulable == drain else replace(instance, node=replace(node, unschedulable=drain))


def wants_drained(instance: InstanceRecord) -> bool | None:
    """What a caller has asked for: to drain it (True) or to use it again; None: nothing since it last followed."""
    assert instance.node is not None
    drains = instance.instance.status == "DRAINING"
    return None if instance.instance.status not in SHOWN or drains == instance.node.unschedulable else drains


def followed(record: NodeRecord) -> Node:
    """The node as instances show it."""
    return replace(record.node, unschedulable=record.unschedulable)


def attributes_of(node: Node) -> list[m.Attribute]:
    """Its labels, as far as they can be attributes, and those of ECS's that its labels tell."""
    found: dict[str, str] = {}
    for label, name in WELL_KNOWN.items():
        value = node.labels.get(label)
        if value and VALUE.fullmatch(value):
            found.setdefault(name, value)
    found |= {name: value for name, value in node.labels.items() if _is_attribute(name, value)}
    return [m.Attribute(name=name, value=value or None) for name, value in found.items()]


def gpus_of(node: Node) -> tuple[str, ...]:
    """Ids for its GPUs: nodes only say how many they have."""
    return tuple(f"GPU-{node.uid}-{number}" for number in range(node.gpus))


def _is_attribute(name: str, value: str) -> bool:
    return bool(NAME.fullmatch(name)) and (not value or bool(VALUE.fullmatch(value)))


def _merged(
    shown: Sequence[m.Attribute], before: Sequence[m.Attribute], after: Sequence[m.Attribute]
) -> list[m.Attribute]:
    """What is shown, with what has changed from `before` to `after`, unless a user has said otherwise meanwhile. What
    ECS itself knows of an instance is not for users to say."""
    was = {attribute.name: attribute.value for attribute in before}
    now = {attribute.name: attribute.value for attribute in after}
    merged = {attribute.name: attribute.value for attribute in shown}
    absent = object()
    for name in dict.fromkeys((*was, *now)):
        if was.get(name, absent) == now.get(name, absent):
            continue
        if name.startswith(BUILT_IN):
            merged[name] = now.get(name, merged.get(name))
        elif merged.get(name, absent) == was.get(name, absent):
            merged.pop(name, None)
            if name in now:
                merged[name] = now[name]
    return [m.Attribute(name=name, value=value) for name, value in merged.items()]
