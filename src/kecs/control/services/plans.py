"""Carries out the part of a plan that is about tasks which there are. Called by `services` and `task_sets`."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from kecs.core.scheduling.plan import Stop
from kecs.core.tasks.changes import request_stop
from kecs.ports.store import Store


def carry_out(store: Store, stops: Iterable[Stop], accounted: Iterable[str], told: Iterable[str], now: float) -> None:
    """Ask the tasks to stop, and note which have been counted and what was told of which; in the transaction of the
    plan."""
    for stop in stops:
        task = store.tasks.get(stop.task)
        if task is not None:
            store.tasks.put(request_stop(task, stop.stop_code, stop.reason, now))
    for arn in accounted:
        task = store.tasks.get(arn)
        if task is not None:
            store.tasks.put(replace(task, accounted=True))
    for arn in told:
        task = store.tasks.get(arn)
        if task is not None:
            targets = tuple(replace(target, told=target.registered) for target in task.targets)
            store.tasks.put(replace(task, targets=targets))
