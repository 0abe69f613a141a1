"""Ports of containers: what a pod publishes on its node, and what came of it as ECS's network bindings.

A pod has an address of its own, at which all of its ports are reached whoever published them. So host ports are taken
on the node only where the definition names them, and a port for which any will do is reached at the pod's address.
Where a task has ports of both kinds it has one address all the same, its node's: the others are then drawn from the
ports that the ECS agent draws from, always the same ones for one task. Called by `containers` and `observing`.
Model shapes PortMapping and NetworkBinding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes import names

DYNAMIC = range(49153, 65536)
ANY = "0.0.0.0"  # where nobody knows it


class Published(NamedTuple):
    """A port of a container, and the port of the node or pod at which it is reached."""

    port: int
    protocol: m.TransportProtocol
    host: int


def on_node(plan: TaskPlan) -> bool:
    """Whether the task is reached at its node's address; else it is at that of its pod."""
    mappings = (mapping for container in plan.containers for mapping in container.port_mappings or ())
    return plan.network_mode == "host" or (plan.network_mode == "bridge" and any(p.host_port for p in mappings))


def ports_of(plan: TaskPlan, container: m.ContainerDefinition) -> list[dict[str, Any]] | None:
    """The container's `ports`. Ranges are not among them: nothing depends on it, and they may be long."""
    host = on_node(plan)
    found = [
        {"containerPort": p.port, "protocol": p.protocol.upper(), **({"hostPort": p.host} if host else {})}
        for p in _single(plan, container)
    ]
    return found or None


def bindings_of(plan: TaskPlan, container: m.ContainerDefinition, address: str) -> tuple[m.NetworkBinding, ...]:
    """The container's network bindings, where the task is reached at `address`; an awsvpc task has none."""
    if plan.network_mode not in ("bridge", "host"):
        return ()
    singles = (
        m.NetworkBinding(bind_ip=address, container_port=p.port, host_port=p.host, protocol=p.protocol)
        for p in _single(plan, container)
    )
    ranges = (
        m.NetworkBinding(bind_ip=address, container_port_range=span, host_port_range=span, protocol=p.protocol or "tcp")
        for p in container.port_mappings or ()
        if (span := p.container_port_range)
    )
    return (*singles, *(() if on_node(plan) else ranges))


def _single(plan: TaskPlan, container: m.ContainerDefinition) -> Iterator[Published]:
    """Each port that is mapped by itself, once for each host port."""
    seen = set()
    for mapping in container.port_mappings or ():
        if (port := mapping.container_port) is None:
            continue
        protocol = mapping.protocol or "tcp"
        host = port if plan.network_mode != "bridge" or not on_node(plan) else mapping.host_port
        found = Published(port, protocol, host or _drawn(plan, container, port, protocol))
        if found not in seen:
            seen.add(found)
            yield found


def _drawn(plan: TaskPlan, container: m.ContainerDefinition, port: int, protocol: str) -> int:
    number = int(names.digest(f"{plan.id} {container.name} {port}/{protocol}"), 16)
    return DYNAMIC[number % len(DYNAMIC)]
