"""Forgets stopped tasks and inactive services once nobody can ask for them any more."""

from __future__ import annotations

from collections import deque

from kecs.control.queue import WorkQueue
from kecs.core.records import Change
from kecs.ports.clock import Clock
from kecs.ports.store import Store

KIND = "cleanup"
TURN = "stopped tasks"


class Cleanup:
    """Removes a task's record `retention` seconds after it stopped; one alarm for all of them."""

    def __init__(self, store: Store, clock: Clock, queue: WorkQueue, retention: float) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._retention = retention
        self._stopped: deque[tuple[float, str]] = deque()  # oldest first
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, before, after in changes:
            if (
                table == "tasks"
                and after is not None
                and after.last_status == "STOPPED"
                and (before is None or before.last_status != "STOPPED")
            ):
                self._remember(after.stopped_at or self._clock.now(), key)

    def recover(self) -> None:
        """Take up what had stopped before a restart."""
        stopped = [(t.stopped_at or 0.0, t.arn) for t in self._store.tasks if t.last_status == "STOPPED"]
        for at, arn in sorted(stopped):
            self._remember(at, arn)

    def work(self, _: str) -> None:
        """Remove everything that is due."""
        now = self._clock.now()
        with self._store.transaction():
            while self._stopped and self._stopped[0][0] + self._retention <= now:
                self._store.tasks.delete(self._stopped.popleft()[1])
        if self._stopped:
            self._queue.wake(KIND, TURN, self._stopped[0][0] + self._retention)

    def forget(self) -> None:
        self._stopped.clear()

    def _remember(self, at: float, arn: str) -> None:
        self._stopped.append((at, arn))
        self._queue.wake(KIND, TURN, self._stopped[0][0] + self._retention)
