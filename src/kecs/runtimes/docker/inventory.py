"""What the engine still has of this instance's tasks when KECS starts, found by labels. Called by `runtime`."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Literal

from kecs.core.tasks.reports import ObservedContainer, ObservedTask
from kecs.runtimes.docker import labels, ports
from kecs.runtimes.docker.engine import Engine, EngineError, seconds
from kecs.runtimes.docker.launch import address_of
from kecs.runtimes.docker.watch import Watch, Watched, for_want_of_memory, health_of

_STATES: dict[str, Literal["created", "running", "exited"]] = {
    "created": "created",
    "running": "running",
    "paused": "running",
    "restarting": "running",
}  # everything else has exited


async def observe(
    engine: Engine, instance: str, watch: Watch, host_address: Callable[[str], str | None]
) -> list[ObservedTask]:
    """Every task of the instance that has a container. Each container is watched from before it is looked at."""
    filters = labels.of_instance(instance)
    listed = await engine.call("GET", "containers/json", params={"all": True, "filters": filters})
    by_task: dict[str, list[Watched]] = defaultdict(list)
    for entry in listed:
        if entry["Labels"].get(labels.ROLE) == labels.HELPER:
            continue
        watched = watch.known(entry["Id"]) or watch.add(_watched(entry))
        by_task[watched.task].append(watched)
    found = await asyncio.gather(
        *(
            _observe_task(engine, instance, watch, task, containers, host_address)
            for task, containers in by_task.items()
        )
    )
    # After the caller has taken in what was found, and not before it: what happened to it meanwhile.
    loop = asyncio.get_running_loop()
    for watched in (watched for containers in by_task.values() for watched in containers if not watched.settled):
        loop.call_soon(watch.settle, watched)
    return found


async def told(engine: Engine, instance: str) -> set[str]:
    """The URLs at which running containers of the instance were told that KECS is. Raises EngineError."""
    listed = await engine.call("GET", "containers/json", params={"filters": labels.of_instance(instance)})
    return {url for entry in listed for url in entry["Labels"].get(labels.TOLD, "").split()}


def _watched(entry: dict[str, Any]) -> Watched:
    theirs = entry["Labels"]
    pause = theirs[labels.ROLE] == "pause"
    name, logs = theirs[labels.CONTAINER], theirs.get(labels.LOGS)
    return Watched(id=entry["Id"], task=theirs[labels.TASK], name=name, pause=pause, logs=logs)


async def _observe_task(
    engine: Engine,
    instance: str,
    watch: Watch,
    task: str,
    containers: list[Watched],
    host_address: Callable[[str], str | None],
) -> ObservedTask:
    inspected = await asyncio.gather(*(_inspect(engine, watched) for watched in containers))
    pairs = [(watched, data) for watched, data in zip(containers, inspected, strict=True) if data is not None]
    pause = None
    for watched, data in pairs:
        if data["State"].get("OOMKilled"):
            watch.ran_out_of_memory(watched)
        if watched.pause:
            pause, watched.over = data, not data["State"]["Running"]
    mode = next((data["Config"]["Labels"][labels.NETWORK_MODE] for _, data in pairs), "")
    shares = any("container:" in _namespaces(data) for _, data in pairs)
    held = pause is not None and bool(pause["State"]["Running"])
    address = address_of(pause, labels.network_name(instance)) if pause and held and mode == "awsvpc" else None
    return ObservedTask(
        task=task,
        containers=tuple(_observed(watched, data) for watched, data in pairs if not watched.pause),
        provisioned=held if shares or mode == "awsvpc" else True,
        address=address.ip if address else host_address(mode),
        mac_address=address.mac if address else None,
    )


def _namespaces(inspected: dict[str, Any]) -> str:
    host = inspected["HostConfig"]
    return " ".join(str(host.get(key)) for key in ("NetworkMode", "PidMode", "IpcMode"))


async def _inspect(engine: Engine, watched: Watched) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = await engine.call("GET", f"containers/{watched.id}/json")
    except EngineError as error:
        if error.status != 404:
            raise
        return None
    return found


def _observed(watched: Watched, inspected: dict[str, Any]) -> ObservedContainer:
    state = inspected["State"]
    status = _STATES.get(state["Status"], "exited")
    health = (state.get("Health") or {}).get("Status")
    watched.health = health_of(health) if health else None
    watched.started_at = seconds(state["StartedAt"]) or 0.0
    watched.over = status == "exited"
    specs = [spec for spec in inspected["Config"]["Labels"].get(labels.PORTS, "").split(",") if spec]
    on_host = inspected["HostConfig"]["NetworkMode"] == "host"
    bound = ports.same_on_host(specs) if on_host else inspected["NetworkSettings"]["Ports"] or {}
    return ObservedContainer(
        name=watched.name,
        runtime_id=watched.id,
        state=status,
        started_at=seconds(state["StartedAt"]),
        finished_at=seconds(state["FinishedAt"]) if status == "exited" else None,
        exit_code=state["ExitCode"] if status == "exited" else None,
        out_of_memory=status == "exited" and for_want_of_memory(watched, state["ExitCode"]),
        health=watched.health,
        network_bindings=ports.network_bindings(specs, bound),
    )
