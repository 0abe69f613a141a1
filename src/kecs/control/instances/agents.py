"""Takes updates of container agents on, from PENDING to UPDATED."""

from __future__ import annotations

from kecs.control.queue import WorkQueue
from kecs.core.instances.changes import next_update_at, update_step
from kecs.core.records import Change, InstanceRecord
from kecs.ports.clock import Clock
from kecs.ports.store import Store

KIND = "agent"


class Agents:
    """Looks at a container instance when its agent's update is due for its next status."""

    def __init__(self, store: Store, clock: Clock, queue: WorkQueue) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, _, _, after in changes:
            if table == "instances" and after is not None:
                self._await(after)

    def recover(self) -> None:
        """Go on with the updates of before a restart."""
        for record in self._store.instances:
            self._await(record)

    def work(self, arn: str) -> None:
        record, now = self._store.instances.get(arn), self._clock.now()
        due = next_update_at(record) if record is not None else None
        if record is not None and due is not None and due <= now:
            with self._store.transaction():
                self._store.instances.put(update_step(record, now))

    def _await(self, record: InstanceRecord) -> None:
        due = next_update_at(record)
        if due is not None:
            self._queue.wake(KIND, record.arn, due)
