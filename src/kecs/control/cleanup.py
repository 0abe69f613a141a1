"""Forgets what is over once nobody can ask for it any more: stopped tasks, inactive services, clusters and container
instances, what is left of daemons. AWS shows stopped tasks for an hour, and of the others says only that it may purge
them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kecs.control.queue import WorkQueue
from kecs.core.records import Change
from kecs.ports.clock import Clock
from kecs.ports.store import Store

KIND = "cleanup"
TURN = "what is over"


class Cleanup:
    """Removes a record `retention` seconds after its task stopped or its service ended; one alarm for all of them."""

    def __init__(self, store: Store, clock: Clock, queue: WorkQueue, retention: float) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._retention = retention
        self._ended: dict[tuple[str, str], float] = {}  # when, by table and key; oldest first
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, before, after in changes:
            if _is_over(table, after) and not _is_over(table, before):
                self._remember(table, key, self._clock.now())

    def recover(self) -> None:
        """Take up what had ended before a restart. When a service or cluster ended is not known any more: now."""
        now = self._clock.now()
        over = [(t.stopped_at or 0.0, "tasks", t.arn) for t in self._store.tasks if _is_over("tasks", t)]
        over += [(now, "services", s.arn) for s in self._store.services if _is_over("services", s)]
        over += [(now, "clusters", c.arn) for c in self._store.clusters if _is_over("clusters", c)]
        instances = self._store.instances
        over += [(i.deregistered_at or now, "instances", i.arn) for i in instances if _is_over("instances", i)]
        deployments, definitions = self._store.daemon_deployments, self._store.daemon_task_definitions
        over += [(d.changed_at, "daemon_deployments", d.arn) for d in deployments if _is_over("daemon_deployments", d)]
        over += [
            (d.deleted_at or now, "daemon_task_definitions", d.arn)
            for d in definitions
            if _is_over("daemon_task_definitions", d)
        ]
        for at, table, key in sorted(over):
            self._remember(table, key, at)

    def work(self, _: str) -> None:
        """Remove everything that is due."""
        now = self._clock.now()
        with self._store.transaction():
            while (due := self._next_due()) is not None and due <= now:
                table, key = place = next(iter(self._ended))
                del self._ended[place]
                records = getattr(self._store, table)
                if _is_over(table, records.get(key)):  # no service of that name has been made since
                    records.delete(key)
        if due is not None:
            self._queue.wake(KIND, TURN, due)

    def ended(self) -> list[tuple[tuple[str, str], float]]:
        """What has ended and is not removed yet, by table and key: when, oldest first."""
        return list(self._ended.items())

    def remember(self, ended: Iterable[tuple[str, str, float]]) -> None:
        """Take up what `ended` has told, without an alarm of its own."""
        self._ended.update({(table, key): at for table, key, at in ended})

    def forget(self) -> None:
        self._ended.clear()

    def _next_due(self) -> float | None:
        return next(iter(self._ended.values())) + self._retention if self._ended else None

    def _remember(self, table: str, key: str, at: float) -> None:
        self._ended.pop((table, key), None)
        self._ended[table, key] = at
        due = self._next_due()
        if due is not None:
            self._queue.wake(KIND, TURN, due)


def _is_over(table: str, record: Any) -> bool:
    match table:
        case "tasks":
            return record is not None and record.last_status == "STOPPED"
        case "services":
            return record is not None and record.status == "INACTIVE"
        case "clusters":
            return record is not None and record.cluster.status == "INACTIVE"
        case "instances":
            return record is not None and record.instance.status == "INACTIVE"
        case "daemon_deployments":  # the last of a daemon: its deletion
            return record is not None and record.target_revision_arn is None and record.status == "SUCCESSFUL"
        case "daemon_task_definitions":
            return record is not None and record.definition.status == "DELETED"
    return False
