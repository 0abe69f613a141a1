"""Output of containers on its way from an engine to CloudWatch Logs. Runtimes that run real ones load it with the first
such.

The engine keeps what a container writes, also while KECS does not run. One job for each container follows that; how far
it has come is kept together with what it has read, so it goes on there after a restart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import NamedTuple, Protocol

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.logs.destinations import Destination
from kecs.core.tasks.plan import TaskPlan
from kecs.ports.logs import Intake, NoOutlet, Outlet
from kecs.runtimes.launching import LaunchError

PAUSE = 0.05  # seconds between two looks at what has come: many lines at once cost less than each by itself
PIECE = 64 * 1024  # bytes; more than that has piled up, and there is no pause
RETRY = 1.0  # seconds between attempts while the engine does not answer
_LOOK_AFTER = 30.0  # seconds of no end after which a container may turn out to run

log = logging.getLogger(__name__)


class OutputLost(Exception):
    """What a container writes cannot be read any more; the text says why."""


class Source(NamedTuple):
    """A container, by the ARN of its task and as the runtime calls it."""

    task: str
    id: str


class Engine(Protocol):
    """What keeps the output of containers."""

    async def follow(self, source: Source, to: Outlet, mark: str) -> str | None:
        """Read on from the mark. Where to read on when that was cut short; None: the container has exited, and all is
        read. Raises OutputLost."""

    async def runs(self, source: Source) -> bool:
        """As far as can be known now."""


class Shipping:
    """The jobs of all containers of one KECS."""

    def __init__(self, engine: Engine, intake: Intake) -> None:
        self._engine = engine
        self._intake = intake
        self._jobs: dict[Source, asyncio.Task[None]] = {}

    def destination(self, plan: TaskPlan, container: m.ContainerDefinition) -> str | None:
        """Where the container's output is to go, as the engine is to remember it. Raises LaunchError."""
        try:
            to = self._intake.wanted(plan, container)
        except NoOutlet as error:
            raise LaunchError(str(error)) from error
        return None if to is None else msgspec.json.encode(to).decode()

    def prepare(self, plan: TaskPlan, to: str, source: str) -> None:
        """Before the container starts. Raises LaunchError."""
        try:
            self._intake.prepare(_read(to), source, plan.launch_type)
        except NoOutlet as error:
            raise LaunchError(str(error)) from error

    def begin(self, task: str, source: str, to: str) -> None:
        """Read what the container writes from when it has started until it has exited."""
        key = Source(task, source)
        self._jobs[key] = asyncio.create_task(self._ship(key, _read(to), self._jobs.get(key)))

    def resume(self, task: str, source: str, to: str) -> None:
        """Go on with a container that was found, unless that is under way."""
        if Source(task, source) not in self._jobs:
            self.begin(task, source, to)

    async def finish(self, task: str) -> None:
        """Wait until all output of the task's containers is taken in, which have exited."""
        pending = {job: source for source, job in self._jobs.items() if source.task == task}
        while pending:
            done, _ = await asyncio.wait(pending, timeout=_LOOK_AFTER)
            for job in done:
                del pending[job]
            if not done and await self._any_runs(pending.values()):
                break  # one that could not be stopped writes on for ever
        await self.give_up(task)

    async def give_up(self, task: str) -> None:
        """Read nothing more of the task, whose containers go for good."""
        await self._cancel([job for source, job in self._jobs.items() if source.task == task])
        for source in [source for source in self._jobs if source.task == task]:
            del self._jobs[source]
            self._intake.forget(source.id)

    async def close(self) -> None:
        await self._cancel(list(self._jobs.values()))

    async def _cancel(self, jobs: list[asyncio.Task[None]]) -> None:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    async def _any_runs(self, sources: Iterable[Source]) -> bool:
        return any([await self._engine.runs(source) for source in sources])

    async def _ship(self, source: Source, to: Destination, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        outlet = self._intake.outlet(to, source.id)
        mark: str | None = outlet.mark
        try:
            while mark is not None:
                mark = await self._engine.follow(source, outlet, mark)
        except OutputLost as lost:
            log.warning("output of container %s is lost: %s", source.id, lost)
        except Exception:  # a bug here must not keep the task from stopping
            log.exception("output of container %s is lost", source.id)
        outlet.end()


def _read(label: str) -> Destination:
    return msgspec.json.decode(label, type=Destination)
