"""Task definitions: register, deregister, describe, list, delete; and finding the one that a request names."""

from __future__ import annotations

import msgspec

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.arns import Scope, last_part, scope_key
from kecs.core.records import FamilyRecord, TaskDefinitionRecord
from kecs.core.tags import validate_tags
from kecs.core.taskdefs.deletion import deletable
from kecs.core.taskdefs.references import parse_reference
from kecs.core.taskdefs.register import define, revision_of
from kecs.ports.store import Store
from kecs.services.context import Context

MOST_DELETED = 10  # task definitions of one DeleteTaskDefinitions

_UNKNOWN = "Unable to describe task definition."
_FAILURES = {
    "INVALID": "The specified task definition identifier is invalid. Specify a valid name or ARN and try again.",
    "MISSING": "The specified task definition does not exist. Specify a valid account, family, revision and try again.",
    "ACTIVE": "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
}


def find_task_definition(store: Store, scope: Scope, ref: str) -> TaskDefinitionRecord | None:
    """The revision that `ref` names, whatever its status; for a bare family its latest ACTIVE revision.

    Raises InvalidParameterException for a revision that is no number.
    """
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


def register_task_definition(
    context: Context, request: m.RegisterTaskDefinitionRequest
) -> m.RegisterTaskDefinitionResponse:
    """A new revision of the family, one higher than any before, whatever was deleted since."""
    if request.tags is not None and not request.tags:
        raise m.ClientException("Tags can not be empty.")
    record = register(context, request)
    return m.RegisterTaskDefinitionResponse(task_definition=record.definition, tags=list(record.tags) or None)


def register(context: Context, request: m.RegisterTaskDefinitionRequest) -> TaskDefinitionRecord:
    """The revision that the request makes, written down. Raises modelled errors."""
    tags, definition = validate_tags(request.tags), define(request)
    scope, store = context.scope, context.store
    family = store.families.get(scope.family(request.family))
    revision = family.last_revision + 1 if family else 1
    definition = revision_of(definition, scope, revision, registered_by=context.principal, now=context.now)
    store.families.put(FamilyRecord(key=scope.family(request.family), last_revision=revision))
    record = TaskDefinitionRecord(arn=scope.task_definition(request.family, revision), definition=definition, tags=tags)
    store.task_definitions.put(record)
    return record


def deregister_task_definition(
    context: Context, request: m.DeregisterTaskDefinitionRequest
) -> m.DeregisterTaskDefinitionResponse:
    """The revision is INACTIVE from now on; what runs from it goes on."""
    reference = parse_reference(context.scope, request.task_definition)
    if reference is not None and reference.revision is None:
        raise m.ClientException("Revision is missing.")
    record = find_task_definition(context.store, context.scope, request.task_definition)
    if record is None:
        raise m.ClientException(_UNKNOWN)
    if record.definition.status == "DELETE_IN_PROGRESS":
        raise m.ClientException(
            "The task definition could not be deregistered because it is in the process of being deleted."
        )
    if record.definition.status == "ACTIVE":
        definition = msgspec.structs.replace(record.definition, status="INACTIVE", deregistered_at=context.now)
        record = msgspec.structs.replace(record, definition=definition)
        context.store.task_definitions.put(record)
    return m.DeregisterTaskDefinitionResponse(task_definition=record.definition)


def describe_task_definition(
    context: Context, request: m.DescribeTaskDefinitionRequest
) -> m.DescribeTaskDefinitionResponse:
    """A revision of any status; ECS sends an empty list of tags to whoever does not ask for them."""
    record = find_task_definition(context.store, context.scope, request.task_definition)
    if record is None:
        raise m.ClientException(_UNKNOWN)
    tags = list(record.tags) if "TAGS" in (request.include or ()) else []
    return m.DescribeTaskDefinitionResponse(task_definition=record.definition, tags=tags)


def list_task_definitions(context: Context, request: m.ListTaskDefinitionsRequest) -> m.ListTaskDefinitionsResponse:
    """`familyPrefix` is a whole family, in spite of its name; order is by family, then by number."""
    scope, table = context.scope, context.store.task_definitions
    prefix, status = request.family_prefix, request.status or "ACTIVE"
    records = table.where("family", scope.family(prefix)) if prefix else table.where("scope", scope_key(scope))
    found = sorted(
        (r for r in records if r.definition.status == status),
        key=lambda r: (r.family, r.revision),
        reverse=request.sort == "DESC",
    )
    arns, token = page([r.arn for r in found], request.next_token, request.max_results)
    return m.ListTaskDefinitionsResponse(task_definition_arns=list(arns), next_token=token)


def list_task_definition_families(
    context: Context, request: m.ListTaskDefinitionFamiliesRequest
) -> m.ListTaskDefinitionFamiliesResponse:
    """A family is ACTIVE when one of its revisions is, INACTIVE when it has others only."""
    store = context.store
    names = []
    for family in store.families.where("scope", scope_key(context.scope)):
        name = last_part(family.key)
        if not name.startswith(request.family_prefix or ""):
            continue
        statuses = {record.definition.status for record in store.task_definitions.where("family", family.key)}
        state = "ACTIVE" if "ACTIVE" in statuses else "INACTIVE"
        if statuses and request.status in (None, "ALL", state):
            names.append(name)
    families, token = page(sorted(names), request.next_token, request.max_results)
    return m.ListTaskDefinitionFamiliesResponse(families=list(families), next_token=token)


def delete_task_definitions(
    context: Context, request: m.DeleteTaskDefinitionsRequest
) -> m.DeleteTaskDefinitionsResponse:
    """Deregistered revisions go at once, or as soon as no task and no service uses them any more."""
    if not 1 <= len(request.task_definitions) <= MOST_DELETED:
        raise m.InvalidParameterException(f"taskDefinitions must contain between 1 and {MOST_DELETED} entries.")
    deleted, failures = [], []
    for ref in request.task_definitions:
        record, problem = _deletable_record(context, ref)
        if record is None:
            failures.append(m.Failure(arn=ref, reason=_FAILURES[problem]))
            continue
        requested_at = record.definition.delete_requested_at or context.now
        definition = msgspec.structs.replace(
            record.definition, status="DELETE_IN_PROGRESS", delete_requested_at=requested_at
        )
        context.store.task_definitions.put(msgspec.structs.replace(record, definition=definition))
        deleted.append(definition)
    for definition in deleted:
        purge_family(context.store, context.scope.family(definition.family or ""))
    return m.DeleteTaskDefinitionsResponse(task_definitions=deleted, failures=failures)


def _deletable_record(context: Context, ref: str) -> tuple[TaskDefinitionRecord | None, str]:
    """The deregistered revision that `ref` names, or why there is none."""
    try:
        reference = parse_reference(context.scope, ref)
    except m.InvalidParameterException:
        reference = None
    if reference is None or reference.revision is None:
        return None, "INVALID"
    record = context.store.task_definitions.get(context.scope.task_definition(reference.family, reference.revision))
    if record is None:
        return None, "MISSING"
    return (None, "ACTIVE") if record.definition.status == "ACTIVE" else (record, "")


def purge_family(store: Store, family: str) -> None:
    """Remove the family's deleted revisions that nothing uses any more; `family` is a FamilyRecord.key."""
    revisions, tasks = store.task_definitions.where("family", family), store.tasks.where("family", family)
    for arn in deletable(revisions, tasks, store.services, store.task_sets):
        store.task_definitions.delete(arn)
