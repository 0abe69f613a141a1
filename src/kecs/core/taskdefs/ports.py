"""The ports of a task definition by their names, as gateways and Express Gateway services ask for them."""

from __future__ import annotations

from typing import NamedTuple

from kecs.aws.model import ecs as m


class NamedPort(NamedTuple):
    container: str
    port: int


def named_port(definition: m.TaskDefinition, name: str) -> NamedPort | None:
    """The container and port that go by this name."""
    for container in definition.container_definitions or ():
        for mapping in container.port_mappings or ():
            if mapping.name == name and mapping.container_port is not None:
                return NamedPort(container.name or "", mapping.container_port)
    return None
