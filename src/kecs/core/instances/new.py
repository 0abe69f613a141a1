"""A container instance that KECS itself registers: the built-in local one, and those of capacity providers."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.instances.capabilities import AGENT_VERSION, CAPABILITIES, DOCKER_VERSION
from kecs.core.records import ClusterRecord, InstanceRecord, Record

RESERVED_PORTS = ("22", "2375", "2376", "51678", "51679")  # what the ECS agent registers as taken


class Machine(Record):
    """What stands behind a container instance. `None`: made up from the instance's id or the cluster's region."""

    cpu: int  # CPU units, 1024 a core
    memory: int  # MiB
    instance_type: str = "m5.large"
    architecture: str = "x86_64"  # x86_64 | arm64
    gpus: tuple[str, ...] = ()  # ids
    availability_zone: str | None = None
    ec2_instance_id: str | None = None
    image_id: str | None = None


def new_instance(
    cluster: ClusterRecord,
    instance_id: str,
    machine: Machine,
    now: float,
    *,
    capacity_provider_name: str | None = None,
    tags: tuple[m.Tag, ...] = (),
    local: bool = False,
) -> InstanceRecord:
    """The record of an ACTIVE instance with a connected agent; `instance_id` is 32 hexadecimal digits (Ids.hex32)."""
    arn = cluster.scope.container_instance(cluster.name, instance_id)
    instance = m.ContainerInstance(
        container_instance_arn=arn,
        ec2_instance_id=machine.ec2_instance_id or made_up("i", instance_id),
        capacity_provider_name=capacity_provider_name,
        version=1,
        version_info=m.VersionInfo(
            agent_version=AGENT_VERSION, agent_hash=instance_id[:8], docker_version=f"DockerVersion: {DOCKER_VERSION}"
        ),
        registered_resources=resources(machine.cpu, machine.memory, machine.gpus),
        status="ACTIVE",
        agent_connected=True,
        attributes=_attributes(machine, instance_id, cluster.scope.region),
        registered_at=now,
    )
    return InstanceRecord(arn=arn, cluster_arn=cluster.arn, instance=instance, local=local, tags=tags)


def resources(cpu: int, memory: int, gpus: Sequence[str] = ()) -> list[m.Resource]:
    """What an agent registers of a machine: CPU units, MiB, the ports that are taken, and GPUs where there are any."""
    found = [
        m.Resource(name="CPU", type="INTEGER", integer_value=cpu),
        m.Resource(name="MEMORY", type="INTEGER", integer_value=memory),
        m.Resource(name="PORTS", type="STRINGSET", string_set_value=list(RESERVED_PORTS)),
        m.Resource(name="PORTS_UDP", type="STRINGSET", string_set_value=[]),
    ]
    if gpus:
        found.append(m.Resource(name="GPU", type="STRINGSET", string_set_value=list(gpus)))
    return [with_zeros(resource) for resource in found]


def with_zeros(resource: m.Resource) -> m.Resource:
    """The resource as AWS shows it: with a zero in the members for numbers that its type does not use."""
    return replace(
        resource,
        double_value=resource.double_value or 0.0,
        long_value=resource.long_value or 0,
        integer_value=resource.integer_value or 0,
    )


def made_up(kind: str, instance_id: str) -> str:
    """An id in EC2's shape, the same for the same container instance: i-, ami-, vpc-, subnet- and 17 digits."""
    return f"{kind}-{instance_id[:17]}"


def _attributes(machine: Machine, instance_id: str, region: str) -> list[m.Attribute]:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html#attributes"""
    values = {
        "ecs.ami-id": machine.image_id or made_up("ami", instance_id[::-1]),
        "ecs.availability-zone": machine.availability_zone or f"{region}a",
        "ecs.instance-type": machine.instance_type,
        "ecs.os-type": "linux",
        "ecs.os-family": "LINUX",
        "ecs.cpu-architecture": machine.architecture,
    }
    named = [m.Attribute(name=name, value=value) for name, value in values.items()]
    return [*named, *(m.Attribute(name=name) for name in CAPABILITIES)]
