"""Sees to the instances of capacity providers: launches them, places what waits for them, takes them away.

An Auto Scaling group of a caller's is nowhere to be found, so KECS keeps one for each provider in each of its clusters;
Managed Instances are ECS's own in any case. `core.capacity.scaling` decides how many there are. A group is looked at
when a task or an instance of it changes, when its provider or cluster does, and at the times that scaling asked for; it
costs nothing in between. Which tasks wait, and which instances there are, is in their records, so that a restart only
has to look at every group again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kecs.aws.model import ecs as m
from kecs.control.instances.terminations import terminate
from kecs.control.queue import WorkQueue
from kecs.core.arns import group_key
from kecs.core.capacity import fleet
from kecs.core.capacity.bins import Demand
from kecs.core.capacity.scaling import Scaling
from kecs.core.daemons.instances import covers
from kecs.core.daemons.launch import held_by
from kecs.core.placement import Room
from kecs.core.records import (
    CapacityGroupRecord,
    CapacityProviderRecord,
    Change,
    ClusterRecord,
    DaemonRecord,
    InstanceRecord,
    TaskRecord,
)
from kecs.core.taskdefs.requirements import Requirements
from kecs.core.tasks.changes import request_stop
from kecs.core.tasks.waiting import demand_of, placed, room_for
from kecs.ports.clock import Clock, Ids
from kecs.ports.store import Store

KIND = "capacity group"


class Capacity:
    """The loop over the groups of all capacity providers, one for each cluster that uses it."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        self.refuse: Callable[[TaskRecord], str | None] | None = None  # asked before a task is placed
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, _, before, after in changes:
            match table:
                case "tasks":
                    self._notice_task(before, after)
                case "instances":
                    instance = after or before
                    if instance.instance.capacity_provider_name:
                        self._add(instance.cluster_arn, instance.instance.capacity_provider_name)
                case "capacity_providers" if after is not None:
                    for cluster in self._store.clusters:
                        if after.name in _providers(cluster) and cluster.scope == after.scope:
                            self._add(cluster.arn, after.name)
                case "daemons":
                    for target in (after or before).targets:
                        self._add((after or before).cluster_arn, target.provider)
                case "clusters":
                    for name in _providers(before) ^ _providers(after) or self._groups_of(before, after):
                        self._add((after or before).arn, name)

    def recover(self) -> None:
        """Look at every group after a restart."""
        for group in self._store.capacity_groups:
            self._queue.add(KIND, group.key)
        for cluster in self._store.clusters:
            for name in _providers(cluster):
                self._add(cluster.arn, name)

    def look_again(self) -> None:
        """Look at every group: what has found no place may find one now."""
        for group in self._store.capacity_groups:
            self._queue.add(KIND, group.key)

    def work(self, key: str) -> None:
        """Bring one group to what it should be."""
        cluster_arn, _, name = key.partition("|")
        cluster = self._store.clusters.get(cluster_arn)
        if cluster is None:
            self._forget(key)
            return
        provider = self._store.capacity_providers.get(cluster.scope.capacity_provider(name))
        with self._store.transaction():
            if provider is not None and fleet.has_template(provider):
                self._look(key, cluster, provider)

    def _look(self, key: str, cluster: ClusterRecord, provider: CapacityProviderRecord) -> None:
        now = self._clock.now()
        before = self._store.capacity_groups.get(key)
        group = before or CapacityGroupRecord(key=key, cluster_arn=cluster.arn, provider=provider.name)
        daemons = [d for d in self._store.daemons.where("cluster", cluster.arn) if covers(d, provider.name)]
        starting = self._boot(key, now, daemons=bool(daemons))
        self._place(key)
        instances = self._store.instances.where("group", key)
        members, waiting = self._machines(instances, group), self._demands(key)
        decided = fleet.decide(cluster, provider, group, members, waiting, now, self._held(daemons))
        for kind in decided.launch:
            others = self._store.instances.where("group", key)
            instance = fleet.launched(cluster, provider, kind, self._ids.hex32(), now, others)
            self._store.instances.put(instance)
            starting = now + fleet.BOOT if starting is None else starting
        for arn in decided.hopeless:
            self._stop(arn, "TaskFailedToStart", fleet.NO_INSTANCE_TYPE)
        leaving = self._leave(provider, group, decided)
        after = fleet.remember(group, decided, leaving)
        if after != before:
            self._store.capacity_groups.put(after)
        for when in (starting, decided.wake_at):
            if when is not None:
                self._queue.wake(KIND, key, when)

    def _forget(self, key: str) -> None:
        """The group of a cluster that nobody knows any more."""
        if self._store.capacity_groups.get(key) is not None:
            with self._store.transaction():
                self._store.capacity_groups.delete(key)

    def _boot(self, key: str, now: float, *, daemons: bool) -> float | None:
        """Instances that have started by now register; when the next one will have."""
        pending = None
        for instance in self._store.instances.where("group", key):
            if instance.instance.status == "REGISTERING" and not instance.instance.agent_connected:
                up_at = (instance.instance.registered_at or 0.0) + fleet.BOOT
                if up_at <= now:
                    self._store.instances.put(fleet.registered(instance, daemons=daemons))
                else:
                    pending = min(pending or up_at, up_at)
        return pending

    def _held(self, daemons: list[DaemonRecord]) -> Requirements:
        """What these daemons take of each instance."""
        revisions = [r for d in daemons if (r := self._store.daemon_revisions.get(d.revision_arn))]
        definitions = [self._store.daemon_task_definitions.get(revision.definition_arn) for revision in revisions]
        return held_by(record.definition for record in definitions if record)

    def _place(self, key: str) -> None:
        """Give the tasks that wait, the oldest first, what room there is."""
        waiting = self._store.tasks.where("waiting", key)
        if not waiting:
            return
        instances = [i for i in self._store.instances.where("group", key) if fleet.open_to_tasks(i)]
        rooms = [Room(instance, self._tasks_on(instance)) for instance in instances]
        for task in waiting:
            definition = self._definition(task)
            if definition is None or (self.refuse is not None and self.refuse(task)):
                continue
            room = room_for(task, definition, rooms, lambda below: int(self._ids.hex32(), 16) % below)
            if room is not None:
                self._store.tasks.put(placed(task, room, definition))

    def _demands(self, key: str) -> list[Demand]:
        waiting = self._store.tasks.where("waiting", key)
        return [demand_of(task, definition) for task in waiting if (definition := self._definition(task))]

    def _machines(self, instances: list[InstanceRecord], group: CapacityGroupRecord) -> list[fleet.Member]:
        return [
            fleet.Member(instance=instance, tasks=sum(1 for _ in self._keeping(instance)))
            for instance in instances
            if instance.instance.status not in fleet.GOING and instance.arn not in group.leaving
        ]

    def _leave(self, provider: CapacityProviderRecord, group: CapacityGroupRecord, decided: Scaling) -> tuple[str, ...]:
        """Take instances away, the tasks on them first where the provider drains them; those that are not gone yet."""
        gently = fleet.drains(provider)
        for arn in decided.remove:
            instance = self._store.instances.get(arn)
            if instance is not None and gently:
                self._store.instances.put(fleet.draining(instance, provider))
        staying = []
        for arn in dict.fromkeys((*group.leaving, *decided.remove)):
            instance = self._store.instances.get(arn)
            if instance is None or instance.instance.status == "INACTIVE":
                continue
            if gently and any(self._holding(instance)):
                staying.append(arn)
            else:
                terminate(self._store, instance, self._clock.now())
        return tuple(staying)

    def _stop(self, arn: str, code: str, reason: str) -> None:
        task = self._store.tasks.get(arn)
        if task is not None:
            self._store.tasks.put(request_stop(task, code, reason, self._clock.now()))

    def _tasks_on(self, instance: InstanceRecord) -> list[TaskRecord]:
        tasks = self._store.tasks.where("instance", instance.arn)
        return [task for task in tasks if task.last_status != "STOPPED"]

    def _holding(self, instance: InstanceRecord) -> Iterator[TaskRecord]:
        """The tasks that an instance on its way out waits for: daemons of Managed Instances are the last to go."""
        yield from self._keeping(instance)
        yield from (task for task in self._tasks_on(instance) if task.daemon_arn is not None)

    def _keeping(self, instance: InstanceRecord) -> Iterator[TaskRecord]:
        """The tasks for which the instance is there: one that runs nothing but daemons counts as empty."""
        for task in self._tasks_on(instance):
            service = self._store.services.get(task.service_arn) if task.service_arn else None
            daemon = service is not None and service.service.scheduling_strategy == "DAEMON"
            if not daemon and task.daemon_arn is None:
                yield task

    def _definition(self, task: TaskRecord) -> m.TaskDefinition | None:
        record = self._store.task_definitions.get(task.definition_arn)
        return None if record is None else record.definition

    def _groups_of(self, before: ClusterRecord | None, after: ClusterRecord | None) -> set[str]:
        """The providers that have had instances in a cluster that is forgotten."""
        if before is None or after is not None:
            return set()
        return {group.provider for group in self._store.capacity_groups if group.cluster_arn == before.arn}

    def _notice_task(self, before: TaskRecord | None, after: TaskRecord | None) -> None:
        task = after or before
        if task is None:
            return
        if task.unplaced:
            if before is None or after is None or before.waiting != after.waiting:
                self._add(task.cluster_arn, task.capacity_provider_name or "")
        elif task.container_instance_arn and (before is None or after is None or _over(before) != _over(after)):
            instance = self._store.instances.get(task.container_instance_arn)
            if instance is not None and instance.instance.capacity_provider_name:
                self._add(task.cluster_arn, instance.instance.capacity_provider_name)

    def _add(self, cluster: str, provider: str) -> None:
        self._queue.add(KIND, group_key(cluster, provider))


def _over(task: TaskRecord) -> bool:
    return task.last_status == "STOPPED"


def _providers(cluster: ClusterRecord | None) -> set[str]:
    """The capacity providers that have something to do with the cluster."""
    if cluster is None:
        return set()
    return {*(cluster.cluster.capacity_providers or ()), *cluster.managed}
