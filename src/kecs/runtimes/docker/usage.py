"""Looks at containers through the engine's statistics, for `runtimes.usage`. Called by `runtime`.

One look costs the engine a read of a few files a container.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from kecs.runtimes.docker.engine import Engine, EngineError, seconds
from kecs.runtimes.docker.watch import Watch, Watched
from kecs.runtimes.usage import MIB, Look, Usages


def measuring(engine: Engine, watch: Watch) -> Usages:
    """What measures the tasks that the watch knows."""

    async def of(watched: Watched) -> Look | None:
        params = {"stream": False, "one-shot": True}
        try:
            return look(await engine.call("GET", f"containers/{watched.id}/stats", params=params))
        except EngineError:  # it is gone, or the engine is
            return None

    async def look_at(task: str) -> dict[str, Look]:
        containers = [watched for watched in watch.of(task) if watched.runs and not watched.pause]
        looks = await asyncio.gather(*map(of, containers))
        return {watched.id: look for watched, look in zip(containers, looks, strict=True) if look is not None}

    return Usages(look_at, watch.tasks)


def look(stats: Mapping[str, Any]) -> Look | None:
    """The numbers of one answer of the engine; None for one about a container that does not run."""
    at, memory = seconds(stats.get("read")), stats.get("memory_stats") or {}
    used = ((stats.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage")
    if at is None or at <= 0 or used is None or "usage" not in memory:
        return None
    details = memory.get("stats") or {}
    # What the kernel would give back at once is not in use; the name depends on the version of cgroups.
    cache = details.get("inactive_file", details.get("total_inactive_file", 0))
    return Look(at, max(memory["usage"] - cache, 0) / MIB, cpu=used / 1e9)
