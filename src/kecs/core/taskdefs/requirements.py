"""What a task takes from the container instance it is placed on; the placement of EC2 tasks asks for it."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records import Record
from kecs.core.taskdefs.overrides import apply_overrides, effective_definition
from kecs.core.taskdefs.sizes import cpu_units, memory_mib


class Requirements(Record, frozen=True):
    """CPU units, MiB, fixed host ports by protocol, GPUs and network interface of one task."""

    cpu: int
    memory: int
    tcp_ports: frozenset[int] = frozenset()
    udp_ports: frozenset[int] = frozenset()
    gpu: int = 0
    all_gpus: bool = False  # a container asked for ALL: every GPU of the instance
    interface: bool = False  # an elastic network interface of its own

    @property
    def reserved_ports(self) -> tuple[str, ...]:
        """As task records have them."""
        return (*(f"tcp/{p}" for p in sorted(self.tcp_ports)), *(f"udp/{p}" for p in sorted(self.udp_ports)))


def requirements(definition: m.TaskDefinition, overrides: m.TaskOverride | None = None) -> Requirements:
    """What a task of a normalised definition takes.

    The task's own cpu and memory count where they are given, else the sums of its containers': of their memory the
    soft limit if there is one. An awsvpc task has an address of its own and takes no port of the instance.
    """
    containers = apply_overrides(definition, overrides)
    task = effective_definition(definition, overrides)
    gpus = [r.value or "0" for c in containers for r in c.resource_requirements or () if r.type == "GPU"]
    return Requirements(
        cpu=cpu_units(task.cpu) if task.cpu else sum(c.cpu or 0 for c in containers),
        memory=memory_mib(task.memory)
        if task.memory
        else sum(c.memory_reservation or c.memory or 0 for c in containers),
        tcp_ports=_host_ports(task, containers, "tcp"),
        udp_ports=_host_ports(task, containers, "udp"),
        gpu=sum(int(value) for value in gpus if value.isdigit()),
        all_gpus="ALL" in gpus,
        interface=task.network_mode == "awsvpc",
    )


def _host_ports(task: m.TaskDefinition, containers: tuple[m.ContainerDefinition, ...], protocol: str) -> frozenset[int]:
    if task.network_mode not in (None, "bridge", "host"):
        return frozenset()
    return frozenset(
        mapping.host_port
        for container in containers
        for mapping in container.port_mappings or ()
        if mapping.host_port and (mapping.protocol or "tcp") == protocol
    )
