"""Which tasks of a service go first when it has too many: those whose end keeps what its strategies have made.

Without strategies AWS takes them from the Availability Zone that has most of them, and there from the instance that has
most. `control.services.loop` finds out where each task is (`spots`), the service scheduler asks for the order.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_scheduler_replica.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from kecs.aws.model import ecs as m
from kecs.core.placement.resources import Room
from kecs.core.placement.strategies import DEFAULT, left, place_of

INSTANCE = m.PlacementStrategy(type="spread", field="instanceId")

Spots = tuple[str | int, ...]
"""Where a task is, one item for each strategy: its place for `spread`, what its instance has left for `binpack`."""


class _Placed(Protocol):
    @property
    def spots(self) -> Spots: ...


T = TypeVar("T", bound=_Placed)


def spots(room: Room, strategies: Sequence[m.PlacementStrategy]) -> Spots:
    """Where the tasks on this instance are."""
    return tuple(
        left(room, s.field or "") if s.type == "binpack" else place_of(room, s.field or "")
        for s in strategies or (*DEFAULT, INSTANCE)
        if s.type != "random"
    )


def leaving_first(tasks: Sequence[T], all_tasks: Iterable[T], count: int) -> list[T]:
    """Of `tasks`, oldest first, those of which the first `count` are to go, in order: always one of the place that has
    most of `all_tasks` by then, or most room left; among equals the newest."""
    newest_first = tasks[::-1]
    if count >= len(tasks) or not any(task.spots for task in tasks):
        return list(newest_first)
    there: dict[Spots, list[T]] = {}
    for task in tasks:
        there.setdefault(task.spots, []).append(task)
    age = {id(task): number for number, task in enumerate(tasks)}
    crowd = Counter((level, spot) for task in all_tasks for level, spot in enumerate(task.spots))

    def weight(place: Spots) -> tuple[int, ...]:
        sizes = (spot if isinstance(spot, int) else crowd[level, spot] for level, spot in enumerate(place))
        return (*sizes, age[id(there[place][-1])])

    going: list[T] = []
    while len(going) < count:
        place = max((place for place in there if there[place]), key=weight)
        going.append(there[place].pop())
        crowd.subtract((level, spot) for level, spot in enumerate(place))
    gone = {id(task) for task in going}
    return [*going, *(task for task in newest_first if id(task) not in gone)]
