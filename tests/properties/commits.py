"""What no commit may do, whatever brought it about."""

from __future__ import annotations

from tests.scenarios.world import World

from kecs.core.lifecycle import TASK_TRANSITIONS
from kecs.core.records import Change, ServiceRecord, TaskRecord
from kecs.core.scheduling.daemon import is_daemon
from kecs.core.scheduling.limits import limits

NEXT = {(before, after) for before, row in TASK_TRANSITIONS.items() for after in row.values()}


class Watch:
    """A listener of the store: what no commit may do."""

    def __init__(self, world: World) -> None:
        self._store = world.kernel.store
        self._services = world.kernel.control.services
        self._store.subscribe(self.notice)

    def notice(self, changes: list[Change]) -> None:
        for table, _, before, after in changes:
            if table == "tasks":
                self._task(before, after)
            elif table == "services" and after is not None:
                self._service(after)
        if self._services.working is not None:
            self._bounds(self._services.working, changes)

    def _task(self, before: TaskRecord | None, after: TaskRecord | None) -> None:
        if after is None:
            assert before is not None
            assert before.last_status == "STOPPED"
            return
        if before is None:
            assert (after.version, after.desired_status) == (1, "RUNNING")
            return
        moved = before.last_status != after.last_status
        assert not moved or (before.last_status, after.last_status) in NEXT
        assert before.version + moved <= after.version <= before.version + 1
        assert (before.desired_status, after.desired_status) != ("STOPPED", "RUNNING")
        assert (after.desired_status == "STOPPED") == (after.stop_code is not None)
        registered = [target.health for target in after.targets if target.health != "unused"]
        assert not registered or after.last_status in ("RUNNING", "DEACTIVATING")
        if after.last_status == "STOPPED":
            assert {c.phase for c in after.containers} == {"STOPPED"}
            assert after.stopped_at is not None

    def _service(self, service: ServiceRecord) -> None:
        assert [d.status for d in service.deployments[:1]] in ([], ["PRIMARY"])
        assert {d.status for d in service.deployments[1:]} <= {"ACTIVE"}
        assert bool(service.deployments) == (service.status != "INACTIVE")
        assert len(service.events) <= 100

    def _bounds(self, arn: str, changes: list[Change]) -> None:
        """The scheduler keeps to the percentages in what it does itself."""
        service = self._store.services.get(arn)
        assert service is not None
        bounds, current = limits(service), {d.id for d in service.deployments}
        tasks = [t for t in self._store.tasks.where("service", arn) if t.deployment_id in current]
        if is_daemon(service):
            places = [t.container_instance_arn for t in tasks if t.last_status != "STOPPED"]
            assert len(set(places)) == len(places)
            return
        if any(table == "tasks" and before is None for table, _, before, _ in changes):
            assert sum(t.last_status != "STOPPED" for t in tasks) <= bounds.maximum
        stopped = [b for table, _, b, a in changes if table == "tasks" and b and b.desired_status != a.desired_status]
        if any(healthy(task) for task in stopped) and service.status == "ACTIVE":
            assert sum(healthy(t) for t in tasks) >= bounds.minimum


def healthy(task: TaskRecord) -> bool:
    return (
        (task.last_status, task.desired_status) == ("RUNNING", "RUNNING")
        and (not task.has_health_check or task.health == "HEALTHY")
        and all(target.health == "healthy" for target in task.targets)
    )
