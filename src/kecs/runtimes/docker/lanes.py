"""The order of commands: a container's one after the other, a task's own before and after those of its containers.

Commands of different tasks, and of different containers of one task, do not wait for each other. Used by `runtime`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from kecs.runtimes.docker.engine import UNWANTED

Work = Callable[[], Awaitable[Any]]


class _Lane:
    """The commands of one task that are not done."""

    def __init__(self) -> None:
        self.jobs: set[asyncio.Task[None]] = set()
        self.interruptible: set[asyncio.Task[None]] = set()
        self.whole: asyncio.Task[None] | None = None  # the last command of the task itself
        self.last: dict[str, asyncio.Task[None]] = {}  # the last command of each container since then
        self.closed = False


class Lanes:
    """The commands of every task."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}

    def run(self, task: str, container: str | None, work: Work, *, interruptible: bool = False) -> None:
        """Do `work` when its turn has come; `container` None means it concerns the whole task."""
        lane = self._lanes.setdefault(task, _Lane())
        before = [job for name, job in lane.last.items() if container in (None, name)]
        if lane.whole is not None:
            before.append(lane.whole)
        job = asyncio.create_task(self._in_turn(lane, before, work))
        if container is None:
            lane.whole = job
            lane.last.clear()
        else:
            lane.last[container] = job
        lane.jobs.add(job)
        if interruptible:
            lane.interruptible.add(job)
        job.add_done_callback(lambda _: self._done(task, lane, job))

    async def drain(self, task: str) -> None:
        """Forget what is waiting for its turn, here or at the engine, interrupt what may be, and wait for the rest."""
        lane = self._lanes.pop(task, None)
        if lane is None:
            return
        lane.closed = True
        for job in lane.interruptible:
            job.cancel()
        await asyncio.gather(*lane.jobs, return_exceptions=True)

    async def close(self) -> None:
        """Cancel everything."""
        jobs = [job for lane in self._lanes.values() for job in lane.jobs]
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    def tasks(self) -> list[str]:
        """The tasks that have commands under way."""
        return list(self._lanes)

    def _done(self, task: str, lane: _Lane, job: asyncio.Task[None]) -> None:
        lane.jobs.discard(job)
        lane.interruptible.discard(job)
        if not lane.jobs and self._lanes.get(task) is lane:
            del self._lanes[task]

    async def _in_turn(self, lane: _Lane, before: list[asyncio.Task[None]], work: Work) -> None:
        if before:
            await asyncio.wait(before)
        UNWANTED.set(lambda: lane.closed)
        if not lane.closed:
            await work()
