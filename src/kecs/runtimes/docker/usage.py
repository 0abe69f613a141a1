"""What tasks use, from the engine's statistics of their containers. `runtime` calls it for ports.metrics.

One look costs the engine a read of a few files a container. CPU is the difference between two looks, so nothing runs in
between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kecs.core.autoscaling.usage import Usage
from kecs.ports.metrics import Measured
from kecs.runtimes.docker.engine import Engine, EngineError, seconds
from kecs.runtimes.docker.watch import Watch, Watched

UNITS = 1024  # CPU units of a core
MIB = 1024 * 1024


class Look(NamedTuple):
    """The statistics of a container at one time: CPU seconds used since its start, and MiB."""

    at: float
    cpu: float
    memory: float


class Usages:
    """Measures the running containers of tasks; keeps the last look at each."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        self._watch = watch
        self._looks: dict[str, dict[str, Look]] = {}  # by task and container
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
        for task in self._looks.keys() - set(self._watch.tasks()):
            del self._looks[task]
        used = await asyncio.gather(*map(self._task, tasks))
        return {task: usage for task, usage in zip(tasks, used, strict=True) if usage is not None}

    async def _task(self, task: str) -> Usage | None:
        containers = [watched for watched in self._watch.of(task) if watched.runs and not watched.pause]
        looks = await asyncio.gather(*map(self._look, containers))
        now = {watched.id: look for watched, look in zip(containers, looks, strict=True) if look is not None}
        before = self._looks.get(task, {})
        self._looks[task] = now
        return usage(before, now) if now else None

    async def _look(self, watched: Watched) -> Look | None:
        path = f"containers/{watched.id}/stats"
        try:
            return look(await self._engine.call("GET", path, params={"stream": False, "one-shot": True}))
        except EngineError:  # it is gone, or the engine is
            return None


def look(stats: Mapping[str, Any]) -> Look | None:
    """The numbers of one answer of the engine; None for one about a container that does not run."""
    at, memory = seconds(stats.get("read")), stats.get("memory_stats") or {}
    used = ((stats.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage")
    if at is None or at <= 0 or used is None or "usage" not in memory:
        return None
    details = memory.get("stats") or {}
    # What the kernel would give back at once is not in use; the name depends on the version of cgroups.
    cache = details.get("inactive_file", details.get("total_inactive_file", 0))
    return Look(at, used / 1e9, max(memory["usage"] - cache, 0) / MIB)


def usage(before: Mapping[str, Look], now: Mapping[str, Look]) -> Usage:
    """What the containers of a task use together. Their CPU is known once each of them has been looked at twice."""
    return Usage(cpu=_cpu(before, now), memory=sum(look.memory for look in now.values()))


def _cpu(before: Mapping[str, Look], now: Mapping[str, Look]) -> float | None:
    pairs: Iterable[tuple[Look, Look]] = [(before[name], seen) for name, seen in now.items() if name in before]
    shares = [(new.cpu - old.cpu) / (new.at - old.at) for old, new in pairs if new.at > old.at]
    return UNITS * max(sum(shares), 0.0) if len(shares) == len(now) else None
