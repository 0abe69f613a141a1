"""How many instances a capacity provider should have: managed scaling, and Managed Instances.

Values in, values out; `control.instances.capacity` takes the snapshot and carries the decision out.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html

An Auto Scaling group grows by the metric CapacityProviderReservation, which is the number of instances needed over the
number there are. Tasks that found no room count with the instances they would fill, by the group's instance type and
within its scaling steps; a group that has none starts with two; nothing is added while an instance is warming up. Above
the target it grows to where the metric meets the target. Below it, after 15 minutes, it gives up to half of itself back
every minute, and of that only instances on which nothing runs.

Managed Instances are launched for the tasks that wait, each the smallest type that will do, and go when they have been
idle for as long as infrastructureOptimization says.
"""

from __future__ import annotations

from collections.abc import Sequence

from kecs.core.capacity.bins import NOTHING, Bin, Demand, pack
from kecs.core.capacity.instance_types import InstanceType
from kecs.core.records import Record
from kecs.core.taskdefs.requirements import Requirements

FIRST_STEP = 2  # instances: how a group without any begins
SCALE_IN_AFTER = 15 * 60.0  # seconds: 15 data points of a minute
SCALE_IN_EVERY = 60.0  # seconds between two steps of a scale-in
IDLE_DEFAULT = 300.0  # seconds; AWS does not publish what Managed Instances do when scaleInAfter is not given
NEVER = -1  # scaleInAfter: idle instances stay


class Machine(Record):
    """An instance of the group that is not on its way out."""

    arn: str
    kind: InstanceType
    launched_at: float
    running: bool  # False: it is still starting, so nothing can be placed on it yet
    tasks: int  # tasks that keep it: all but those of daemons


class GroupPolicy(Record):
    """What an Auto Scaling group provider asks for."""

    kind: InstanceType
    managed: bool  # managedScaling is ENABLED
    target: int = 100  # percent
    minimum_step: int = 1
    maximum_step: int = 10_000
    warmup: float = 300.0  # seconds
    smallest: int = 0  # instances
    largest: int = 100


class Scaling(Record):
    """A decision. Asking again at the same time, once it is carried out, decides nothing more."""

    launch: tuple[InstanceType, ...] = ()
    remove: tuple[str, ...] = ()  # ARNs of instances
    hopeless: tuple[str, ...] = ()  # ARNs of tasks that no instance of the provider will ever have room for
    reservation: float = 100.0
    scale_in_at: float | None = None
    idle_since: tuple[tuple[str, float], ...] = ()
    wake_at: float | None = None


def scale_group(
    policy: GroupPolicy,
    machines: Sequence[Machine],
    waiting: Sequence[Demand],
    scale_in_at: float | None,
    now: float,
) -> Scaling:
    """What an Auto Scaling group should do now. `scale_in_at` is that of the last decision."""
    there = len(machines)
    if not policy.managed or there < policy.smallest:
        return _hold(policy, machines)
    coming = [Bin(machine.kind) for machine in machines if not machine.running]
    packing = pack(waiting, coming, lambda _: (policy.kind,))
    needed = sum(machine.tasks > 0 for machine in machines) + packing.used
    if packing.new:
        needed = there + min(max(len(packing.new), policy.minimum_step), policy.maximum_step)
    reservation = _reservation(needed, there)
    wanted = _wanted(policy, needed, there)
    if wanted > there:
        warm_at = max((machine.launched_at + policy.warmup for machine in machines), default=now)
        if warm_at > now:
            return Scaling(reservation=reservation, wake_at=warm_at)
        return Scaling(launch=(policy.kind,) * (wanted - there), reservation=reservation)
    if wanted == there:
        return Scaling(reservation=reservation)
    return _scale_in(machines, there - wanted, reservation, scale_in_at, now)


def _reservation(needed: int, there: int) -> float:
    """The metric. Without instances AWS publishes 100 when none is needed and 200 when any is."""
    if not there:
        return 200.0 if needed else 100.0
    return 100.0 * needed / there


def _wanted(policy: GroupPolicy, needed: int, there: int) -> int:
    """How many instances bring the metric back to its target, a step away at most."""
    wanted = -(-needed * 100 // policy.target)
    if wanted > there:
        step = FIRST_STEP if not there else max(wanted - there, policy.minimum_step)
        wanted = there + min(step, policy.maximum_step)
    return min(max(wanted, policy.smallest), policy.largest)


def _hold(policy: GroupPolicy, machines: Sequence[Machine]) -> Scaling:
    """Without managed scaling a group keeps its smallest size, and it never has fewer."""
    missing = policy.smallest - len(machines)
    if missing > 0:
        return Scaling(launch=(policy.kind,) * missing)
    return Scaling(remove=_empty(machines)[:-missing])


def _scale_in(
    machines: Sequence[Machine], surplus: int, reservation: float, scale_in_at: float | None, now: float
) -> Scaling:
    removable = _empty(machines)
    if scale_in_at is None:
        scale_in_at = max([now, *(machine.launched_at for machine in machines)]) + SCALE_IN_AFTER
    if scale_in_at > now:
        return Scaling(reservation=reservation, scale_in_at=scale_in_at, wake_at=scale_in_at)
    count = min(surplus, max(1, len(machines) // 2))
    after = now + SCALE_IN_EVERY
    return Scaling(remove=removable[:count], reservation=reservation, scale_in_at=after, wake_at=after)


def _empty(machines: Sequence[Machine]) -> tuple[str, ...]:
    """Those on which nothing runs, the oldest first."""
    empty = [machine for machine in machines if machine.running and not machine.tasks]
    return tuple(machine.arn for machine in sorted(empty, key=lambda machine: machine.launched_at))


def scale_managed(
    kinds: Sequence[InstanceType],
    scale_in_after: int | None,
    machines: Sequence[Machine],
    waiting: Sequence[Demand],
    idle_since: Sequence[tuple[str, float]],
    now: float,
    held: Requirements = NOTHING,
) -> Scaling:
    """What a Managed Instances provider should do now. `kinds` it may launch, the first that fits is taken;
    `idle_since` is that of the last decision, `held` what daemons take of each instance."""
    coming = [Bin(machine.kind, held) for machine in machines if not machine.running]
    packing = pack(waiting, coming, lambda _: kinds, held)
    known = dict(idle_since)
    idle = tuple(
        (machine.arn, known.get(machine.arn, now)) for machine in machines if machine.running and not machine.tasks
    )
    patience = IDLE_DEFAULT if scale_in_after is None else float(scale_in_after)
    if scale_in_after == NEVER:
        return Scaling(launch=packing.new, hopeless=packing.misfits, idle_since=idle)
    due = tuple(arn for arn, since in idle if since + patience <= now)
    staying = tuple(entry for entry in idle if entry[0] not in due)
    return Scaling(
        launch=packing.new,
        remove=due,
        hopeless=packing.misfits,
        idle_since=staying,
        wake_at=min((since + patience for _, since in staying), default=None),
    )
