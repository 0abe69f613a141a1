"""Finishes DeleteTaskDefinitions: a definition is gone once no task, service and task set uses it any more."""

from __future__ import annotations

from kecs.control.queue import WorkQueue
from kecs.core.arns import last_part, scope_of
from kecs.core.records import Change, ServiceRecord
from kecs.core.taskdefs.deletion import deletable
from kecs.ports.store import Store

KIND = "family"


class Deletion:
    """Looks at a task definition family when a task of it stops or a service lets go of it."""

    def __init__(self, store: Store, queue: WorkQueue) -> None:
        self._store = store
        self._queue = queue
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, _, before, after in changes:
            if table == "tasks" and after is not None and after.last_status == "STOPPED":
                self._queue.add(KIND, after.family_key)
            elif table == "services" and before is not None:
                for arn in _definitions(before) - _definitions(after):
                    self._queue.add(KIND, _family(arn))
            elif table == "task_sets" and after is None:
                self._queue.add(KIND, _family(before.deployment.task_definition))

    def recover(self) -> None:
        """Look at every family after a restart."""
        for family in self._store.families:
            self._queue.add(KIND, family.key)

    def work(self, family: str) -> None:
        store = self._store
        definitions = store.task_definitions.where("family", family)
        if any(record.definition.status == "DELETE_IN_PROGRESS" for record in definitions):
            with store.transaction():
                tasks = store.tasks.where("family", family)
                for arn in deletable(definitions, tasks, store.services, store.task_sets):
                    store.task_definitions.delete(arn)


def _family(definition: str) -> str:
    return scope_of(definition).family(last_part(definition).rsplit(":", 1)[0])


def _definitions(service: ServiceRecord | None) -> set[str]:
    """What the service still uses."""
    if service is None or service.status == "INACTIVE":
        return set()
    return {deployment.task_definition for deployment in service.deployments}
