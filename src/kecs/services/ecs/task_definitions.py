"""Task definitions: register, deregister, describe, list, delete; and finding the one that a request names."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.records import TaskDefinitionRecord
from kecs.core.taskdefs.references import parse_reference
from kecs.ports.store import Store


def find_task_definition(store: Store, scope: Scope, ref: str) -> TaskDefinitionRecord | None:
    """The revision that `ref` names, whatever its status; for a bare family its latest ACTIVE revision."""
    reference = parse_reference(scope, ref)
    if reference is None:
        return None
    if reference.revision is not None:
        return store.task_definitions.get(scope.task_definition(reference.family, reference.revision))
    revisions = store.task_definitions.where("family", scope.family(reference.family))
    active = (record for record in revisions if record.definition.status == "ACTIVE")
    return max(active, key=lambda record: record.revision, default=None)


def runnable_task_definition(store: Store, scope: Scope, ref: str) -> TaskDefinitionRecord:
    """The ACTIVE revision that RunTask, CreateService or UpdateService names.

    Raises ClientException when there is none and InvalidParameterException when it is not ACTIVE.
    """
    record = find_task_definition(store, scope, ref)
    if record is None:
        raise m.ClientException("TaskDefinition not found.")
    if record.definition.status != "ACTIVE":
        raise m.InvalidParameterException("TaskDefinition is inactive")
    return record
