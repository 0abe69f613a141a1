"""The daemon loop: keeps the tasks of every daemon where they belong, and carries its deployments out.

For each daemon that changed, or whose instances or tasks did: a snapshot in, `core.daemons` decides, and its plan
becomes records in one transaction. A second kind of key is an instance: it is opened to other tasks once its daemons
run, and its daemons are stopped once it is drained.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.control.queue import WorkQueue
from kecs.core.daemons.fleet import Fleet, fleet
from kecs.core.daemons.instances import covers, is_ready, to_stop, waits_for_daemons
from kecs.core.daemons.launch import daemon_task, lacks, spec_of, with_digests
from kecs.core.daemons.schedule import OURS, Drain, Plan, plan
from kecs.core.instances.changes import changed
from kecs.core.records import Change, DaemonRecord, DaemonRevisionRecord, InstanceRecord, TaskRecord
from kecs.core.tasks.changes import request_stop
from kecs.core.tasks.create import TaskSpec
from kecs.ports.clock import Clock, Ids
from kecs.ports.store import Store

KIND = "daemon"
INSTANCE = "instance of daemons"

LEAVING = "The container instance is drained."
HEALTH = "InfrastructureHealth"  # the stop code of tasks whose instance is not fit for them any more


class Daemons:
    """The loop over all daemons. A daemon at rest costs nothing."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        queue.register(KIND, self.work)
        queue.register(INSTANCE, self.work_instance)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, before, after in changes:
            if table == "tasks":
                self._notice_task(before, after)
            elif table == "instances" and (after or before).instance.capacity_provider_name:
                self._queue.add(INSTANCE, key)
                for daemon in self._store.daemons.keys("cluster", (after or before).cluster_arn):
                    self._queue.add(KIND, daemon)
            elif table == "daemons":
                self._queue.add(KIND, key)
                for instance in self._store.instances.where("cluster", (after or before).cluster_arn):
                    if waits_for_daemons(instance):
                        self._queue.add(INSTANCE, instance.arn)

    def recover(self) -> None:
        """Look at every daemon and its instances after a restart."""
        for daemon in self._store.daemons:
            self._queue.add(KIND, daemon.arn)
            for instance in self._store.instances.where("cluster", daemon.cluster_arn):
                self._queue.add(INSTANCE, instance.arn)

    def work(self, arn: str) -> None:
        """Look at one daemon and do what its plan says."""
        daemon = self._store.daemons.get(arn)
        deployment = self._store.daemon_deployments.get(daemon.deployment_arn) if daemon else None
        if daemon is None or deployment is None:
            return
        store, now = self._store, self._clock.now()
        revisions = {revision.arn: revision for revision in store.daemon_revisions.where("daemon", arn)}
        tasks = store.tasks.where("daemon", arn)
        seen = fleet(
            daemon,
            deployment,
            store.instances.where("cluster", daemon.cluster_arn),
            tasks,
            {revision.arn for revision in revisions.values() if revision.critical},
            now,
        )
        spec = self._spec(daemon, revisions[daemon.revision_arn])
        decided = plan(seen, lambda instance: lacks(spec, instance, store.tasks.where("instance", instance.arn)))
        with store.transaction():
            self._commit(seen, decided, spec)
            for revision in revisions.values():
                known = with_digests(revision, tasks)
                if known is not revision and not decided.over:
                    store.daemon_revisions.put(known)
        if decided.wake_at is not None:
            self._queue.wake(KIND, arn, decided.wake_at)
        if decided.deployment.status != deployment.status:
            self._queue.add(KIND, arn)  # there may be more to do at once

    def work_instance(self, arn: str) -> None:
        """Let an instance take other tasks once its daemons run, and its daemons go once nothing else is left."""
        store = self._store
        instance, tasks = store.instances.get(arn), store.tasks.where("instance", arn)
        with store.transaction():
            for task in to_stop(instance, tasks):
                store.tasks.put(request_stop(task, OURS, LEAVING, self._clock.now()))
            if instance is not None and waits_for_daemons(instance):
                self._open(instance, tasks)

    def _open(self, instance: InstanceRecord, tasks: list[TaskRecord]) -> None:
        provider = instance.instance.capacity_provider_name
        daemons = [d for d in self._store.daemons.where("cluster", instance.cluster_arn) if covers(d, provider)]
        critical = {d.revision_arn for d in daemons if self._revision(d).critical}
        if is_ready(instance, daemons, tasks, critical):
            self._store.instances.put(changed(instance, status="ACTIVE"))

    def _notice_task(self, before: TaskRecord | None, after: TaskRecord | None) -> None:
        task = after or before
        if task is None or task.container_instance_arn is None:
            return
        if task.daemon_arn is None:
            if after is not None and after.last_status != "STOPPED":
                return
            instance = self._store.instances.get(task.container_instance_arn)
            if instance is not None and instance.instance.status == "DRAINING":
                self._queue.add(INSTANCE, instance.arn)
        elif before is None or after is None or _counts(before) != _counts(after):
            self._queue.add(KIND, task.daemon_arn)
            self._queue.add(INSTANCE, task.container_instance_arn)

    def _commit(self, seen: Fleet, decided: Plan, spec: TaskSpec) -> None:
        store, now = self._store, seen.now
        for arn in decided.accounted:
            task = store.tasks.get(arn)
            if task is not None:
                store.tasks.put(replace(task, accounted=True))
        for instance in decided.starts:
            store.tasks.put(daemon_task(spec, seen.daemon, instance, now, self._ids.hex32, self._ids.uuid))
        for drain in decided.drains:
            self._drain(drain, now)
        if decided.deployment != seen.deployment:
            store.daemon_deployments.put(decided.deployment)
        if decided.over:
            self._forget(decided.daemon)
        elif decided.daemon != seen.daemon:
            store.daemons.put(decided.daemon)

    def _drain(self, drain: Drain, now: float) -> None:
        """Service tasks move away by themselves; others cannot, and end."""
        instance = self._store.instances.get(drain.instance)
        if instance is None:
            return
        self._store.instances.put(changed(instance, status="DRAINING"))
        for task in self._store.tasks.where("instance", drain.instance):
            if task.daemon_arn is None and task.service_arn is None and task.last_status != "STOPPED":
                self._store.tasks.put(request_stop(task, HEALTH, drain.reason, now))

    def _forget(self, daemon: DaemonRecord) -> None:
        """The daemon is gone; only its last deployment is still shown for a while."""
        self._store.daemons.delete(daemon.arn)
        for revision in self._store.daemon_revisions.where("daemon", daemon.arn):
            self._store.daemon_revisions.delete(revision.arn)
        for deployment in self._store.daemon_deployments.where("daemon", daemon.arn):
            if deployment.arn != daemon.deployment_arn:
                self._store.daemon_deployments.delete(deployment.arn)

    def _spec(self, daemon: DaemonRecord, revision: DaemonRevisionRecord) -> TaskSpec:
        cluster = self._store.clusters.get(daemon.cluster_arn)
        definition = self._store.daemon_task_definitions.get(revision.definition_arn)
        if cluster is None or definition is None:
            raise LookupError(f"the cluster or the task definition of {revision.arn} is gone")
        return spec_of(cluster, daemon, revision, definition)

    def _revision(self, daemon: DaemonRecord) -> DaemonRevisionRecord:
        revision = self._store.daemon_revisions.get(daemon.revision_arn)
        if revision is None:
            raise LookupError(f"the revision {daemon.revision_arn} of {daemon.arn} is gone")
        return revision


def _counts(task: TaskRecord) -> tuple[str, str, str]:
    """What is decided on."""
    return task.last_status, task.desired_status, task.health
