"""The operator's side of a kernel: what ports.console.Console promises to the admin API."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any, Literal

from kecs import __version__
from kecs.app import functions, scaling
from kecs.app.calls import Calls
from kecs.app.finding import task_named
from kecs.app.history import history_of
from kecs.app.kernel import Kernel
from kecs.app.state import state_of
from kecs.control.clock import VirtualClock
from kecs.control.instances.interruptions import interrupt_provider, interrupt_task
from kecs.control.stand_ins.alarms import PATIENCE
from kecs.core.arns import Scope
from kecs.core.records.told import AlarmRecord
from kecs.ports.companion import Shown
from kecs.ports.console import (
    ClockNotControllable,
    ClockState,
    EventFormat,
    FeedEvent,
    FeedHistory,
    NoSuchContainer,
    SentEvent,
)
from kecs.ports.faults import Faults
from kecs.ports.runtime import LogLine
from kecs.ports.snapshots import Snapshots
from kecs.ports.target_health import TargetHealths
from kecs.runtimes.simulated import SimulatedRuntime


class KernelConsole:
    """See ports.console.Console."""

    def __init__(self, kernel: Kernel, instance: str) -> None:
        self._kernel = kernel
        self._instance = instance
        self._calls: Calls | None = None
        self._moving = asyncio.Lock()  # the clock, for as long as functions take that stand for images

    def health(self) -> dict[str, Any]:
        trouble = self._kernel.runtime.trouble or self._kernel.store.trouble
        return {
            "status": "degraded" if trouble else "ok",
            **({"reason": trouble} if trouble else {}),
            "runtime": self._kernel.runtime.name,
            "version": __version__,
            "pid": os.getpid(),
            "instance": self._instance,
        }

    def state(self, cluster: str | None = None, service: str | None = None, *, history: bool = False) -> dict[str, Any]:
        return state_of(self._kernel, cluster, service, history=history)

    async def reset(self) -> None:
        await self._kernel.reset()

    def events(
        self, since: int | None = None, told: EventFormat = "kecs"
    ) -> AsyncIterator[FeedEvent] | AsyncIterator[SentEvent]:
        return self._kernel.feed.follow(since) if told == "kecs" else self._kernel.sent.follow(since)

    def recent_events(self, since: int = 0, told: EventFormat = "kecs") -> list[FeedEvent] | list[SentEvent]:
        return self._kernel.feed.recent(since) if told == "kecs" else self._kernel.sent.recent(since)

    def record_calls(self, wanted: bool) -> bool:
        self._calls = self._calls or Calls(self._kernel)
        return self._calls.record(wanted)

    def history(self, since: int, cluster: str | None, newest: int | None) -> FeedHistory:
        return history_of(self._kernel, since, cluster, newest)

    def clock(self) -> ClockState:
        clock = self._kernel.clock
        virtual = isinstance(clock, VirtualClock)
        return ClockState(
            now=clock.now(), frozen=isinstance(clock, VirtualClock) and clock.frozen, controllable=virtual
        )

    async def advance(self, seconds: float) -> ClockState:
        async with self._moving:
            await functions.advance(self._virtual(), self._kernel.runtime, self._kernel.lookups, seconds)
        await asyncio.sleep(0)  # what follows the feed gets its turn before the caller is answered
        return self.clock()

    async def freeze(self) -> ClockState:
        async with self._moving:
            self._virtual().freeze()
        return self.clock()

    async def resume(self) -> ClockState:
        async with self._moving:
            self._virtual().resume()
        return self.clock()

    def logs(
        self, cluster: str, task: str, container: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogLine]:
        record = task_named(self._kernel, cluster, task)
        if container not in {c.name for c in record.containers}:
            raise NoSuchContainer(f"Task {record.id} has no container {container}.")
        return self._kernel.runtime.logs(record.arn, container, follow=follow, tail=tail)

    def interrupt(self, cluster: str, *, task: str | None = None, provider: str | None = None) -> list[str]:
        kernel = self._kernel
        if task is not None:
            return interrupt_task(kernel.store, kernel.clock, task_named(self._kernel, cluster, task))
        for record in kernel.store.clusters:
            if cluster in (record.arn, record.name):
                return interrupt_provider(kernel.store, kernel.clock, record, provider or "")
        raise NoSuchContainer(f"There is no cluster {cluster}.")

    def set_image(self, pattern: str, script: dict[str, Any]) -> None:
        self._simulated().set_script(pattern, script)

    def images(self) -> dict[str, dict[str, Any]]:
        return self._simulated().scripts() if isinstance(self._kernel.runtime, SimulatedRuntime) else {}

    def set_measurement(self, cluster: str, service: str, metric: str, value: float | None) -> None:
        scaling.set_measurement(self._kernel, cluster, service, metric, value)

    def measurements(self) -> list[dict[str, Any]]:
        return scaling.measurements(self._kernel)

    def set_off(self, policy: str, alarm: str, breach: float) -> bool:
        return scaling.set_off(self._kernel, policy, alarm, breach)

    def set_alarm(
        self,
        name: str,
        state: Literal["OK", "ALARM"],
        *,
        seconds: float | None = None,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        settings = self._kernel.settings
        scope = Scope(account or settings.account, region or settings.region)
        patience = PATIENCE if seconds is None else seconds
        self._kernel.alarms.set(AlarmRecord(**scope._asdict(), name=name, state=state, patience=patience))

    def alarms(self) -> list[dict[str, Any]]:
        return [
            {"name": alarm.name, "state": alarm.state, "seconds": alarm.patience, **alarm.scope._asdict()}
            for alarm in self._kernel.store.alarms
        ]

    @property
    def targets(self) -> TargetHealths:
        from kecs.app.targets import KernelTargets  # only for those who ask

        return KernelTargets(self._kernel)

    @property
    def faults(self) -> Faults:
        return self._kernel.faults

    @property
    def snapshots(self) -> Snapshots:
        from kecs.app.snapshots import KernelSnapshots  # the simulated runtime with it, and the journal's encoding

        return KernelSnapshots(self._kernel, self._moving)

    @property
    def companions(self) -> Shown:
        if self._kernel.companions is None:
            raise NoSuchContainer("Nobody answers for the services around ECS.")
        return self._kernel.companions

    def metrics(self) -> bytes:
        from kecs.app.metrics import exposition  # prometheus_client is only needed here

        return exposition(self._kernel)

    def _virtual(self) -> VirtualClock:
        clock = self._kernel.clock
        if not isinstance(clock, VirtualClock):
            raise ClockNotControllable(
                f"The {self._kernel.runtime.name} runtime runs real containers, so its time cannot be moved."
            )
        return clock

    def _simulated(self) -> SimulatedRuntime:
        runtime = self._kernel.runtime
        if not isinstance(runtime, SimulatedRuntime):
            raise ValueError(f"The {runtime.name} runtime runs real images; only simulated ones can be scripted.")
        return runtime
