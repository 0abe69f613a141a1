"""Has the runtime remove what the tasks of an ECS cluster had in common, once the cluster is deleted.

Its tasks have all been released by then. Whether anything is left the runtime knows; after a restart it is asked again.
"""

from __future__ import annotations

from kecs.control.queue import WorkQueue
from kecs.core.records import Change, ClusterRecord
from kecs.ports.runtime import Runtime
from kecs.ports.store import Store

KIND = "deleted cluster"


class Vacated:
    """The loop over clusters that are no more."""

    def __init__(self, store: Store, queue: WorkQueue, runtime: Runtime) -> None:
        self._store = store
        self._queue = queue
        self._runtime = runtime
        self._outbox: list[str] = []  # not durable yet
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, before, after in changes:
            if table == "clusters" and _is_deleted(after) and not _is_deleted(before):
                self._queue.add(KIND, key)

    def recover(self) -> None:
        """Look at those that had been deleted before a restart."""
        for cluster in self._store.clusters:
            if _is_deleted(cluster):
                self._queue.add(KIND, cluster.arn)

    def work(self, arn: str) -> None:
        """Nothing is removed of a cluster that there is again."""
        if _is_deleted(self._store.clusters.get(arn)):
            self._outbox.append(arn)

    def dispatch(self) -> None:
        """Ask the runtime; called once it is durable."""
        outbox, self._outbox = self._outbox, []
        if outbox:
            self._runtime.vacate(outbox)

    def forget(self) -> None:
        """Drop what is under way; for a reset."""
        self._outbox.clear()


def _is_deleted(cluster: ClusterRecord | None) -> bool:
    return cluster is not None and cluster.cluster.status == "INACTIVE"
