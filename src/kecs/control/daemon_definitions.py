"""Finishes DeleteDaemonTaskDefinition: a definition is DELETED once no daemon and no daemon task uses it any more."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.control.queue import WorkQueue
from kecs.core.records import Change
from kecs.ports.clock import Clock
from kecs.ports.store import Store

KIND = "daemon task definition"


class DaemonDefinitions:
    """Looks at the definitions that are being deleted when a daemon changes or a daemon task stops."""

    def __init__(self, store: Store, clock: Clock, queue: WorkQueue) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, _, after in changes:
            if table == "daemons":
                self.recover()
            elif table == "daemon_task_definitions" and after is not None:
                self._queue.add(KIND, key)
            elif table == "tasks" and after is not None and after.daemon_arn and after.last_status == "STOPPED":
                self._queue.add(KIND, after.definition_arn)

    def recover(self) -> None:
        """Look at every definition that is being deleted."""
        for record in self._store.daemon_task_definitions:
            if record.definition.status == "DELETE_IN_PROGRESS":
                self._queue.add(KIND, record.arn)

    def work(self, arn: str) -> None:
        record = self._store.daemon_task_definitions.get(arn)
        if record is None or record.definition.status != "DELETE_IN_PROGRESS" or self._used(arn):
            return
        deleted = replace(record.definition, status="DELETED")
        with self._store.transaction():
            self._store.daemon_task_definitions.put(replace(record, definition=deleted, deleted_at=self._clock.now()))

    def _used(self, arn: str) -> bool:
        """Whether a daemon may still start tasks of it, or one of them has not stopped yet."""
        store = self._store
        for daemon in store.daemons:
            for revision in (daemon.revision_arn, daemon.stable_revision_arn or ""):
                record = store.daemon_revisions.get(revision)
                if record is not None and record.definition_arn == arn:
                    return True
            tasks = store.tasks.where("daemon", daemon.arn)
            if any(task.definition_arn == arn and task.last_status != "STOPPED" for task in tasks):
                return True
        return False
