"""Daemon task definitions: register, describe, list, delete; and finding the one that a daemon is to run."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.arns import scope_key
from kecs.core.daemons.definition import define, revision_of
from kecs.core.records import DaemonTaskDefinitionRecord, FamilyRecord
from kecs.core.tags import validate_tags
from kecs.core.taskdefs.references import parse_reference
from kecs.services.context import Context

ARN_TYPE = "daemon-task-definition"

NOT_FOUND = "The specified daemon task definition was not found."
BEING_DELETED = "The specified daemon task definition is not ACTIVE: it is being deleted."


def register_daemon_task_definition(
    context: Context, request: m.RegisterDaemonTaskDefinitionRequest
) -> m.RegisterDaemonTaskDefinitionResponse:
    """A new revision of the family, one higher than any before, whatever was deleted since."""
    definition = define(request)
    tags = validate_tags(request.tags)
    scope, store = context.scope, context.store
    key = scope.daemon_family(request.family)
    family = store.families.get(key)
    revision = family.last_revision + 1 if family else 1
    store.families.put(FamilyRecord(key=key, last_revision=revision))
    definition = revision_of(definition, scope, revision, registered_by=context.principal, now=context.now)
    arn = scope.daemon_task_definition(request.family, revision)
    store.daemon_task_definitions.put(DaemonTaskDefinitionRecord(arn=arn, definition=definition, tags=tags))
    return m.RegisterDaemonTaskDefinitionResponse(daemon_task_definition_arn=arn)


def describe_daemon_task_definition(
    context: Context, request: m.DescribeDaemonTaskDefinitionRequest
) -> m.DescribeDaemonTaskDefinitionResponse:
    """A revision of any status; of a bare family the latest ACTIVE one."""
    record = _find(context, request.daemon_task_definition)
    return m.DescribeDaemonTaskDefinitionResponse(daemon_task_definition=record.definition)


def list_daemon_task_definitions(
    context: Context, request: m.ListDaemonTaskDefinitionsRequest
) -> m.ListDaemonTaskDefinitionsResponse:
    """By family, then by number."""
    records = context.store.daemon_task_definitions.where("scope", scope_key(context.scope))
    found = sorted(
        (r for r in records if _matches(r, request)),
        key=lambda r: (r.family, r.revision),
        reverse=request.sort == "DESC",
    )
    if request.revision == "LAST_REGISTERED":
        last = {r.family: r.revision for r in sorted(found, key=lambda r: r.revision)}
        found = [r for r in found if r.revision == last[r.family]]
    by_arn = {record.arn: record for record in found}
    arns, token = page(list(by_arn), request.next_token, request.max_results)
    summaries = [_summary(by_arn[arn].definition) for arn in arns]
    return m.ListDaemonTaskDefinitionsResponse(daemon_task_definitions=summaries, next_token=token)


def delete_daemon_task_definition(
    context: Context, request: m.DeleteDaemonTaskDefinitionRequest
) -> m.DeleteDaemonTaskDefinitionResponse:
    """No daemon can begin to use it; it is DELETED once none does any more."""
    reference = parse_reference(context.scope, request.daemon_task_definition, ARN_TYPE)
    if reference is not None and reference.revision is None:
        raise m.ClientException("Revision is missing.")
    record = active_definition(context, request.daemon_task_definition)
    definition = replace(record.definition, status="DELETE_IN_PROGRESS", delete_requested_at=context.now)
    context.store.daemon_task_definitions.put(replace(record, definition=definition))
    return m.DeleteDaemonTaskDefinitionResponse(daemon_task_definition_arn=record.arn)


def active_definition(context: Context, ref: str) -> DaemonTaskDefinitionRecord:
    """The ACTIVE revision that a request names. Raises ClientException when there is none."""
    record = _find(context, ref)
    if record.definition.status != "ACTIVE":
        raise m.ClientException(BEING_DELETED)
    return record


def _find(context: Context, ref: str) -> DaemonTaskDefinitionRecord:
    """Raises ClientException when there is none, InvalidParameterException for a revision that is no number."""
    table, scope = context.store.daemon_task_definitions, context.scope
    reference = parse_reference(scope, ref, ARN_TYPE)
    if reference is None:
        raise m.ClientException(NOT_FOUND)
    if reference.revision is not None:
        record = table.get(scope.daemon_task_definition(reference.family, reference.revision))
    else:
        revisions = table.where("family", scope.daemon_family(reference.family))
        active = (record for record in revisions if record.definition.status == "ACTIVE")
        record = max(active, key=lambda record: record.revision, default=None)
    if record is None:
        raise m.ClientException(NOT_FOUND)
    return record


def _matches(record: DaemonTaskDefinitionRecord, request: m.ListDaemonTaskDefinitionsRequest) -> bool:
    if request.family is not None and record.family != request.family:
        return False
    status = request.status or "ACTIVE"
    return record.family.startswith(request.family_prefix or "") and status in ("ALL", record.definition.status)


def _summary(definition: m.DaemonTaskDefinition) -> m.DaemonTaskDefinitionSummary:
    return m.DaemonTaskDefinitionSummary(
        arn=definition.daemon_task_definition_arn,
        registered_at=definition.registered_at,
        registered_by=definition.registered_by,
        delete_requested_at=definition.delete_requested_at,
        status=definition.status,
    )
