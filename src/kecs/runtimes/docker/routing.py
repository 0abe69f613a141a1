"""The log router of a task that uses FireLens: its configuration, and the way of the others' output to it.

The router finds its configuration where its image looks for it. Its socket is in a volume of the task, by whose folder
Docker itself reaches it: the output goes through Docker's fluentd driver, as on an instance. Called by `launch`.
"""

from __future__ import annotations

import io
import tarfile
from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.logs import firelens
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.docker import labels
from kecs.runtimes.docker.engine import Engine

_VOLUME = "ecs.firelens"  # no volume of a task definition can have a dot in its name


class Route(NamedTuple):
    """How a container's output gets to the router."""

    socket: str  # its path, as Docker sees it
    host: str | None  # where the router listens for what the container sends by itself


def volume_name(plan: TaskPlan) -> str:
    return labels.task_volume_name(plan, _VOLUME)


async def provide(engine: Engine, instance: str, plan: TaskPlan) -> None:
    """Make the volume for the router's socket, if the task has one. Raises EngineError."""
    if firelens.router_of(plan.containers) is not None:
        body = {"Name": volume_name(plan), "Labels": labels.task_labels(instance, plan, "volume")}
        await engine.call("POST", "volumes/create", body=body)


async def route(engine: Engine, plan: TaskPlan, container: m.ContainerDefinition) -> Route | None:
    """How the container's output gets to the task's router, which runs; None when it does not. Raises EngineError."""
    router = firelens.router_of(plan.containers)
    if router is None or router == container or not firelens.is_routed(container):
        return None
    folder = (await engine.call("GET", f"volumes/{volume_name(plan)}"))["Mountpoint"]
    host = {"awsvpc": "127.0.0.1"}.get(plan.network_mode)
    if plan.network_mode == "bridge":
        found = await engine.call("GET", f"containers/{labels.container_name(plan, router.name or '')}/json")
        host = found["NetworkSettings"]["Networks"].get("bridge", {}).get("IPAddress") or None
    return Route(f"{folder}/{firelens.SOCKET}", host)


async def configure(engine: Engine, plan: TaskPlan, router: m.ContainerDefinition, created: str) -> None:
    """Put the configuration into the router's container `created`, which has not been started. Raises EngineError."""
    kind = router.firelens_configuration.type if router.firelens_configuration else "fluentbit"
    content = firelens.configuration(plan, router).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(firelens.FILES[kind])
        entry.size, entry.mode = len(content), 0o644
        tar.addfile(entry, io.BytesIO(content))
    async with engine.stream("PUT", f"containers/{created}/archive", params={"path": "/"}, body=buffer.getvalue()):
        pass  # there is nothing more to read
