"""Port mappings: what is asked of Docker, and what came of it as ECS's network bindings.

A published port is written as Docker writes it, `80/tcp`, and a range as `8000-8010/tcp`. Model shapes PortMapping and
NetworkBinding. Called by `translate` for the request, by `runtime` and `inventory` for the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from kecs.aws.model import ecs as m

DYNAMIC = range(49153, 65536)  # host ports for container port ranges, as the ECS agent picks them

Bound = Mapping[str, Any]  # Docker's port map: {"80/tcp": [{"HostIp": "…", "HostPort": "8080"}]}


def published(container: m.ContainerDefinition) -> tuple[str, ...]:
    """The container's ports and ranges, each once, in the order of the definition."""
    specs = (
        f"{mapping.container_port_range or mapping.container_port}/{mapping.protocol or 'tcp'}"
        for mapping in container.port_mappings or ()
    )
    return tuple(dict.fromkeys(specs))


def ranges(container: m.ContainerDefinition) -> tuple[str, ...]:
    """Those of `published` that are ranges: they need host ports in a row, which Docker does not look for."""
    return tuple(spec for spec in published(container) if "-" in spec)


def members(spec: str) -> list[str]:
    """`8000-8002/tcp` as its single ports; a single port as itself."""
    numbers, protocol = spec.split("/")
    first, _, last = numbers.partition("-")
    return [f"{port}/{protocol}" for port in range(int(first), int(last or first) + 1)]


def port_map(container: m.ContainerDefinition, bind_ip: str, first_host_ports: Mapping[str, int]) -> dict[str, Any]:
    """Docker's PortBindings. Host port 0 or none leaves the choice to Docker; a range begins at its first host port."""
    bindings: dict[str, list[dict[str, str]]] = {}
    for mapping in container.port_mappings or ():
        protocol = mapping.protocol or "tcp"
        if mapping.container_port_range:
            spec = f"{mapping.container_port_range}/{protocol}"
            hosts = [str(first_host_ports[spec] + offset) for offset, _ in enumerate(members(spec))]
        else:
            spec = f"{mapping.container_port}/{protocol}"
            hosts = [str(mapping.host_port or "")]
        for port, host in zip(members(spec), hosts, strict=True):
            bindings.setdefault(port, []).append({"HostIp": bind_ip, "HostPort": host})
    return bindings


def same_on_host(specs: Iterable[str]) -> dict[str, Any]:
    """The port map of a container in the host's network: its ports are the host's."""
    ports = [port for spec in specs for port in members(spec)]
    return {port: [{"HostIp": "0.0.0.0", "HostPort": port.split("/")[0]}] for port in ports}


def is_settled(bound: Bound) -> bool:
    """Whether every host port is known without asking Docker."""
    return all(entry["HostPort"] for entries in bound.values() for entry in entries or ())


def network_bindings(specs: Iterable[str], bound: Bound) -> tuple[m.NetworkBinding, ...]:
    """ECS's network bindings of the published ports that Docker has bound."""
    found: list[m.NetworkBinding] = []
    for spec in specs:
        numbers, protocol = spec.split("/")
        ports = members(spec)
        for place, entry in enumerate(bound.get(ports[0]) or ()):
            common = {"bind_ip": entry["HostIp"], "protocol": cast(m.TransportProtocol, protocol)}
            if len(ports) == 1 and "-" not in numbers:
                found.append(m.NetworkBinding(**common, container_port=int(numbers), host_port=int(entry["HostPort"])))
            else:
                last = bound[ports[-1]][place]["HostPort"]
                found.append(
                    m.NetworkBinding(
                        **common, container_port_range=numbers, host_port_range=f"{entry['HostPort']}-{last}"
                    )
                )
    return tuple(found)
