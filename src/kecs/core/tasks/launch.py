"""Several tasks of one kind at once: placed where they may go and there is room, or refused with AWS's reasons.

Called by RunTask and by the service loop, with the instances' rooms; both only have to put the records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.capacity import assign, launch_type_of
from kecs.core.instances.capabilities import EXTERNAL
from kecs.core.placement import Refusal, Room, place, rules_of
from kecs.core.records import TaskRecord
from kecs.core.tasks.create import TaskSpec, needs_of, new_task
from kecs.core.tasks.subnets import Subnets, subnets_of
from kecs.core.tasks.waiting import put_off
from kecs.core.zones import zone_of, zones_of_subnets

NO_INSTANCES = "No Container Instances were found in your cluster."
NO_CAPACITY = "No Container Instances were found in your capacity provider."
NO_FARGATE_CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"

Refuse = Callable[[TaskSpec], str | None]
"""Why the next task of this kind is not to find a place anywhere; None when nothing stands in its way."""


class Launched(NamedTuple):
    """What came of it: the new tasks, how many found no place, and why each instance did not take them."""

    tasks: list[TaskRecord]
    refusals: list[Refusal]
    missing: int = 0


def launch(
    spec: TaskSpec,
    count: int,
    strategy: Sequence[m.CapacityProviderStrategyItem],
    running: Iterable[TaskRecord],
    rooms: Callable[[], Sequence[Room]],
    now: float,
    hex32: Callable[[], str],
    uuid: Callable[[], str],
    patient: Collection[str] = (),
    zone: str | None = None,
    refuse: Refuse | None = None,
) -> Launched:
    """`count` tasks of `spec`. A strategy, if any, decides each one's provider, counting what is `running`.

    `rooms` is asked only when a task needs an instance. Tasks of the `patient` providers wait when there is none. All
    of them go to the Availability Zone `zone` if it is given. What `refuse` says of one is said of every instance.
    """
    tasks: list[TaskRecord] = []
    refusals: list[Refusal] = []
    missing = 0
    needs, found, subnets = needs_of(spec), None, None
    rules = rules_of(spec.definition.definition, spec.group, spec.constraints, spec.strategies)

    def pick(below: int) -> int:
        return int(hex32(), 16) % below

    for spec_of_one in _kinds(spec, count, strategy, running):
        forbidden = refuse(spec_of_one) if refuse is not None else None
        if spec_of_one.launch_type != "FARGATE":
            found = rooms() if found is None else found
            candidates = [r for r in eligible(spec_of_one, found) if zone is None or zone_of(r.instance) == zone]
            room, refused = _refused(candidates, forbidden) if forbidden else place(needs, rules, candidates, pick)
        elif forbidden:
            room, refused = None, [Refusal(None, forbidden)]
        else:
            subnets = subnets or Subnets(spec.network_configuration, spec.cluster.scope.region, running)
            subnet = subnets.take(zone, pick)
            tasks.append(new_task(replace(spec_of_one, subnet=subnet), None, needs, now, hex32, uuid))
            continue
        if room is None and spec_of_one.capacity_provider_name in patient:
            tasks.append(put_off(new_task(spec_of_one, None, needs, now, hex32, uuid), spec_of_one))
            continue
        if room is None:
            missing += 1
            refusals += refused or [Refusal(None, NO_CAPACITY if strategy else NO_INSTANCES)]
            continue
        gpus = room.give(needs, spec.group)
        tasks.append(new_task(spec_of_one, room.instance, needs, now, hex32, uuid, gpus))
    return Launched(tasks, refusals, missing)


def _refused(rooms: Sequence[Room], reason: str) -> tuple[None, list[Refusal]]:
    """What `place` answers when every instance has the same reason."""
    return None, [Refusal(room.instance.arn, reason) for room in rooms]


def zones_for(
    spec: TaskSpec, strategy: Sequence[m.CapacityProviderStrategyItem], rooms: Callable[[], Sequence[Room]]
) -> tuple[str, ...]:
    """The Availability Zones where tasks of `spec` could run; `rooms` gives the instances as if nothing ran there."""
    needs, found = needs_of(spec), set[str]()
    rules = rules_of(spec.definition.definition, spec.group, spec.constraints)
    for kind in _providers(spec, strategy).values() if strategy else [spec]:
        if kind.launch_type == "FARGATE":
            found.update(zones_of_subnets(subnets_of(spec.network_configuration), spec.cluster.scope.region))
            continue
        able = (room.instance for room in eligible(kind, rooms()) if room.lacks(needs, rules) is None)
        found.update(zone for instance in able if (zone := zone_of(instance)))
    return tuple(sorted(found))


def eligible(spec: TaskSpec, rooms: Sequence[Room]) -> list[Room]:
    """The ACTIVE instances of the kind that the launch type or capacity provider means."""
    return [room for room in rooms if room.instance.instance.status == "ACTIVE" and _of_kind(spec, room)]


def _of_kind(spec: TaskSpec, room: Room) -> bool:
    if (EXTERNAL in room.attributes) != (spec.launch_type == "EXTERNAL"):
        return False
    provider = room.instance.instance.capacity_provider_name
    if spec.capacity_provider_name is None:
        return provider not in spec.cluster.managed  # these run nothing but what asks for them
    return provider == spec.capacity_provider_name


def _kinds(
    spec: TaskSpec, count: int, strategy: Sequence[m.CapacityProviderStrategyItem], running: Iterable[TaskRecord]
) -> list[TaskSpec]:
    if not strategy:
        return [spec] * count
    kinds = _providers(spec, strategy)
    have = Counter(
        t.capacity_provider_name for t in running if t.capacity_provider_name and t.desired_status == "RUNNING"
    )
    return [kinds[provider] for provider in assign(strategy, count, have)]


def _providers(spec: TaskSpec, strategy: Sequence[m.CapacityProviderStrategyItem]) -> dict[str, TaskSpec]:
    """The spec for each capacity provider, by its name."""
    return {
        item.capacity_provider: replace(
            spec,
            launch_type=launch_type_of(item.capacity_provider, spec.cluster.managed),
            capacity_provider_name=item.capacity_provider,
        )
        for item in strategy
    }
