"""What tasks use, out of looks at their containers. Runtimes whose engine counts CPU time call it for ports.metrics.

CPU is the difference between two looks, so nothing runs in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from kecs.core.autoscaling.usage import Usage
from kecs.ports.metrics import Measured

UNITS = 1024  # CPU units of a core
MIB = 1024 * 1024


class Look(NamedTuple):
    """The statistics of a container at one time: CPU seconds used since its start, and MiB."""

    at: float
    cpu: float
    memory: float


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
    """What the containers of a task use together. Their CPU is known once each of them has been looked at twice."""
    return Usage(cpu=_cpu(before, now), memory=sum(look.memory for look in now.values()))


def _cpu(before: Mapping[str, Look], now: Mapping[str, Look]) -> float | None:
    pairs: Iterable[tuple[Look, Look]] = [(before[name], seen) for name, seen in now.items() if name in before]
    shares = [(new.cpu - old.cpu) / (new.at - old.at) for old, new in pairs if new.at > old.at]
    return UNITS * max(sum(shares), 0.0) if len(shares) == len(now) else None
