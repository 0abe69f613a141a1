"""Taking down what a task has on the engine, its output saved first. Called by `runtime`."""

from __future__ import annotations

import asyncio
from typing import Any

from kecs.runtimes.docker import labels, logs, volumes
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.spool import LINES_KEPT, Spool

_ATTEMPTS = 5
_PAUSE_BETWEEN = 0.5  # seconds; a file system that is busy or a removal under way is over by then


async def remove_task(engine: Engine, instance: str, task: str, spool: Spool | None) -> None:
    """Remove the task's containers, then its network namespace and volumes. Raises EngineError."""
    params = {"all": True, "filters": labels.of_task(instance, task)}
    listed = await engine.call("GET", "containers/json", params=params)
    pauses = [entry for entry in listed if entry["Labels"].get(labels.ROLE) == "pause"]
    others = [entry for entry in listed if entry not in pauses]
    if spool is not None:
        await asyncio.gather(*(_save(engine, task, entry, spool) for entry in others))
    await asyncio.gather(*(remove_container(engine, entry["Id"]) for entry in others))
    await asyncio.gather(*(remove_container(engine, entry["Id"]) for entry in pauses))
    await volumes.remove(engine, labels.of_task(instance, task))


async def remove_instance(engine: Engine, instance: str) -> None:
    """Remove every container and task volume of the instance. Raises EngineError."""
    params = {"all": True, "filters": labels.of_instance(instance)}
    listed = await engine.call("GET", "containers/json", params=params)
    await asyncio.gather(*(remove_container(engine, entry["Id"]) for entry in listed))
    await volumes.remove(engine, labels.of_instance(instance))


async def remove_container(engine: Engine, container: str) -> None:
    """Kill and remove it, and the anonymous volumes that it has. Raises EngineError."""
    for attempt in range(_ATTEMPTS):
        try:
            await engine.call("DELETE", f"containers/{container}", params={"force": True, "v": True})
            return
        except EngineError as error:
            if error.status == 404:
                return
            if attempt == _ATTEMPTS - 1:
                raise
        await asyncio.sleep(_PAUSE_BETWEEN)


async def _save(engine: Engine, task: str, entry: dict[str, Any], spool: Spool) -> None:
    """Keep the output of a container that has run."""
    if entry["State"] == "created":
        return
    lines = logs.output(engine, entry["Id"], follow=False, tail=LINES_KEPT)
    spool.keep(task, entry["Labels"].get(labels.CONTAINER, ""), [line async for line in lines])
