"""Finds the container instance for one task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kecs.core.placement.resources import Room
from kecs.core.placement.rules import Rules
from kecs.core.placement.strategies import Pick, choose
from kecs.core.taskdefs.requirements import Requirements


class Refusal(NamedTuple):
    """Why an instance did not get the task."""

    instance: str | None  # ARN; None: there was none to look at
    reason: str


def closest(refusals: Sequence[Refusal]) -> Refusal | None:
    """The instance that came closest to taking a task: one that only had no room for it, if there is one."""
    return min(refusals, key=lambda refusal: not refusal.reason.startswith("RESOURCE"), default=None)


def place(needs: Requirements, rules: Rules, rooms: Sequence[Room], pick: Pick) -> tuple[Room | None, list[Refusal]]:
    """The room for the task, not yet counted down. When none will do: None, and a refusal for each."""
    refused: list[Refusal] = []
    fitting: list[Room] = []
    for room in rooms:
        reason = room.lacks(needs, rules)
        if reason is None:
            fitting.append(room)
        else:
            refused.append(Refusal(room.instance.arn, reason))
    if not fitting:
        return None, refused
    return choose(fitting, rooms, rules.strategies, rules.group, pick), []
