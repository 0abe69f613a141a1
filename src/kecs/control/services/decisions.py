"""Remembers what the service loop decided and from what, for whoever wants to know why a service did what it did.

`services` and `task_sets` hand over every decision that did something; `app` exports them, and
`core.scheduling.replay` makes them again. Nothing is copied or encoded for that: records never change. A restart
forgets them.
"""

from __future__ import annotations

from collections import deque

from kecs.core.scheduling.plan import Plan
from kecs.core.scheduling.replay import Decision
from kecs.core.scheduling.snapshot import Snapshot

MOST_SERVICES = 1_000
MOST_DECISIONS = 100  # of a service
MOST_TASKS = 10_000  # in the snapshots of a service, unless the newest alone has more; a few megabytes


class Decisions:
    """The newest decisions of each service, the oldest first."""

    def __init__(self) -> None:
        self._kept: dict[str, deque[Decision]] = {}
        self.looks = 0  # at a service, whether or not anything was to be done
        self.tasks_seen = 0  # in all of them
        self.changes = 0  # tasks started, asked to stop, and counted as stopped

    def note(self, snapshot: Snapshot, plan: Plan) -> None:
        """Count the look, and keep the decision if it did anything."""
        self.looks += 1
        self.tasks_seen += len(snapshot.tasks)
        self.changes += sum(launch.count for launch in plan.launches) + len(plan.stops) + len(plan.accounted)
        service = snapshot.service
        if plan.service is service and not (plan.launches or plan.stops or plan.accounted):
            return
        if service.arn not in self._kept and len(self._kept) >= MOST_SERVICES:
            del self._kept[next(iter(self._kept))]
        kept = self._kept.setdefault(service.arn, deque(maxlen=MOST_DECISIONS))
        kept.append(Decision(snapshot=snapshot, plan=plan, task_set=service.task_set))
        tasks = sum(len(decision.snapshot.tasks) for decision in kept)
        while tasks > MOST_TASKS and len(kept) > 1:
            tasks -= len(kept.popleft().snapshot.tasks)

    def of(self, service: str) -> list[Decision]:
        """Those of the service of that ARN."""
        return list(self._kept.get(service, ()))

    def clear(self) -> None:
        """Forget them; for a reset."""
        self._kept.clear()
