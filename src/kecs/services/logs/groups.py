"""Log groups, and for how long they keep their events."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import logs as c
from kecs.aws.paging import page
from kecs.core.logs.records import LogGroup
from kecs.services.context import Context
from kecs.services.logs.finding import logs, milliseconds, name_in, the_group

MOST_SHOWN = 50
MONTH = (1, 3, 5, 7, 14, 30)
RETENTIONS = (*MONTH, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
INFREQUENT = ("INFREQUENT_ACCESS", "ESSENTIALS")  # asking for either finds both


def create_log_group(context: Context, request: c.CreateLogGroupRequest) -> c.Shape:
    store, name = logs(context).store, request.log_group_name
    if name.startswith("aws/"):
        raise c.InvalidParameterException("Log groups starting with aws/ are reserved for AWS.")
    if store.group(context.scope, name) is not None:
        raise c.ResourceAlreadyExistsException("The specified log group already exists")
    store.create_group(
        LogGroup(
            id=0,
            **context.scope._asdict(),
            name=name,
            created=milliseconds(context),
            kind=request.log_group_class or "STANDARD",
            kms_key=request.kms_key_id,
            is_protected=bool(request.deletion_protection_enabled),
            tags=request.tags or {},
        )
    )
    return c.Shape()


def ensure_log_group(context: Context, name: str) -> None:
    """Have a log group of that name, as another service does that writes to it."""
    if logs(context).store.group(context.scope, name) is None:
        create_log_group(context, c.CreateLogGroupRequest(log_group_name=name))


def delete_log_group(context: Context, request: c.DeleteLogGroupRequest) -> c.Shape:
    group = the_group(context, request.log_group_name)
    if group.is_protected:
        raise c.ValidationException("The log group cannot be deleted because deletion protection is enabled.")
    logs(context).store.delete_group(group)
    return c.Shape()


def put_log_group_deletion_protection(context: Context, request: c.PutLogGroupDeletionProtectionRequest) -> c.Shape:
    group = the_group(context, None, request.log_group_identifier)
    logs(context).store.change_group(replace(group, is_protected=request.deletion_protection_enabled))
    return c.Shape()


def put_retention_policy(context: Context, request: c.PutRetentionPolicyRequest) -> c.Shape:
    if request.retention_in_days not in RETENTIONS:
        allowed = ", ".join(map(str, RETENTIONS))
        raise c.InvalidParameterException(
            f"1 validation error detected: Value '{request.retention_in_days}' at 'retentionInDays' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{allowed}]"
        )
    group = the_group(context, request.log_group_name)
    logs(context).store.change_group(replace(group, retention=request.retention_in_days))
    return c.Shape()


def delete_retention_policy(context: Context, request: c.DeleteRetentionPolicyRequest) -> c.Shape:
    group = the_group(context, request.log_group_name)
    logs(context).store.change_group(replace(group, retention=None))
    return c.Shape()


def describe_log_groups(context: Context, request: c.DescribeLogGroupsRequest) -> c.DescribeLogGroupsResponse:
    if request.log_group_name_prefix and request.log_group_name_pattern:
        raise c.InvalidParameterException(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    groups = {
        group.name: group for group in logs(context).read().groups(context.scope) if _wanted(context, request, group)
    }
    names, token = page(list(groups), request.next_token, request.limit, most=MOST_SHOWN)
    return c.DescribeLogGroupsResponse(log_groups=[_view(groups[name]) for name in names], next_token=token)


def _wanted(context: Context, request: c.DescribeLogGroupsRequest, group: LogGroup) -> bool:
    kind, named = request.log_group_class, request.log_group_identifiers
    return (
        group.name.startswith(request.log_group_name_prefix or "")
        and (request.log_group_name_pattern or "") in group.name
        and (kind is None or group.kind == kind or {group.kind, kind} <= set(INFREQUENT))
        and (named is None or group.name in [name_in(context, identifier) for identifier in named])
    )


def _view(group: LogGroup) -> c.LogGroup:
    return c.LogGroup(
        log_group_name=group.name,
        creation_time=group.created,
        retention_in_days=group.retention,
        metric_filter_count=0,
        arn=f"{group.arn}:*",
        log_group_arn=group.arn,
        stored_bytes=group.size,
        kms_key_id=group.kms_key,
        log_group_class=group.kind,
        deletion_protection_enabled=group.is_protected,
    )
