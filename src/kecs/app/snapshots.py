"""Snapshots of a kernel: what ports.snapshots.Snapshots promises to the admin API, and what a seed may be.

On the simulated runtime a snapshot has all that is under way, too: what containers are up to, what the control loops
wait for, in which order. So a run that goes on after it was restored is the run that would have gone on anyway. Where
that is not there, of a snapshot from Docker or on Docker, restoring is what a restart is: the records are taken up as
if KECS had been killed, what still runs of their tasks is adopted, what does not counts as lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from kecs import __version__
from kecs.control.clock import VirtualClock, VirtualTimer
from kecs.control.pending import Pending, pending_of, take_up
from kecs.core.records import Record
from kecs.ports.clock import Timer
from kecs.ports.snapshots import SnapshotRefused
from kecs.runtimes.simulated import SimulatedRuntime
from kecs.runtimes.simulated.saving import SimulatedState, moved, observed, replace_scripts, restore, save, timers
from kecs.runtimes.simulated.scripts import ScriptBook
from kecs.store.journal import KINDS, record_type

if TYPE_CHECKING:
    from kecs.app.kernel import Kernel

log = logging.getLogger(__name__)

FORMAT = 1  # raised when an older KECS could not make sense of it


class Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A snapshot as it is written."""

    kecs_snapshot: int  # FORMAT
    version: str  # of the KECS that took it
    runtime: str
    now: float  # seconds since the epoch, on its clock
    records: dict[str, list[msgspec.Raw]]  # by table, in the journal's encoding, in the order in which they were made
    images: dict[str, dict[str, Any]] = {}  # scripts by image glob
    pending: Pending | None = None
    simulated: SimulatedState | None = None


class KernelSnapshots:
    """See ports.snapshots.Snapshots."""

    def __init__(self, kernel: Kernel, moving: asyncio.Lock | None = None) -> None:
        """`moving`: held by whoever moves the clock."""
        self._kernel = kernel
        self._moving = moving

    def take(self) -> bytes:
        kernel, clock, runtime = self._kernel, self._kernel.clock, self._kernel.runtime
        kernel.machinery  # noqa: B018  # what is due belongs into the snapshot as done
        simulated = isinstance(runtime, SimulatedRuntime) and isinstance(clock, VirtualClock)
        if isinstance(clock, VirtualClock):
            clock.advance(0.0)
        else:
            kernel.control.queue.drain()
        order = self._order(clock) if isinstance(clock, VirtualClock) else {}
        return msgspec.json.encode(
            Document(
                kecs_snapshot=FORMAT,
                version=__version__,
                runtime=runtime.name,
                now=clock.now(),
                records={
                    table.name: [msgspec.Raw(msgspec.json.encode(record)) for record in table]
                    for table in kernel.store.tables.values()
                    if len(table)
                },
                images=runtime.scripts() if isinstance(runtime, SimulatedRuntime) else {},
                pending=pending_of(kernel.control, order) if simulated else None,
                simulated=save(runtime, order) if isinstance(runtime, SimulatedRuntime) else None,
            )
        )

    def _order(self, clock: VirtualClock) -> dict[Timer, int]:
        """Of the timers that are written down: which comes first when several are due at one instant."""
        made, runtime = clock.order(), self._kernel.runtime
        ours: list[Timer] = [timer for _, (_, timer) in self._kernel.control.queue.alarms()]
        if isinstance(runtime, SimulatedRuntime):
            ours += timers(runtime)
        left = [timer for timer in ours if isinstance(timer, VirtualTimer) and timer in made]
        return {timer: number for number, timer in enumerate(sorted(left, key=lambda timer: made[timer]))}

    async def restore(self, document: bytes) -> dict[str, Any]:
        found = self._at_home(_read(document))
        records = _records(found.records)
        async with self._moving or contextlib.nullcontext():
            exact = await self._try(found, records)
        self._kernel.store.flush()
        return {"records": len(records), "tasksGoOn": exact}

    async def _try(self, found: Document, records: list[tuple[str, Record]]) -> bool:
        """Be that, or as before; whether what was under way goes on. Raises SnapshotRefused."""
        before = _read(self.take())
        try:
            return await self._replace(found, records)
        except Exception as error:
            log.exception("a snapshot could not be restored; everything is to be as it was")
            await self._replace(before, _records(before.records))
            raise SnapshotRefused(f"The snapshot is damaged: {error!r}") from error

    async def _replace(self, document: Document, records: list[tuple[str, Record]]) -> bool:
        kernel, runtime, clock = self._kernel, self._kernel.runtime, self._kernel.clock
        kernel.machinery.drop()
        if "faults" in vars(kernel):
            kernel.faults.clear()
        if isinstance(runtime, SimulatedRuntime):
            await runtime.discard()
            replace_scripts(runtime, document.images)
        kernel.store.load(records)
        if isinstance(clock, VirtualClock):
            clock.jump(document.now)
        kernel.feed.replaced(f"everything is as in a snapshot, taken by KECS {document.version}")
        exact = isinstance(runtime, SimulatedRuntime) and bool(document.simulated and document.pending)
        if isinstance(runtime, SimulatedRuntime) and document.simulated and document.pending:
            self._go_on(runtime, document.simulated, document.pending)
        else:
            await kernel.machinery.recover()
        if isinstance(clock, VirtualClock):
            clock.advance(0.0)
        return exact

    def _at_home(self, document: Document) -> Document:
        """With the addresses of tasks among those that this runtime gives out."""
        runtime = self._kernel.runtime
        if not isinstance(runtime, SimulatedRuntime) or document.simulated is None:
            return document
        state, change = moved(document.simulated, runtime)
        if change is None:
            return document
        records = {name: [msgspec.Raw(change(bytes(raw))) for raw in rows] for name, rows in document.records.items()}
        return msgspec.structs.replace(document, simulated=state, records=records)

    def _go_on(self, runtime: SimulatedRuntime, state: SimulatedState, pending: Pending) -> None:
        """Take everything up where it was, in the order in which it was to happen."""
        control = self._kernel.control
        plan_of = control.supervisors.plan_of
        tasks = [(task, plan) for task in self._kernel.store.tasks if (plan := plan_of(task.arn)) is not None]
        due, whole = restore(runtime, state, tasks)
        due += take_up(control, pending)
        for _, begin in sorted(due, key=lambda entry: entry[0]):
            begin()
        self._kernel.machinery.go_on(observed(runtime), whole)


def is_snapshot(document: bytes) -> bool:
    """Whether somebody means it to be one."""
    return document.lstrip()[:1] == b"{" and b'"kecsSnapshot"' in document[:4096]


def _read(document: bytes) -> Document:
    try:
        head = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotRefused(f"This is no snapshot of KECS: {error}") from error
    number = head.get("kecsSnapshot") if isinstance(head, dict) else None
    if not isinstance(number, int):
        raise SnapshotRefused("This is no snapshot of KECS: it has no kecsSnapshot.")
    if number > FORMAT:
        raise SnapshotRefused(f"The snapshot was taken by a newer KECS ({head.get('version')}); this is {__version__}.")
    try:
        found = msgspec.json.decode(document, type=Document)
        ScriptBook(found.images)
        return found
    except ValueError as error:
        raise SnapshotRefused(f"The snapshot is damaged: {error}") from error


def _records(raw: Mapping[str, list[msgspec.Raw]]) -> list[tuple[str, Record]]:
    found: list[tuple[str, Record]] = []
    for kind, rows in raw.items():
        if kind not in KINDS:
            raise SnapshotRefused(f"The snapshot has records that KECS {__version__} does not know: {kind}.")
        decode = msgspec.json.Decoder(record_type(kind)).decode
        try:
            found += [(kind, decode(row)) for row in rows]
        except msgspec.ValidationError as error:
            raise SnapshotRefused(f"The snapshot is damaged, in {kind}: {error}") from error
    return found
