"""Where the tasks of a DAEMON service belong: `services` asks before it plans, and hears who has to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kecs.core.instances.changes import LEFT
from kecs.core.placement import Room
from kecs.core.records import ServiceRecord, TaskRecord
from kecs.core.scheduling.daemon import is_daemon, wanted_places
from kecs.core.scheduling.snapshot import Places
from kecs.core.tasks.create import TaskSpec
from kecs.ports.store import Store


class DaemonPlaces:
    """The container instances of DAEMON services."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, service: ServiceRecord, spec: TaskSpec | None, tasks: Sequence[TaskRecord]) -> Places:
        """`spec` is that of its PRIMARY deployment; without one nothing can be placed, and what is there stays."""
        live = [task for task in tasks if task.last_status != "STOPPED"]
        used = {arn for task in live if (arn := task.container_instance_arn)}
        if service.status != "ACTIVE":
            return Places(wanted=())
        if spec is None:
            return Places(wanted=(), lingering=tuple(used))
        rooms = [Room(i, self._tasks_on(i.arn)) for i in self._store.instances.where("cluster", service.cluster_arn)]
        return Places(wanted=wanted_places(spec, rooms, used), lingering=tuple(filter(self._is_busy, used)))

    def services_on(self, instance: str) -> Iterable[str]:
        """ARNs of all services that have tasks there."""
        return {task.service_arn: None for task in self._tasks_on(instance) if task.service_arn}

    def lingering_on(self, instance: str) -> Iterable[str]:
        """ARNs of the services whose tasks there wait for those of others to go."""
        record = self._store.instances.get(instance)
        if record is None or record.instance.status not in LEFT:
            return ()
        return self.services_on(instance)

    def _is_busy(self, instance: str) -> bool:
        """Whether an instance that is to be left still has tasks of REPLICA services."""
        record = self._store.instances.get(instance)
        if record is None or record.instance.status not in LEFT:
            return False
        services = map(self._store.services.get, self.services_on(instance))
        return any(service is not None and not is_daemon(service) for service in services)

    def _tasks_on(self, instance: str) -> list[TaskRecord]:
        return [task for task in self._store.tasks.where("instance", instance) if task.last_status != "STOPPED"]
