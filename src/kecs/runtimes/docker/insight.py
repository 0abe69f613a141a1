"""What real tasks look like from inside; see ports.inside.Insight. `runtime` makes it when somebody asks.

Docker's answers are asked for anew each time, so a task at rest costs nothing; of statistics the last ones are kept, to
compare the next with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ipaddress import ip_interface
from typing import Any

from kecs.core.inside.seen import SeenContainer, SeenTask, SeenVolume, Statistics
from kecs.core.inside.statistics import with_rates
from kecs.ports.fault_injection import Injector
from kecs.runtimes.docker.engine import Engine, EngineError, seconds
from kecs.runtimes.docker.watch import Watch, Watched

EMBEDDED_DNS = "127.0.0.11"  # where Docker answers in every network that was made


class DockerInsight:
    """`awsvpc`: name of the network of awsvpc tasks."""

    def __init__(self, engine: Engine, watch: Watch, awsvpc: str) -> None:
        self._engine = engine
        self._watch = watch
        self._awsvpc = awsvpc
        self._before: dict[str, tuple[float, Statistics]] = {}  # by the id of the container

    async def look(self, task: str, *, storage: bool = False) -> SeenTask:
        watched = self._watch.of(task)
        found = await asyncio.gather(*(self._inspect(each, size=storage and not each.pause) for each in watched))
        there = [(each, data) for each, data in zip(watched, found, strict=True) if data is not None]
        pause = next((data for each, data in there if each.pause), None)
        endpoint = _endpoint(pause, self._awsvpc) if pause else {}
        length = endpoint.get("IPPrefixLen")
        subnet = ip_interface(f"{endpoint['IPAddress']}/{length}").network if length else None
        servers = (pause["HostConfig"].get("Dns") or [EMBEDDED_DNS]) if pause and endpoint else ()
        return SeenTask(
            containers={each.name: _container(data) for each, data in there if not each.pause},
            subnet=str(subnet) if subnet else None,
            gateway=endpoint.get("Gateway") or None,
            name_servers=tuple(servers),
        )

    async def statistics(self, task: str) -> Mapping[str, Statistics]:
        running = [watched for watched in self._watch.of(task) if not (watched.over or watched.pause)]
        pause = next((watched for watched in self._watch.of(task) if watched.pause), None)
        self._forget()
        looks = [*running, *([pause] if pause and running else [])]
        found = dict(zip([w.id for w in looks], await asyncio.gather(*map(self._measure, looks)), strict=True))
        network = (found.get(pause.id) or {}).get("networks") if pause else None
        return {
            watched.name: self._compared(watched.id, statistics | ({"networks": network} if network else {}))
            for watched in running
            if (statistics := found[watched.id]) is not None
        }

    def injector(self) -> Injector:
        from kecs.runtimes.docker.fault_injector import DockerInjector  # with the first fault

        return DockerInjector(self._engine)

    def _compared(self, container: str, statistics: Statistics) -> Statistics:
        at, before = seconds(statistics.get("read")) or 0.0, self._before.get(container)
        if before is None or at > before[0]:
            self._before[container] = at, statistics
        return with_rates(before, (at, statistics))

    def _forget(self) -> None:
        """What was seen of containers that are gone."""
        for container in [container for container in self._before if self._watch.known(container) is None]:
            del self._before[container]

    async def _measure(self, watched: Watched) -> Statistics | None:
        """Docker takes a second for the first ones, which it compares itself."""
        params = {"stream": False, "one-shot": watched.id in self._before or watched.pause}
        try:
            found: Statistics = await self._engine.call("GET", f"containers/{watched.id}/stats", params=params)
        except EngineError:  # it is gone, or the engine is
            return None
        return found if seconds(found.get("read")) else None

    async def _inspect(self, watched: Watched, *, size: bool) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = await self._engine.call(
                "GET", f"containers/{watched.id}/json", params={"size": size}
            )
        except EngineError:
            return None
        return found


def _endpoint(inspected: dict[str, Any], network: str) -> dict[str, Any]:
    found: dict[str, Any] = (inspected["NetworkSettings"].get("Networks") or {}).get(network) or {}
    return found


def _container(inspected: dict[str, Any]) -> SeenContainer:
    address = _endpoint(inspected, inspected["HostConfig"]["NetworkMode"].replace("default", "bridge")).get("IPAddress")
    return SeenContainer(
        name=inspected["Name"].removeprefix("/"),
        id=inspected["Id"],
        image_id=inspected["Image"],
        created_at=seconds(inspected["Created"]),
        started_at=seconds(inspected["State"]["StartedAt"]),
        addresses=(address,) if address else (),
        volumes=tuple(
            SeenVolume(destination=m["Destination"], name=m.get("Name"), source=m.get("Source"))
            for m in inspected.get("Mounts") or ()
        ),
        health=_last_check(inspected["State"].get("Health") or {}),
        written=inspected.get("SizeRw") or 0,
    )


def _last_check(health: dict[str, Any]) -> dict[str, Any]:
    checks = health.get("Log") or ()
    last = checks[-1] if checks else None
    return {"statusSince": last["End"], "exitCode": last["ExitCode"], "output": last["Output"]} if last else {}
