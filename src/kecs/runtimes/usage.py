"""What tasks use, out of looks at their containers. Runtimes whose engine counts CPU time call it for ports.metrics.

CPU is the difference between two looks, so nothing runs in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from kecs.core.autoscaling.usage import Usage
from kecs.ports.metrics import Measured

UNITS = 1024  # CPU units of a core
MIB = 1024 * 1024


class Look(NamedTuple):
    """The statistics of a container at one time: its MiB, and of its CPU what the engine tells."""

    at: float
    memory: float
    cpu: float = 0.0  # seconds used since its start
    rate: float | None = None  # of those a second, over the last few; then `cpu` says nothing


LookAt = Callable[[str], Awaitable[Mapping[str, Look]]]
"""Takes the ARN of a task, gives looks at its running containers by what tells them apart."""


class Usages:
    """Measures the running containers of tasks; keeps the last look at each."""

    def __init__(self, look_at: LookAt, tasks: Callable[[], Collection[str]]) -> None:
        """`tasks`: the ARNs of those that there are."""
        self._look_at = look_at
        self._tasks = tasks
        self._looks: dict[str, Mapping[str, Look]] = {}
        self._jobs: set[asyncio.Task[None]] = set()

    def ask(self, tasks: Sequence[str], then: Measured) -> None:
        """Call `then` with what the tasks use."""

        async def work() -> None:
            then(await self.of(tasks))

        job = asyncio.ensure_future(work())
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def close(self) -> None:
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    async def of(self, tasks: Sequence[str]) -> dict[str, Usage]:
        """What the tasks use. One that could not be measured is left out."""
        for task in self._looks.keys() - set(self._tasks()):
            del self._looks[task]
        used = await asyncio.gather(*map(self._task, tasks))
        return {task: usage for task, usage in zip(tasks, used, strict=True) if usage is not None}

    async def _task(self, task: str) -> Usage | None:
        now = await self._look_at(task)
        before = self._looks.get(task, {})
        self._looks[task] = now
        return usage(before, now) if now else None


def usage(before: Mapping[str, Look], now: Mapping[str, Look]) -> Usage:
    """What the containers of a task use together. CPU is known once each of them has been looked at twice, unless the
    engine tells the rate itself."""
    return Usage(cpu=_cpu(before, now), memory=sum(look.memory for look in now.values()))


def _cpu(before: Mapping[str, Look], now: Mapping[str, Look]) -> float | None:
    rates = [_rate(before.get(name), seen) for name, seen in now.items()]
    known = [rate for rate in rates if rate is not None]
    return UNITS * max(sum(known), 0.0) if len(known) == len(rates) else None


def _rate(before: Look | None, now: Look) -> float | None:
    if now.rate is not None or before is None or now.at <= before.at:
        return now.rate
    return (now.cpu - before.cpu) / (now.at - before.at)
