"""The protocols behind what AWS has inside a task. `endpoints.inside` asks `Inside`, which `app` implements; of what no
record says that asks the runtime's `Insight`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from kecs.core.inside.credentials import Credentials
from kecs.core.inside.metadata import Subject
from kecs.core.inside.seen import SeenTask, Statistics
from kecs.core.records import ContainerRecord, InstanceRecord
from kecs.ports.fault_injection import Injector


class Insight(Protocol):
    """What a runtime sees of the tasks that it runs."""

    async def look(self, task: str, *, storage: bool = False) -> SeenTask:
        """The task as it is now; of what is not there, or cannot be seen, nothing. `storage`: also how much its
        containers have written, which may take a while to count."""

    async def statistics(self, task: str) -> Mapping[str, Statistics]:
        """Of the task's running containers, by name. Rates are there from the second look on."""

    def injector(self) -> Injector | None:
        """What brings faults into the networks of tasks, once for each KECS; None where nothing does."""


class Asking(NamedTuple):
    """The container that a request comes from, and its task."""

    of: Subject
    container: ContainerRecord


class Inside(Protocol):
    """Everything that containers can ask for."""

    async def asking(self, name: str) -> Asking | None:
        """Whose name it is; None when no running task has such a container."""

    async def statistics(self, task: str) -> Mapping[str, Statistics]:
        """See Insight."""

    def injector(self) -> Injector | None:
        """See Insight."""

    def credentials(self, name: str) -> Credentials | None:
        """What a task with a role has under this name."""

    def call(self, asking: Asking, operation: str, members: Mapping[str, Any]) -> tuple[int, Any]:
        """Have the task call ECS: HTTP status and decoded body."""

    async def agent(self, cluster: str) -> tuple[InstanceRecord | None, list[Subject]]:
        """The built-in container instance of a cluster, by name, and what runs on it."""

    def request_id(self) -> str:
        """Another one."""

    def now(self) -> float:
        """By KECS's clock, in seconds."""
