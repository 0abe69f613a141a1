"""Makes container instances of a runtime's nodes, and brings what becomes of the one to the other.

Keys are nodes and clusters. A node is looked at when it is told of, when an instance that it is changes, and when its
patience is over; a cluster when something about it decides which nodes it has. Only there where a runtime has nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kecs.control.instances.terminations import end_tasks, terminate
from kecs.control.queue import WorkQueue
from kecs.core.instances.changes import only_counted
from kecs.core.nodes.belonging import belongs, is_free
from kecs.core.nodes.upkeep import Member, heard, upkeep
from kecs.core.records import Change, ClusterRecord, InstanceRecord, NodeRecord, TaskRecord
from kecs.ports.clock import Clock, Ids
from kecs.ports.nodes import All, Changed, Gone, Nodes, Told
from kecs.ports.store import Store

KIND = "node"
CLUSTER = "nodes of a cluster"


class NodeInstances:
    """The loop over nodes. A node at rest costs nothing."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue, nodes: Nodes, patience: float) -> None:
        """`patience`: for how many seconds a node may be away before its tasks are given up."""
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        self._nodes = nodes
        self._patience = patience
        self._working: str | None = None  # the node whose changes are being committed
        self._outbox: list[Callable[[], None]] = []  # what is to be asked of the runtime and is not durable yet
        queue.register(KIND, self.work)
        queue.register(CLUSTER, self._work_cluster)

    def begin(self) -> None:
        """Hear of the nodes from now on; take up what was asked of them before a restart."""
        for record in self._store.nodes:
            self._queue.add(KIND, record.name)
            if record.cordon is not None:
                self._nodes.cordon(record.name, record.cordon)
            if record.lost:
                self._nodes.give_up(record.name)
        self._nodes.tell(self.hear)

    def dispatch(self) -> None:
        """Ask the runtime for what this turn has decided; called once that is durable."""
        outbox, self._outbox = self._outbox, []
        for ask in outbox:
            ask()

    def forget(self) -> None:
        """Drop what is under way; for a reset."""
        self._outbox.clear()

    def hear(self, told: Told) -> None:
        """The sink of the runtime's nodes."""
        with self._store.transaction():
            match told:
                case All(nodes):
                    there = {node.name for node in nodes}
                    for name in [record.name for record in self._store.nodes if record.name not in there]:
                        self._store.nodes.delete(name)
                    for node in nodes:
                        self._put(heard(self._store.nodes.get(node.name), node, self._clock.now()))
                case Changed(node):
                    self._put(heard(self._store.nodes.get(node.name), node, self._clock.now()))
                case Gone(name):
                    self._store.nodes.delete(name)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, before, after in changes:
            match table:
                case "nodes" if key != self._working:
                    self._queue.add(KIND, key)
                case "instances":
                    node = (after or before).node
                    if node is not None and node.name != self._working and not only_counted(before, after):
                        self._queue.add(KIND, node.name)
                case "clusters" if _claim(before) != _claim(after):
                    self._queue.add(CLUSTER, key)
                case "tasks" if _is_over(after) and not _is_over(before):
                    self._notice_end(after.container_instance_arn)

    def work(self, name: str) -> None:
        """Bring a node and its instances together."""
        now, record = self._clock.now(), self._store.nodes.get(name)
        uid = record.node.uid if record is not None else None
        there = [i for i in self._store.instances.where("node", name) if _is_open(i)]
        gone = [i for i in there if i.node is None or i.node.uid != uid]
        if gone:
            self._outbox.append(partial(self._nodes.give_up, name))
        self._working = name
        try:
            with self._store.transaction():
                for instance in gone:
                    terminate(self._store, instance, now)
                if record is not None:
                    self._keep(record, [i for i in there if i not in gone], now)
        finally:
            self._working = None

    def _keep(self, record: NodeRecord, instances: list[InstanceRecord], now: float) -> None:
        clusters = self._store.clusters
        members = [Member(instance=i, cluster=clusters.get(i.cluster_arn), busy=self._is_busy(i)) for i in instances]
        decided = upkeep(record, members, self._candidates(record), now, self._patience, self._ids.hex32)
        self._put(decided.record)
        for instance in decided.instances:
            if instance != self._store.instances.get(instance.arn):
                self._store.instances.put(instance)
        if decided.given_up:
            for instance in instances:
                end_tasks(self._store, instance, now)
            self._outbox.append(partial(self._nodes.give_up, record.name))
        if decided.ask is not None:
            self._outbox.append(partial(self._nodes.cordon, record.name, decided.ask))
        if decided.wake_at is not None:
            self._queue.wake(KIND, record.name, decided.wake_at)

    def _work_cluster(self, arn: str) -> None:
        """See to the nodes that the cluster has now and has not had, or the other way round."""
        cluster = self._store.clusters.get(arn)
        has = {i.node.name for i in self._store.instances.where("cluster", arn) if i.node and _is_open(i)}
        wanted = {r.name for r in self._store.nodes if cluster is not None and belongs(r.node, cluster)}
        for name in sorted(has ^ wanted):
            self._queue.add(KIND, name)

    def _candidates(self, record: NodeRecord) -> list[ClusterRecord]:
        clusters = self._store.clusters
        return clusters.where("nodes", "taken") if is_free(record.node) else list(clusters)

    def _is_busy(self, instance: InstanceRecord) -> bool:
        return any(task.last_status != "STOPPED" for task in self._store.tasks.where("instance", instance.arn))

    def _notice_end(self, instance: str | None) -> None:
        """A task has stopped: an instance may wait for it to leave."""
        record = self._store.instances.get(instance) if instance is not None else None
        if record is not None and record.node is not None and record.instance.status == "DRAINING":
            self._queue.add(KIND, record.node.name)

    def _put(self, record: NodeRecord) -> None:
        if record != self._store.nodes.get(record.name):
            self._store.nodes.put(record)


def _is_open(instance: InstanceRecord) -> bool:
    return instance.instance.status != "INACTIVE"


def _is_over(task: TaskRecord | None) -> bool:
    return task is not None and task.last_status == "STOPPED"


def _claim(cluster: ClusterRecord | None) -> object:
    """What decides which nodes the cluster has."""
    if cluster is None:
        return None
    shown = cluster.cluster
    return shown.status, shown.capacity_providers, cluster.takes_nodes, cluster.parted_with
