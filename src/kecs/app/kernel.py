"""The kernel: everything of one KECS except HTTP and the process around it.

`app.server` runs it under an event loop. A test drives it with none: a `VirtualClock` without a loop, `answer` for a
request, `clock.advance` for time. The clock's `drain` is the kernel's, so nothing is left undone between two instants.

Most of KECS is about what moves by itself. A server that has only just started has nothing of the kind, so that part,
`machinery`, is loaded with the first record that is no cluster, or when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kecs.core.records import Change
from kecs.core.settings import Settings
from kecs.gateway.endpoint import Endpoint
from kecs.ports.clock import Clock, Ids
from kecs.ports.hooks import Hooks
from kecs.ports.runtime import Capacity, Runtime
from kecs.store.memory import MemoryStore

if TYPE_CHECKING:
    from kecs.app.companions import Companions
    from kecs.app.faults import KernelFaults
    from kecs.app.log_service import StoredLogs
    from kecs.app.machinery import Machinery
    from kecs.control.events.eventbridge import KeptEvents
    from kecs.control.events.feed import Feed
    from kecs.control.loops import Control
    from kecs.control.stand_ins.alarms import SetAlarms
    from kecs.control.stand_ins.traffic import RecordedTraffic
    from kecs.ports.lookups import Lookups
    from kecs.ports.nodes import Nodes


class Kernel:
    """Store, control loops, feed and the endpoint of AWS's APIs, on a runtime that is open already."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: MemoryStore,
        clock: Clock,
        ids: Ids,
        runtime: Runtime,
        defer: Callable[[Callable[[], None]], object],
        hooks: Hooks | None = None,
        lookups: Lookups | None = None,
        companions: Companions | None = None,
        log_file: Path | None = None,
        nodes: Nodes | None = None,
    ) -> None:
        """`log_file`: where CloudWatch Logs are kept; None: only for as long as this kernel lasts. `nodes`: the
        runtime's, where it has any."""
        self.settings = settings = settings if nodes is None else replace(settings, nodes=True)
        self.store = store
        self.clock = clock
        self.ids = ids
        self.runtime = runtime
        self.endpoint = Endpoint(store, clock, ids, settings)
        self.endpoint.logs = lambda: self.logs
        runtime.intake = lambda: self.logs.intake
        self._log_file = log_file
        self._defer = defer
        self._nodes = nodes
        self.companions = companions
        self._hooks = hooks
        self.lookups = lookups
        self._untold: list[list[Change]] = []  # what was committed before there was a feed
        store.subscribe(self._notice)

    @cached_property
    def machinery(self) -> Machinery:
        made = load_machinery()(
            self.store,
            self.runtime,
            self.clock,
            self.ids,
            self.settings,
            self._defer,
            self._hooks,
            self.lookups,
            self._nodes,
        )
        for changes in self._untold:
            made.feed.notice(changes)
        self._untold.clear()
        return made

    @property
    def control(self) -> Control:
        return self.machinery.control

    @cached_property
    def faults(self) -> KernelFaults:
        from kecs.app.faults import KernelFaults  # when somebody wants something to go wrong

        return KernelFaults(self)

    @cached_property
    def logs(self) -> StoredLogs:
        from kecs.app.log_service import StoredLogs  # with the first task or request that has to do with it

        return StoredLogs(self._log_file, self.clock)

    @property
    def feed(self) -> Feed:
        return self.machinery.feed

    @property
    def sent(self) -> KeptEvents:
        return self.machinery.sent

    @property
    def traffic(self) -> RecordedTraffic:
        return self.machinery.traffic

    @property
    def alarms(self) -> SetAlarms:
        return self.machinery.alarms

    async def recover(self) -> None:
        """Take up what an earlier process left. The runtime's reports must go to `control.supervisors.report`."""
        if any(map(len, self.store.tables.values())) or await self.runtime.inventory():
            await self.machinery.recover()
        if self._nodes is not None:
            self.machinery.hear_of_nodes()

    async def reset(self) -> None:
        """Forget everything and stop every container."""
        if "faults" in vars(self):
            self.faults.clear()
        self.machinery.forget()
        await self.runtime.discard()
        if "logs" in vars(self) or (self._log_file is not None and self._log_file.exists()):
            self.logs.clear()
        if self.companions is not None:
            await self.companions.reset()

    def close(self) -> None:
        """Let go of what is open; the runtime is closed already."""
        if "logs" in vars(self):
            self.logs.close()

    def _notice(self, changes: list[Change]) -> None:
        """A listener of the store, the first: whoever subscribes meanwhile hears of the same changes."""
        if "machinery" in vars(self):
            return
        if all(table == "clusters" for table, *_ in changes):
            self._untold.append(changes)
        else:
            self.machinery  # noqa: B018  # it is made now


def load_machinery() -> type[Machinery]:
    """Import all that moves by itself; it takes longer than all the rest."""
    from kecs.app.machinery import Machinery

    return Machinery


def with_capacity(settings: Settings, capacity: Capacity) -> Settings:
    """The settings with the built-in instance as big as the runtime says."""
    return replace(
        settings, local_cpu=capacity.cpu, local_memory=capacity.memory, local_architecture=capacity.architecture
    )
