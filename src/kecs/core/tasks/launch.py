"""Several tasks of one kind at once: placed where there is room, or refused with AWS's reasons.

Called by RunTask and by the service loop, with the instances' rooms; both only have to put the records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.capacity import assign, launch_type_of
from kecs.core.placement import Room, place
from kecs.core.records import InstanceRecord, TaskRecord
from kecs.core.tasks.create import TaskSpec, needs_of, new_task

NO_INSTANCES = "No Container Instances were found in your cluster."


class Launched(NamedTuple):
    """What came of it: the new tasks, and one (instance ARN or None, reason) for each refusal."""

    tasks: list[TaskRecord]
    refusals: list[tuple[str | None, str]]


def launch(
    spec: TaskSpec,
    count: int,
    strategy: Sequence[m.CapacityProviderStrategyItem],
    running: Iterable[TaskRecord],
    rooms: Callable[[], Sequence[Room]],
    now: float,
    hex32: Callable[[], str],
    uuid: Callable[[], str],
) -> Launched:
    """`count` tasks of `spec`. A strategy, if any, decides each one's provider, counting what is `running`.

    `rooms` is asked only when a task needs an instance.
    """
    tasks: list[TaskRecord] = []
    refusals: list[tuple[str | None, str]] = []
    needs, found = needs_of(spec), None
    for spec_of_one in _kinds(spec, count, strategy, running):
        instance: InstanceRecord | None = None
        if spec_of_one.launch_type != "FARGATE":
            if found is None:
                # No container instance is an external one.
                found = rooms() if spec_of_one.launch_type != "EXTERNAL" else []
            room, refused = place(needs, found)
            if room is None:
                refusals += refused or [(None, NO_INSTANCES)]
                continue
            instance = room.instance
        tasks.append(new_task(spec_of_one, instance, needs, now, hex32, uuid))
    return Launched(tasks, refusals)


def _kinds(
    spec: TaskSpec, count: int, strategy: Sequence[m.CapacityProviderStrategyItem], running: Iterable[TaskRecord]
) -> list[TaskSpec]:
    if not strategy:
        return [spec] * count
    have = Counter(
        t.capacity_provider_name for t in running if t.capacity_provider_name and t.desired_status == "RUNNING"
    )
    kinds = {
        item.capacity_provider: replace(
            spec, launch_type=launch_type_of(item.capacity_provider), capacity_provider_name=item.capacity_provider
        )
        for item in strategy
    }
    return [kinds[provider] for provider in assign(strategy, count, have)]
