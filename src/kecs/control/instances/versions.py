"""Counts in a container instance's version that tasks came to it and went, as AWS does: then it sends an event.

Several that come or go in one turn are one change of the instance.
"""

from __future__ import annotations

from kecs.control.queue import WorkQueue
from kecs.core.instances.changes import changed
from kecs.core.records import Change, TaskRecord
from kecs.ports.store import Store

KIND = "room of instance"


class Rooms:
    """The loop over instances whose tasks have taken some of their room, or left it."""

    def __init__(self, store: Store, queue: WorkQueue) -> None:
        self._store = store
        self._queue = queue
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, _, before, after in changes:
            if table != "tasks" or after is None or after.container_instance_arn is None:
                continue
            if _holds_room(before) != _holds_room(after):
                self._queue.add(KIND, after.container_instance_arn)

    def work(self, arn: str) -> None:
        instance = self._store.instances.get(arn)
        if instance is not None and instance.instance.status != "INACTIVE":
            with self._store.transaction():
                self._store.instances.put(changed(instance))


def _holds_room(task: TaskRecord | None) -> bool:
    return task is not None and task.container_instance_arn is not None and task.last_status != "STOPPED"
