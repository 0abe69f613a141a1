"""Placement strategies: which of the container instances that would do gets the task, and which task goes first.

Each strategy leaves the candidates that are best by it to the next one. Without any, tasks are spread over Availability
Zones, AWS's default; of what is left after the last, the instance with the fewest tasks is taken.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from kecs.aws.model import ecs as m
from kecs.core.placement.resources import Room

ZONE = "attribute:ecs.availability-zone"
DEFAULT = (m.PlacementStrategy(type="spread", field=ZONE),)

Pick = Callable[[int], int]
"""Gives one of the numbers below its argument; where chance comes from is the caller's business."""


def choose(
    fitting: Sequence[Room], rooms: Sequence[Room], strategies: Sequence[m.PlacementStrategy], group: str, pick: Pick
) -> Room:
    """One of `fitting`, which is not empty. `rooms` are all instances: their tasks of the group count for spread."""
    candidates = list(fitting)
    for strategy in strategies or DEFAULT:
        field = strategy.field or ""
        if len(candidates) == 1:
            break
        if strategy.type == "random":
            candidates = [candidates[pick(len(candidates))]]
        elif strategy.type == "binpack":
            candidates = _least(candidates, lambda room, field=field: left(room, field))  # type: ignore[misc]
        else:
            tasks = Counter[str]()
            for room in rooms:
                tasks[place_of(room, field)] += room.groups[group]
            candidates = _least(candidates, lambda room, n=tasks, field=field: n[place_of(room, field)])  # type: ignore[misc]
    return min(candidates, key=lambda room: room.count)


def place_of(room: Room, field: str) -> str:
    """The value of an instance by which `spread` spreads; those without the attribute count as one place."""
    if field.lower() in ("instanceid", "host"):
        return room.instance.arn
    return room.attributes.get(field.removeprefix("attribute:"), "")


def left(room: Room, field: str) -> int:
    """How much of what `binpack` packs by is left."""
    return room.cpu if field.lower() == "cpu" else room.memory


def _least(rooms: Sequence[Room], measure: Callable[[Room], int]) -> list[Room]:
    measured = [measure(room) for room in rooms]
    least = min(measured)
    return [room for room, amount in zip(rooms, measured, strict=True) if amount == least]
