"""The service loop: brings what runs of a service in line with what is wanted of it.

For each service that changed, or whose tasks did: a snapshot in, `core.scheduling` decides, and its plan becomes
records in one transaction: tasks started and asked to stop, counters, events, the service's status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kecs.aws.model import ecs as m
from kecs.control.queue import WorkQueue
from kecs.control.services.daemon_places import DaemonPlaces
from kecs.control.services.decisions import Decisions
from kecs.control.services.history import History
from kecs.control.services.hooks import HookCalls
from kecs.control.services.plans import carry_out
from kecs.control.services.staging import Staging
from kecs.control.services.task_sets import TaskSets
from kecs.core.arns import last_part
from kecs.core.capacity.providers import patient
from kecs.core.deployments.counts import tally
from kecs.core.deployments.revisions import revision_arn
from kecs.core.instances.changes import LEFT, only_counted
from kecs.core.placement import Room, closest
from kecs.core.placement.scale_in import Spots, spots
from kecs.core.records import (
    CapacityProviderRecord,
    Change,
    DeploymentRecord,
    InstanceRecord,
    ServiceRecord,
    TaskRecord,
)
from kecs.core.scheduling.daemon import is_daemon, launch_on
from kecs.core.scheduling.plan import Launch, Plan
from kecs.core.scheduling.scheduler import after_launch, plan
from kecs.core.scheduling.snapshot import Places, ServiceTask, Snapshot, service_task
from kecs.core.scheduling.zones import concerns
from kecs.core.tasks.create import TaskSpec
from kecs.core.tasks.launch import Launched, Refuse, launch, zones_for
from kecs.core.tasks.targets import targets_of
from kecs.ports.alarms import Alarms
from kecs.ports.clock import Clock, Ids
from kecs.ports.store import Store

KIND = "service"
DAEMON = "daemon service"  # its tasks are the first on an instance


class Services:
    """The loop over all services. A service at rest costs nothing."""

    def __init__(
        self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue, hooks: HookCalls, alarms: Alarms
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        self._hooks = hooks
        self._staging = Staging(store, ids, alarms)
        self._history = History(store, ids, self._staging.ringing)
        self.decisions = Decisions()
        self._task_sets = TaskSets(store, clock, ids, self._see, self._launch, self.decisions)
        self._more_room: set[str] = set()  # services whose tasks found no room before an instance had some
        self.working: str | None = None  # the service whose changes are being committed
        self.refuse: Refuse | None = None  # asked before a task is placed
        self._places = DaemonPlaces(store)
        queue.register(DAEMON, self.work)
        queue.register(KIND, self.work)
        alarms.subscribe(lambda scope, alarm: self._add_all(self._staging.watching(scope, alarm)))

    def work(self, arn: str) -> None:
        """Look at one service and do what its plan says."""
        before, more_room = self._store.services.get(arn), arn in self._more_room
        self._more_room.discard(arn)
        if before is None or before.status == "INACTIVE":
            return
        if before.has_task_sets:
            self._work_task_sets(before, more_room=more_room)
            return
        now = self._clock.now()
        tasks = self._store.tasks.where("unaccounted", arn)
        seen = self._see(before, tasks)
        numbers = tally(seen)
        service, history = self._history.take_up(before, numbers, now)
        places = self._find_places(service, tasks)
        staged = self._staging.progress(service, history, seen, places, now)
        service = staged.service
        zones = self._find_zones(service)
        snapshot = Snapshot(
            service=service,
            tasks=seen,
            now=now,
            more_room=more_room,
            places=places,
            zones=zones,
            apart=staged.apart if zones is None else None,  # one deployment that has completed is as any other
            held=staged.held,
        )
        decided = plan(snapshot, self._ids.uuid)
        self.working = arn
        try:
            with self._store.transaction():
                if service is not before:
                    self._store.services.put(service)  # whoever watches sees every state of its deployments
                self._commit(service, decided, tasks, now)
                more = self._history.write(decided.service, staged.records, tasks, numbers, now)
        finally:
            self.working = None
        self.decisions.note(snapshot, decided)
        self._hooks.want(staged.calls)
        for wake_at in (decided.wake_at, staged.wake_at):
            if wake_at is not None:
                self._queue.wake(_kind(service), arn, wake_at)
        if decided.launches or more or (decided.service.steady and not service.steady):
            self.add(arn)  # what was started, or refused, changes what comes next; what is steady may be balanced

    def add(self, arn: str) -> None:
        """Have the service looked at soon."""
        self._queue.add(_kind(self._store.services.get(arn)), arn)

    def _work_task_sets(self, service: ServiceRecord, *, more_room: bool) -> None:
        self.working = service.arn
        try:
            wake_at = self._task_sets.work(service, more_room=more_room)
        finally:
            self.working = None
        if wake_at is not None and wake_at <= self._clock.now():
            self._queue.add(KIND, service.arn)
        elif wake_at is not None:
            self._queue.wake(KIND, service.arn, wake_at)

    def recover(self) -> None:
        """Look at every service after a restart."""
        for service in self._store.services:
            self.add(service.arn)
            self._more_room.add(service.arn)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store: instances that come, change and go, and room for tasks that found none."""
        for table, key, before, after in changes:
            if table == "instances" and not only_counted(before, after):
                if before is None or after is None or before.instance.status != after.instance.status:
                    self._add_all(self._places.services_on(key))
                self._add_all(self._store.services.keys("daemon", (after or before).cluster_arn))
                if after is not None and after.instance.status == "ACTIVE":
                    self.notice_room(after.cluster_arn)
                    if before is None or before.instance.status != "ACTIVE":
                        services = self._store.services.where("cluster", after.cluster_arn)
                        self._add_all(service.arn for service in services if concerns(service))
            elif table == "tasks" and _is_over(after) and not _is_over(before) and after.container_instance_arn:
                self._add_all(self._places.lingering_on(after.container_instance_arn))
                self.notice_room(after.cluster_arn)

    def _add_all(self, services: Iterable[str]) -> None:
        for arn in services:
            self.add(arn)

    def notice_room(self, cluster: str) -> None:
        """What found no place in the cluster may find one now."""
        sets = [task_set.service_arn for task_set in self._store.task_sets.where("unplaced", cluster)]
        for arn in dict.fromkeys((*self._store.services.keys("unplaced", cluster), *sets)):
            self._more_room.add(arn)
            self.add(arn)

    def _find_places(self, service: ServiceRecord, tasks: Sequence[TaskRecord]) -> Places | None:
        if not is_daemon(service):
            return None
        spec = self._spec(service, service.deployments[0])
        return self._places.of(service, spec, tasks)

    def _find_zones(self, service: ServiceRecord) -> tuple[str, ...] | None:
        if not concerns(service):
            return None
        deployment = service.deployments[0]
        spec, instances = self._spec(service, deployment), self._store.instances
        if spec is None:
            return None
        return zones_for(
            spec,
            deployment.capacity_provider_strategy,
            lambda: [Room(instance, ()) for instance in instances.where("cluster", service.cluster_arn)],
        )

    def _see(self, service: ServiceRecord, tasks: Sequence[TaskRecord]) -> tuple[ServiceTask, ...]:
        """The tasks and where they are, as far as it matters for what becomes of them."""
        places = {arn: self._store.instances.get(arn) for task in tasks if (arn := task.container_instance_arn)}
        left = {arn for arn, place in places.items() if place is None or place.instance.status in LEFT}
        found = self._spots(service, tasks, [place for place in places.values() if place is not None])
        hosts = {arn: place.instance.ec2_instance_id for arn, place in places.items() if place is not None}
        return tuple(
            service_task(
                task,
                draining=(where := task.container_instance_arn) in left,
                host=hosts.get(where or ""),
                spots=found.get(_place(task), ()),
            )
            for task in tasks
        )

    def _spots(
        self, service: ServiceRecord, tasks: Sequence[TaskRecord], instances: Sequence[InstanceRecord]
    ) -> dict[str | None, Spots]:
        """By instance, on Fargate by zone, if PRIMARY has more tasks than desired: only then somebody asks."""
        primary = service.deployments[0].id if service.deployments else None
        wanted = sum(task.deployment_id == primary and task.desired_status == "RUNNING" for task in tasks)
        if wanted <= service.desired_count:
            return {}
        if not instances:
            return {zone: (zone,) for task in tasks if (zone := task.availability_zone)}
        strategies = service.service.placement_strategy or ()
        packed = any(strategy.type == "binpack" for strategy in strategies)
        return {
            instance.arn: spots(
                Room(instance, self._store.tasks.where("instance", instance.arn) if packed else ()), strategies
            )
            for instance in instances
        }

    def _commit(self, before: ServiceRecord, decided: Plan, tasks: Sequence[TaskRecord], now: float) -> None:
        service = decided.service
        carry_out(self._store, decided.stops, decided.accounted, decided.told, now)
        for wanted in decided.launches:
            service = self._launch(service, wanted, tasks, now)
        if service != before:
            self._store.services.put(service)

    def _launch(self, service: ServiceRecord, wanted: Launch, tasks: Sequence[TaskRecord], now: float) -> ServiceRecord:
        deployment = next(d for d in service.deployments if d.id == wanted.deployment_id)
        spec = self._spec(service, deployment)
        if spec is None:
            return after_launch(service, wanted, [], ["TASK_DEFINITION"], now, self._ids.uuid)
        launched = (
            self._launch_on(service, spec, wanted, now)
            if wanted.instances
            else launch(
                spec,
                wanted.count,
                deployment.capacity_provider_strategy,
                tasks,
                lambda: self._rooms(service.cluster_arn),
                now,
                self._ids.hex32,
                self._ids.uuid,
                () if wanted.zone else patient(deployment.capacity_provider_strategy, self._provider_of(service)),
                wanted.zone,
                self.refuse,
            )
        )
        for task in launched.tasks:
            self._store.tasks.put(task)
        started, nearest = [task.arn for task in launched.tasks], closest(launched.refusals)
        failures = [nearest.reason] * launched.missing if nearest else []
        instance = nearest.instance if nearest else None
        return after_launch(service, wanted, started, failures, now, self._ids.uuid, instance)

    def _launch_on(self, service: ServiceRecord, spec: TaskSpec, wanted: Launch, now: float) -> Launched:
        rooms = self._rooms(service.cluster_arn)
        return launch_on(wanted.instances, spec, rooms, now, self._ids.hex32, self._ids.uuid, self.refuse)

    def _provider_of(self, service: ServiceRecord) -> Callable[[str], CapacityProviderRecord | None]:
        return lambda name: self._store.capacity_providers.get(service.scope.capacity_provider(name))

    def _spec(self, service: ServiceRecord, deployment: DeploymentRecord) -> TaskSpec | None:
        cluster = self._store.clusters.get(service.cluster_arn)
        definition = self._store.task_definitions.get(deployment.task_definition)
        if cluster is None or definition is None:
            return None
        return TaskSpec(
            cluster=cluster,
            definition=definition,
            launch_type=deployment.launch_type or "EC2",
            group=f"service:{service.name}",
            started_by=deployment.id,
            network_configuration=deployment.network_configuration,
            platform_version=deployment.platform_version,
            enable_execute_command=bool(service.service.enable_execute_command),
            tags=self._tags(service, definition.tags),
            service_arn=service.arn,
            service_name=service.name,
            deployment_id=deployment.id,
            constraints=tuple(service.service.placement_constraints or ()),
            strategies=tuple(service.service.placement_strategy or ()),
            volumes=deployment.volume_configurations,
            targets=targets_of(self._balancers(service, deployment), alternate=deployment.alternate),
        )

    def _balancers(self, service: ServiceRecord, deployment: DeploymentRecord) -> Sequence[m.LoadBalancer]:
        """Those of the revision, which the service may have changed since."""
        revision = None if service.task_set else self._store.service_revisions.get(revision_arn(service, deployment.id))
        return (revision.service if revision else service.service).load_balancers or ()

    def _tags(self, service: ServiceRecord, of_definition: tuple[m.Tag, ...]) -> tuple[m.Tag, ...]:
        propagated = {"SERVICE": service.tags, "TASK_DEFINITION": of_definition}
        tags = propagated.get(service.service.propagate_tags or "NONE", ())
        if service.service.enable_ecs_managed_tags:
            managed = {"aws:ecs:clusterName": last_part(service.cluster_arn), "aws:ecs:serviceName": service.name}
            tags += tuple(m.Tag(key=key, value=value) for key, value in managed.items())
        return tags

    def _rooms(self, cluster: str) -> list[Room]:
        instances = self._store.instances.where("cluster", cluster)
        return [Room(instance, self._store.tasks.where("instance", instance.arn)) for instance in instances]


def _kind(service: ServiceRecord | None) -> str:
    return DAEMON if service is not None and is_daemon(service) else KIND


def _place(task: TaskRecord) -> str | None:
    return task.container_instance_arn or task.availability_zone


def _is_over(task: TaskRecord | None) -> bool:
    return task is not None and task.last_status == "STOPPED"
