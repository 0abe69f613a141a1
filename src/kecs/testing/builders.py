"""Task definitions in a few words, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

_SUCH_AS = {"environment": {"STAGE": "test"}, "depends_on": {"database": "HEALTHY"}}

MEMORY = 128  # MiB of a container that does not say


class TaskDefinitionBuilder:
    """A task definition of the family, put together container by container; EC2 in bridge mode unless told otherwise.

    Whatever has no method or parameter of its own is given under the name that RegisterTaskDefinition has for it.
    """

    def __init__(self, family: str) -> None:
        self._members: dict[str, Any] = {"family": family}
        self._containers: list[dict[str, Any]] = []

    def with_container(
        self,
        name: str,
        image: str,
        *,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        ports: Sequence[int] = (),
        memory: int = MEMORY,
        essential: bool = True,
        health_check: str | None = None,
        depends_on: Mapping[str, str] | None = None,
        **members: Any,
    ) -> Self:
        """One more container. `memory`: MiB; `health_check`: a command for its shell; `depends_on`: conditions by
        container, such as {"database": "HEALTHY"}; `members`: further ones of a ContainerDefinition.
        """
        if isinstance(command, str):
            raise TypeError(f'command is a list of strings, such as ["sh", "-c", {command!r}], not one string.')
        if isinstance(ports, int):
            raise TypeError(f"ports is a list of numbers, such as [{ports}], not one number.")
        for member, value in {"environment": environment, "depends_on": depends_on}.items():
            if not isinstance(value, Mapping | None):
                raise TypeError(f"{member} is a dict, such as {_SUCH_AS[member]}, not {value!r}.")
        given = {
            "command": None if command is None else list(command),
            "environment": [{"name": key, "value": value} for key, value in (environment or {}).items()],
            "portMappings": [{"containerPort": port} for port in ports],
            "healthCheck": health_check and {"command": ["CMD-SHELL", health_check]},
            "dependsOn": [{"containerName": key, "condition": value} for key, value in (depends_on or {}).items()],
        }
        container = {"name": name, "image": image, "memory": memory, "essential": essential}
        self._containers.append({**container, **{key: value for key, value in given.items() if value}, **members})
        return self

    def with_fargate(self, cpu: int = 256, memory: int = 512) -> Self:
        """For Fargate, of this size: CPU units and MiB."""
        return self.with_members(
            requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu=str(cpu), memory=str(memory)
        )

    def with_volume(self, name: str, **members: Any) -> Self:
        """One more volume; `members`: further ones of a Volume, such as host={"sourcePath": …}."""
        return self.with_members(volumes=[*self._members.get("volumes", []), {"name": name, **members}])

    def with_members(self, **members: Any) -> Self:
        """Further members of RegisterTaskDefinition, such as taskRoleArn."""
        self._members |= members
        return self

    def build(self) -> dict[str, Any]:
        """The members of RegisterTaskDefinition: `client.register_task_definition(**builder.build())`."""
        return {**self._members, "containerDefinitions": [dict(container) for container in self._containers]}

    def register(self, client: Any) -> str:
        """Register it; the ARN of the new revision."""
        arn: str = client.register_task_definition(**self.build())["taskDefinition"]["taskDefinitionArn"]
        return arn
