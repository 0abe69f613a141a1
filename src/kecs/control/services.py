"""The service loop: brings what runs of a service in line with what is wanted of it.

For each service that changed, or whose tasks did: a snapshot in, `core.scheduling` decides, and its plan becomes
records in one transaction: tasks started and asked to stop, counters, events, the service's status.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.control.history import History
from kecs.control.queue import WorkQueue
from kecs.core.arns import last_part
from kecs.core.capacity.providers import patient
from kecs.core.deployments.counts import tally
from kecs.core.placement import Room, closest
from kecs.core.records import CapacityProviderRecord, DeploymentRecord, ServiceRecord, TaskRecord
from kecs.core.scheduling.plan import Launch, Plan
from kecs.core.scheduling.scheduler import after_launch, plan
from kecs.core.scheduling.snapshot import Snapshot, service_task
from kecs.core.tasks.changes import request_stop
from kecs.core.tasks.create import TaskSpec
from kecs.core.tasks.launch import launch
from kecs.ports.clock import Clock, Ids
from kecs.ports.store import Store

KIND = "service"


class Services:
    """The loop over all services. A service at rest costs nothing."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        self._history = History(store, ids)
        self.working: str | None = None  # the service whose changes are being committed
        queue.register(KIND, self.work)

    def work(self, arn: str) -> None:
        """Look at one service and do what its plan says."""
        before = self._store.services.get(arn)
        if before is None or before.status == "INACTIVE":
            return
        now = self._clock.now()
        tasks = self._store.tasks.where("unaccounted", arn)
        seen = tuple(map(service_task, tasks))
        numbers = tally(seen)
        service, history = self._history.take_up(before, numbers, now)
        decided = plan(Snapshot(service=service, tasks=seen, now=now), self._ids.uuid)
        self.working = arn
        try:
            with self._store.transaction():
                self._commit(before, decided, tasks, now)
                self._history.write(decided.service, history, tasks, numbers, now)
        finally:
            self.working = None
        if decided.wake_at is not None:
            self._queue.wake(KIND, arn, decided.wake_at)
        if decided.launches:
            self._queue.add(KIND, arn)  # what was started, or refused, changes what comes next

    def recover(self) -> None:
        """Look at every service after a restart."""
        for service in self._store.services:
            self._queue.add(KIND, service.arn)

    def _commit(self, before: ServiceRecord, decided: Plan, tasks: Sequence[TaskRecord], now: float) -> None:
        table, service = self._store.tasks, decided.service
        for stop in decided.stops:
            task = table.get(stop.task)
            if task is not None:
                table.put(request_stop(task, stop.stop_code, stop.reason, now))
        for arn in decided.accounted:
            task = table.get(arn)
            if task is not None:
                table.put(replace(task, accounted=True))
        for wanted in decided.launches:
            service = self._launch(service, wanted, tasks, now)
        if service != before:
            self._store.services.put(service)

    def _launch(self, service: ServiceRecord, wanted: Launch, tasks: Sequence[TaskRecord], now: float) -> ServiceRecord:
        deployment = next(d for d in service.deployments if d.id == wanted.deployment_id)
        spec = self._spec(service, deployment)
        if spec is None:
            return after_launch(service, wanted, [], ["TASK_DEFINITION"], now, self._ids.uuid)
        launched = launch(
            spec,
            wanted.count,
            deployment.capacity_provider_strategy,
            tasks,
            lambda: self._rooms(service.cluster_arn),
            now,
            self._ids.hex32,
            self._ids.uuid,
            patient(deployment.capacity_provider_strategy, self._provider_of(service)),
        )
        for task in launched.tasks:
            self._store.tasks.put(task)
        started, nearest = [task.arn for task in launched.tasks], closest(launched.refusals)
        failures = [nearest.reason] * launched.missing if nearest else []
        instance = nearest.instance if nearest else None
        return after_launch(service, wanted, started, failures, now, self._ids.uuid, instance)

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
        )

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
