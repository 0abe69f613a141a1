"""Ends the sessions of ECS Exec with their tasks."""

from __future__ import annotations

from kecs.control.queue import WorkQueue
from kecs.core.records import Change
from kecs.ports.store import Store

KIND = "sessions"


class Sessions:
    """Looks at a task's sessions when it stops or is forgotten."""

    def __init__(self, store: Store, queue: WorkQueue) -> None:
        self._store = store
        self._queue = queue
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, _, after in changes:
            over = table == "tasks" and (after is None or after.last_status == "STOPPED")
            if over and self._store.sessions.keys("task", key):
                self._queue.add(KIND, key)

    def recover(self) -> None:
        """Look at every task with sessions after a restart."""
        for session in self._store.sessions:
            self._queue.add(KIND, session.task_arn)

    def work(self, arn: str) -> None:
        task = self._store.tasks.get(arn)
        if task is None or task.last_status == "STOPPED":
            with self._store.transaction():
                for session in self._store.sessions.where("task", arn):
                    self._store.sessions.delete(session.id)
