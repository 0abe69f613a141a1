"""When a deleted task definition is really gone: once no task, no service and no task set uses it any more.

DeleteTaskDefinitions asks when it is called; the control loop asks again for a family whose tasks stop or whose
services and task sets end.
"""

from __future__ import annotations

from collections.abc import Iterable

from kecs.core.records import ServiceRecord, TaskDefinitionRecord, TaskRecord, TaskSetRecord


def deletable(
    definitions: Iterable[TaskDefinitionRecord],
    tasks: Iterable[TaskRecord],
    services: Iterable[ServiceRecord],
    task_sets: Iterable[TaskSetRecord],
) -> list[str]:
    """The ARNs of the definitions that are DELETE_IN_PROGRESS and used by none of the tasks, services and task sets."""
    deleted = {record.arn for record in definitions if record.definition.status == "DELETE_IN_PROGRESS"}
    if not deleted:
        return []
    deleted -= {task.definition_arn for task in tasks if task.last_status != "STOPPED"}
    for service in services:
        if deleted and service.status != "INACTIVE":
            deleted.discard(service.service.task_definition or "")
            deleted -= {d.task_definition for d in service.deployments if d.status != "INACTIVE"}
    return sorted(deleted - {task_set.deployment.task_definition for task_set in task_sets})
