"""The ports of a task definition by their names, as the configuration of services and the gateways ask for them."""

from __future__ import annotations

from collections.abc import Iterable
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


def check_port_names(
    definition: m.TaskDefinition, users: Iterable[m.GatewayConnector | m.VpcLatticeConfiguration], member: str
) -> None:
    """Each of the request's `member` names a port of the definition. Raises InvalidParameterException."""
    for user in users:
        if named_port(definition, user.port_name) is None:
            raise no_such_port(user.port_name, member)


def no_such_port(name: str, member: str) -> m.InvalidParameterException:
    return m.InvalidParameterException(
        f"The portName '{name}' of {member} is not the name of a port mapping in the task definition."
    )
