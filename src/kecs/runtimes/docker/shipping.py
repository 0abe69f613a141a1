"""Output of containers on its way from Docker to CloudWatch Logs. `runtime` calls it; loaded with the first such.

Docker keeps what a container writes in a file of its own, also while KECS does not run. One job for each container
follows that file; how far it has come is kept together with what it has read, so it goes on there after a restart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.logs.destinations import Destination
from kecs.core.tasks.plan import TaskPlan
from kecs.ports.logs import Intake, NoOutlet, Outlet
from kecs.runtimes.docker.engine import Engine, EngineError, EngineGone
from kecs.runtimes.docker.launch import LaunchError
from kecs.runtimes.docker.reading import LineReader
from kecs.runtimes.docker.watch import Watched

PAUSE = 0.05  # seconds between two looks at what has come: many lines at once cost less than each by itself
PIECE = 64 * 1024  # bytes; more than that has piled up, and there is no pause
UNREAD = 100_000  # lines that may be left when the stream of a container has ended
_LOOK_AFTER = 30.0  # seconds of no end after which a container may turn out to run
_RETRY = 1.0  # seconds between attempts while the engine does not answer

log = logging.getLogger(__name__)


class Shipping:
    """The jobs of all containers of one KECS, by task and container id."""

    def __init__(self, engine: Engine, intake: Intake) -> None:
        self._engine = engine
        self._intake = intake
        self._jobs: dict[tuple[str, str], asyncio.Task[None]] = {}

    def destination(self, plan: TaskPlan, container: m.ContainerDefinition) -> str | None:
        """Where the container's output is to go, as it is told in its label. Raises LaunchError."""
        try:
            to = self._intake.wanted(plan, container)
        except NoOutlet as error:
            raise LaunchError(str(error)) from error
        return None if to is None else msgspec.json.encode(to).decode()

    def prepare(self, plan: TaskPlan, to: str, container: str) -> None:
        """Before the container of this id starts. Raises LaunchError."""
        try:
            self._intake.prepare(_read(to), container, plan.launch_type)
        except NoOutlet as error:
            raise LaunchError(str(error)) from error

    def begin(self, watched: Watched) -> None:
        """Read what the container writes from when it has started until it has exited."""
        assert watched.logs is not None
        key = watched.task, watched.id
        self._jobs[key] = asyncio.create_task(self._ship(watched.id, _read(watched.logs), self._jobs.get(key)))

    def resume(self, watched: Iterable[Watched]) -> None:
        """Go on with the containers among these whose output is to be read, and is not yet."""
        for one in watched:
            if one.logs is not None and one.started_at and (one.task, one.id) not in self._jobs:
                self.begin(one)

    async def finish(self, task: str) -> None:
        """Wait until all output of the task's containers is taken in, which have exited."""
        pending = {job: container for (of, container), job in self._jobs.items() if of == task}
        while pending:
            done, _ = await asyncio.wait(pending, timeout=_LOOK_AFTER)
            for job in done:
                del pending[job]
            if not done and await self._any_runs(pending.values()):
                break  # one that could not be stopped writes on for ever
        await self.give_up(task)

    async def give_up(self, task: str) -> None:
        """Read nothing more of the task, whose containers go for good."""
        await self._cancel([job for (of, _), job in self._jobs.items() if of == task])
        for key in [key for key in self._jobs if key[0] == task]:
            del self._jobs[key]
            self._intake.forget(key[1])

    async def close(self) -> None:
        await self._cancel(list(self._jobs.values()))

    async def _cancel(self, jobs: list[asyncio.Task[None]]) -> None:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    async def _any_runs(self, containers: Iterable[str]) -> bool:
        try:
            return any([await self._runs(container) for container in containers])
        except EngineError:
            return False

    async def _runs(self, container: str) -> bool:
        """Raises EngineError."""
        return bool((await self._engine.call("GET", f"containers/{container}/json"))["State"]["Running"])

    async def _ship(self, container: str, to: Destination, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        outlet = self._intake.outlet(to, container)
        mark: str | None = outlet.mark
        try:
            while mark is not None:
                mark = await self._follow(container, outlet, mark)
        except EngineError as error:
            log.warning("output of container %s is lost: %s", container, error.message)
        except Exception:  # a bug here must not keep the task from stopping
            log.exception("output of container %s is lost", container)
        outlet.end()

    async def _follow(self, container: str, to: Outlet, mark: str) -> str | None:
        """Read on from the mark. Where to read on when the connection was lost; None: the container has exited."""
        try:
            inspected = await self._engine.call("GET", f"containers/{container}/json")
        except EngineGone:
            await asyncio.sleep(_RETRY)
            return mark
        terminal: bool = inspected["Config"]["Tty"]
        reader = LineReader(mark, terminal=terminal)
        try:
            async with aclosing(self._pieces(container, reader, follow=True)) as pieces:
                async for piece in pieces:
                    to.write(reader.feed(piece))
                    await asyncio.sleep(0 if len(piece) >= PIECE else PAUSE)
            if await self._runs(container):
                return reader.mark
            # Older engines end the stream of a container that exits before its last lines.
            read, reader = reader.count, LineReader(reader.mark, terminal=terminal)
            async with aclosing(self._pieces(container, reader, follow=False, tail=read + UNREAD)) as pieces:
                async for piece in pieces:
                    to.write(reader.feed(piece))
        except EngineGone:
            await asyncio.sleep(_RETRY)
            return reader.mark
        to.write(reader.end())
        return None

    async def _pieces(self, container: str, reader: LineReader, **how: bool | int) -> AsyncGenerator[bytes]:
        """What Docker has for the reader. Raises EngineError."""
        params = {"stdout": True, "stderr": True, "timestamps": True, "since": reader.since or 0, **how}
        async with self._engine.stream("GET", f"containers/{container}/logs", params=params) as content:
            async for piece in content.iter_any():
                yield piece


def _read(label: str) -> Destination:
    return msgspec.json.decode(label, type=Destination)
