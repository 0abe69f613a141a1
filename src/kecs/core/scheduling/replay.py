"""Decisions of the service scheduler, kept with what they were made from, and made again.

`control.services.decisions` keeps them, GET /_kecs/state?history=true exports them. A test or somebody who looks for a
fault takes an export and has the scheduler decide once more: the same snapshot gives the same plan, or the scheduler is
another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, count
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from kecs.core.records import Record, ServiceRecord
from kecs.core.scheduling.plan import Plan
from kecs.core.scheduling.scheduler import plan
from kecs.core.scheduling.snapshot import Snapshot
from kecs.core.task_sets.schedule import StandIn


class Decision(Record):
    """A plan that did something, and the snapshot that it was made from."""

    snapshot: Snapshot
    plan: Plan
    task_set: str | None = None  # the id of the one that the snapshot's service stands in for


class Difference(NamedTuple):
    """A decision that the scheduler would not make again."""

    decision: Decision
    plan: Plan  # what it plans now


def decisions_of(export: Mapping[str, Any]) -> list[Decision]:
    """The decisions in what /_kecs/state?history=true has answered, service by service, the oldest first.

    Raises msgspec.ValidationError for what is no such export.
    """
    found = msgspec.convert(export.get("history", []), list[_History])
    return [_with_stand_in(decision) for history in found for decision in history.decisions]


def replay(decisions: Iterable[Decision]) -> list[Difference]:
    """What the scheduler plans differently now; nothing, as long as it is the same scheduler."""
    made = ((decision, _again(decision)) for decision in decisions)
    return [Difference(decision, planned) for decision, planned in made if planned != decision.plan]


class _History(Record):
    service: str
    decisions: tuple[Decision, ...]


def _again(decision: Decision) -> Plan:
    """The plan for the snapshot, whose events get the ids that they were given then."""
    known = {event.id for event in decision.snapshot.service.events}
    given = [event.id or "" for event in reversed(decision.plan.service.events) if event.id not in known]
    ids = chain(given, (f"event {number}" for number in count(1)))
    return plan(decision.snapshot, lambda: next(ids))


def _with_stand_in(decision: Decision) -> Decision:
    task_set = decision.task_set
    if task_set is None:
        return decision
    return replace(
        decision,
        snapshot=replace(decision.snapshot, service=_stand_in(decision.snapshot.service, task_set)),
        plan=replace(decision.plan, service=_stand_in(decision.plan.service, task_set)),
    )


def _stand_in(service: ServiceRecord, task_set: str) -> StandIn:
    return StandIn(**msgspec.structs.asdict(service), task_set=task_set)
