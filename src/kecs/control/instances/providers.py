"""Moves capacity providers, and what clusters have attached for them, on to where they are going.

Handlers write what is in progress and until when; this loop has an alarm for each, so that it ends also after a
restart. A Managed Instances provider is gone only when its last instance is.
"""

from __future__ import annotations

from kecs.control.queue import WorkQueue
from kecs.core.arns import group_key
from kecs.core.capacity.association import attached, with_managed, without
from kecs.core.capacity.providers import settled
from kecs.core.records import CapacityProviderRecord, Change
from kecs.ports.clock import Clock
from kecs.ports.store import Store

PROVIDER = "capacity provider"
ATTACHMENTS = "attachments of a cluster"
LOOK_AGAIN = 0.1
"""Seconds until a provider whose instances are still going is looked at again, should no change of theirs cause it."""


class Providers:
    """The loop over capacity providers and clusters that are on their way."""

    def __init__(self, store: Store, clock: Clock, queue: WorkQueue) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        queue.register(PROVIDER, self.work)
        queue.register(ATTACHMENTS, self._attach)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, _, after in changes:
            if table == "capacity_providers" and after is not None and after.settles_at is not None:
                self._queue.wake(PROVIDER, key, after.settles_at)
            elif table == "clusters" and after is not None and after.attached_at is not None:
                self._queue.wake(ATTACHMENTS, key, after.attached_at)

    def recover(self) -> None:
        """Take up what was in progress before a restart."""
        for provider in self._store.capacity_providers:
            if provider.settles_at is not None:
                self._queue.wake(PROVIDER, provider.arn, provider.settles_at)
        for cluster in self._store.clusters:
            if cluster.attached_at is not None:
                self._queue.wake(ATTACHMENTS, cluster.arn, cluster.attached_at)

    def work(self, arn: str) -> None:
        """End what was in progress, if it is time."""
        record, now = self._store.capacity_providers.get(arn), self._clock.now()
        if record is None or record.settles_at is None:
            return
        if record.settles_at > now:
            self._queue.wake(PROVIDER, arn, record.settles_at)
        elif record.provider.update_status == "DELETE_IN_PROGRESS" and self._has_instances(record):
            self._queue.wake(PROVIDER, arn, now + LOOK_AGAIN)
        else:
            with self._store.transaction():
                self._store.capacity_providers.put(settled(record))
                self._tell_cluster(record)

    def _has_instances(self, record: CapacityProviderRecord) -> bool:
        group = group_key(record.cluster_arn or "", record.name)
        return any(i.instance.status != "INACTIVE" for i in self._store.instances.where("group", group))

    def _tell_cluster(self, record: CapacityProviderRecord) -> None:
        cluster = self._store.clusters.get(record.cluster_arn) if record.cluster_arn else None
        if cluster is None:
            return
        match record.provider.update_status:
            case "CREATE_IN_PROGRESS":
                self._store.clusters.put(with_managed(cluster, record.name))
            case "DELETE_IN_PROGRESS":
                self._store.clusters.put(without(cluster, record.name))

    def _attach(self, arn: str) -> None:
        cluster, now = self._store.clusters.get(arn), self._clock.now()
        if cluster is None or cluster.attached_at is None:
            return
        if cluster.attached_at > now:
            self._queue.wake(ATTACHMENTS, arn, cluster.attached_at)
        else:
            with self._store.transaction():
                self._store.clusters.put(attached(cluster))
