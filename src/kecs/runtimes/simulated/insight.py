"""What simulated tasks look like from inside; see ports.inside.Insight. `runtime` makes it when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kecs.core.inside.metadata import stamp
from kecs.core.inside.seen import NOTHING, SeenContainer, SeenTask, Statistics
from kecs.core.inside.statistics import with_rates
from kecs.ports.clock import Clock
from kecs.ports.fault_injection import Injector
from kecs.runtimes.simulated.container import SimulatedContainer
from kecs.runtimes.simulated.network import Network
from kecs.runtimes.simulated.task import SimulatedTask
from kecs.runtimes.simulated.texts import digest

MIB = 1024 * 1024
UNITS = 1024  # CPU units of a core
PREFIX = 16  # bits: addresses are out of a block of that size


class SimulatedInsight:
    def __init__(self, clock: Clock, tasks: Mapping[str, SimulatedTask], network: Network) -> None:
        self._clock = clock
        self._tasks = tasks
        self._network = network
        self._before: dict[str, dict[str, tuple[float, Statistics]]] = {}  # by task and container

    async def look(self, task: str, *, storage: bool = False) -> SeenTask:  # noqa: ARG002  # nothing is written
        known = self._tasks.get(task)
        if known is None:
            return NOTHING
        block = known.address.split(".")[:2] if known.address and known.plan.network_mode == "awsvpc" else None
        return SeenTask(
            containers={
                name: SeenContainer(name=name, image_id=digest(c.definition.image or ""), created_at=c.started_at)
                for name, c in known.containers.items()
                if c.started_at is not None
            },
            subnet=f"{'.'.join(block)}.0.0/{PREFIX}" if block else None,
            gateway=f"{'.'.join(block)}.0.1" if block else None,
        )

    def injector(self) -> Injector:
        from kecs.runtimes.simulated.fault_injector import SimulatedInjector  # with the first fault

        return SimulatedInjector(self._network, self._tasks)

    async def statistics(self, task: str) -> Mapping[str, Statistics]:
        for gone in self._before.keys() - self._tasks.keys():
            del self._before[gone]
        known = self._tasks.get(task)
        if known is None:
            return {}
        before, at = self._before.setdefault(task, {}), self._clock.now()
        running = {name: container for name, container in known.containers.items() if container.state == "running"}
        now = {name: (at, _statistics(container, at)) for name, container in running.items()}
        compared = {name: with_rates(before.get(name), seen) for name, seen in now.items()}
        before.update((name, seen) for name, seen in now.items() if name not in before or at > before[name][0])
        return compared


def _statistics(container: SimulatedContainer, now: float) -> Statistics:
    """What its script says that it uses, all the time and from the start; as from Docker."""
    usage, since = container.usage(now), now - (container.started_at or now)
    nanoseconds = int((usage.cpu or 0.0) / UNITS * since * 1e9)
    cpu: dict[str, Any] = {
        "cpu_usage": {"total_usage": nanoseconds, "usage_in_kernelmode": 0, "usage_in_usermode": nanoseconds},
        "system_cpu_usage": int(since * 1e9),
        "online_cpus": 1,
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }
    return {
        "read": stamp(now),
        "preread": stamp(container.started_at),
        "pids_stats": {"current": 1},
        "blkio_stats": {},
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": cpu,
        "precpu_stats": {},
        "memory_stats": {"usage": int((usage.memory or 0.0) * MIB), "limit": (container.definition.memory or 0) * MIB},
        "name": container.name,
        "id": container.runtime_id,
    }
