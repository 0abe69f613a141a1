"""How many instances the tasks that wait would fill: first fit, the biggest task first.

Called by `scaling`. A bin is what an instance offers before anything runs on it, or what is left of one on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kecs.core.capacity.instance_types import InstanceType
from kecs.core.records import Record
from kecs.core.taskdefs.requirements import Requirements

NOTHING = Requirements(cpu=0, memory=0)


class Demand(Record):
    """What one waiting task needs of an instance."""

    task: str  # ARN
    needs: Requirements
    architecture: str | None = None  # None: the definition does not say
    alone: bool = False  # the constraint distinctInstance: no other such task of its `group` beside it
    group: str = ""


class Bin:
    """An instance while it is being filled in thought."""

    def __init__(self, kind: InstanceType, held: Requirements = NOTHING) -> None:
        """`held` is what the daemons of its capacity provider take before anything else."""
        self.kind = kind
        self._cpu, self._memory, self._gpus = kind.cpu - held.cpu, kind.memory - held.memory, kind.gpus
        self._ports: set[str] = set()
        self._groups: set[str] = set()
        self.used = False

    def take(self, demand: Demand) -> bool:
        """Whether the task finds room; if so the room is taken."""
        needs = demand.needs
        gpus = max(self._gpus, 1) if needs.all_gpus else needs.gpu
        ports = {f"tcp/{port}" for port in needs.tcp_ports} | {f"udp/{port}" for port in needs.udp_ports}
        if demand.architecture not in (None, self.kind.architecture) or self._ports & ports:
            return False
        if needs.cpu > self._cpu or needs.memory > self._memory or gpus > self._gpus:
            return False
        if demand.alone and demand.group in self._groups:
            return False
        self._cpu -= needs.cpu
        self._memory -= needs.memory
        self._gpus -= gpus
        self._ports |= ports
        self._groups.add(demand.group)
        self.used = True
        return True


class Packing(Record):
    """What came of packing: bins that were there and are used now, the kinds of new ones, tasks that fit nowhere."""

    used: int
    new: tuple[InstanceType, ...]
    misfits: tuple[str, ...]  # ARNs of tasks


def pack(
    demands: Iterable[Demand],
    there: Sequence[Bin],
    choose: Callable[[Demand], Sequence[InstanceType]],
    held: Requirements = NOTHING,
) -> Packing:
    """Put every task into a bin that is there, else into a new one of the first kind chosen for it that it fits.

    `held` is what daemons take of every new one.
    """
    new: list[Bin] = []
    misfits: list[str] = []
    in_order = sorted(demands, key=lambda d: (d.needs.memory, d.needs.cpu), reverse=True)
    for demand in in_order:
        if any(bin_.take(demand) for bin_ in (*there, *new)):
            continue
        fitting = next((bin_ for kind in choose(demand) if (bin_ := Bin(kind, held)).take(demand)), None)
        if fitting is None:
            misfits.append(demand.task)
        else:
            new.append(fitting)
    return Packing(used=sum(bin_.used for bin_ in there), new=tuple(bin_.kind for bin_ in new), misfits=tuple(misfits))
