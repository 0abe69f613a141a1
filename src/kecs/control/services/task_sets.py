"""The service loop's part for services with task sets: brings what runs of each set in line with its scale.

`services` hands such a service over; what is to be done is decided in `core.task_sets.schedule` and by the scheduler,
and becomes records in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kecs.control.services.decisions import Decisions
from kecs.control.services.plans import carry_out
from kecs.core.records import ServiceRecord, TaskRecord, TaskSetRecord
from kecs.core.scheduling.plan import Launch
from kecs.core.scheduling.scheduler import plan
from kecs.core.scheduling.snapshot import ServiceTask, Snapshot, service_task
from kecs.core.task_sets.changes import drained
from kecs.core.task_sets.schedule import absorbed, computed, concluded, leftovers, says_steady_again_at, stand_in
from kecs.ports.clock import Clock, Ids
from kecs.ports.store import Store

See = Callable[[ServiceRecord, Sequence[TaskRecord]], Sequence[ServiceTask]]
"""The tasks of a service as the scheduler sees them."""

LaunchTasks = Callable[[ServiceRecord, Launch, Sequence[TaskRecord], float], ServiceRecord]
"""Carries out a launch among these tasks at that time; gives the service afterwards."""


class TaskSets:
    """What the loop over services does about those with task sets."""

    def __init__(
        self, store: Store, clock: Clock, ids: Ids, see: See, launch: LaunchTasks, decisions: Decisions
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._see = see
        self._launch = launch
        self._decisions = decisions

    def work(self, before: ServiceRecord, *, more_room: bool) -> float | None:
        """Look at the task sets of one service; gives when to do so again: now, then, or only after a change."""
        now, store = self._clock.now(), self._store
        with store.transaction():
            tasks = store.tasks.where("unaccounted", before.arn)
            service, sets, wakes = before, [], []
            for task_set in store.task_sets.where("service", before.arn):
                if before.status != "ACTIVE":
                    task_set = drained(task_set, now)
                service, after, wake_at = self._schedule(service, task_set, tasks, now, more_room=more_room)
                sets += [after] if after is not None else []
                wakes.append(wake_at)
            seen = [service_task(task) for task in tasks]
            stops, accounted = leftovers(sets, seen)
            carry_out(store, stops, accounted, (), now)
            service = concluded(service, sets, seen, now, self._ids.uuid)
            for task_set in sets if service.status == "INACTIVE" else ():
                store.task_sets.delete(task_set.arn)
            if service != before:
                store.services.put(service)
        return min((at for at in (*wakes, says_steady_again_at(service)) if at is not None), default=None)

    def _schedule(
        self,
        service: ServiceRecord,
        task_set: TaskSetRecord,
        tasks: Sequence[TaskRecord],
        now: float,
        *,
        more_room: bool,
    ) -> tuple[ServiceRecord, TaskSetRecord | None, float | None]:
        """The service and the task set (None: it is gone), both afterwards, and when to look again."""
        own = [task for task in tasks if task.deployment_id == task_set.id]
        service, before = computed(service, task_set, now, self._ids.uuid)
        scheduled: ServiceRecord = stand_in(service, before)
        seen = tuple(self._see(scheduled, own))
        snapshot = Snapshot(service=scheduled, tasks=seen, now=now, more_room=more_room)
        decided = plan(snapshot, self._ids.uuid)
        self._decisions.note(snapshot, decided)
        carry_out(self._store, decided.stops, decided.accounted, decided.told, now)
        scheduled = decided.service
        for wanted in decided.launches:
            scheduled = self._launch(scheduled, wanted, own, now)
        service, after = absorbed(service, before, scheduled, seen, now)
        if after is None:
            self._store.task_sets.delete(task_set.arn)
        elif after != self._store.task_sets.get(task_set.arn):
            self._store.task_sets.put(after)
        return service, after, now if decided.launches else decided.wake_at
