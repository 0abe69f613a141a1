"""CreateScheduleGroup, DeleteScheduleGroup, GetScheduleGroup, ListScheduleGroups, and their tags."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import scheduler as s
from kecs.aws.paging import page
from kecs.core.arns import last_part, scope_key
from kecs.core.eventbridge.schedules import DEFAULT, MOST_GROUPS, group_arn, group_view
from kecs.core.eventbridge.tags import pairs, with_pairs
from kecs.core.records.eventbridge import ScheduleGroupRecord
from kecs.services.context import Context


def create_schedule_group(context: Context, request: s.CreateScheduleGroupInput) -> s.CreateScheduleGroupOutput:
    """The same request with the same token again answers what it answered the first time."""
    groups, tags = context.store.schedule_groups, pairs(request.tags)
    existing = find_group(context, request.name)
    if existing is not None:
        if request.client_token is None or (existing.token, existing.tags) != (request.client_token, tags):
            raise s.ConflictException(f"Schedule group {request.name} already exists.")
        return s.CreateScheduleGroupOutput(schedule_group_arn=existing.arn)
    if len(groups.keys("scope", scope_key(context.scope))) >= MOST_GROUPS:
        raise s.ServiceQuotaExceededException(f"There can be at most {MOST_GROUPS} schedule groups.")
    arn = group_arn(context.scope, request.name)
    group = ScheduleGroupRecord(
        arn=arn, created_at=context.now, modified_at=context.now, tags=tags, token=request.client_token
    )
    groups.put(group)
    return s.CreateScheduleGroupOutput(schedule_group_arn=arn)


def delete_schedule_group(context: Context, request: s.DeleteScheduleGroupInput) -> s.DeleteScheduleGroupOutput:
    """Its schedules go with it."""
    if request.name == DEFAULT:
        raise s.ValidationException("The default schedule group cannot be deleted.")
    group, store = the_group(context, request.name), context.store
    for schedule in store.schedules.where("group", group.arn):
        store.schedules.delete(schedule.arn)
    store.schedule_groups.delete(group.arn)
    return s.DeleteScheduleGroupOutput()


def get_schedule_group(context: Context, request: s.GetScheduleGroupInput) -> s.GetScheduleGroupOutput:
    group = group_view(the_group(context, request.name))
    return s.GetScheduleGroupOutput(
        arn=group.arn,
        name=group.name,
        state=group.state,
        creation_date=group.creation_date,
        last_modification_date=group.last_modification_date,
    )


def list_schedule_groups(context: Context, request: s.ListScheduleGroupsInput) -> s.ListScheduleGroupsOutput:
    made = context.store.schedule_groups.where("scope", scope_key(context.scope))
    groups = {group.name: group for group in (the_group(context, DEFAULT), *made)}
    names = sorted(name for name in groups if name.startswith(request.name_prefix or ""))
    found, token = page(names, request.next_token, request.max_results)
    return s.ListScheduleGroupsOutput(schedule_groups=[group_view(groups[name]) for name in found], next_token=token)


def list_tags_for_resource(context: Context, request: s.ListTagsForResourceInput) -> s.ListTagsForResourceOutput:
    tags = _tagged(context, request.resource_arn).tags
    return s.ListTagsForResourceOutput(tags=[s.Tag(key=key, value=value) for key, value in tags])


def tag_resource(context: Context, request: s.TagResourceInput) -> s.TagResourceOutput:
    group = _tagged(context, request.resource_arn)
    context.store.schedule_groups.put(replace(group, tags=with_pairs(group.tags, pairs(request.tags))))
    return s.TagResourceOutput()


def untag_resource(context: Context, request: s.UntagResourceInput) -> s.UntagResourceOutput:
    group = _tagged(context, request.resource_arn)
    left = tuple(tag for tag in group.tags if tag[0] not in request.tag_keys)
    context.store.schedule_groups.put(replace(group, tags=left))
    return s.UntagResourceOutput()


def find_group(context: Context, name: str) -> ScheduleGroupRecord | None:
    """`default` is always there."""
    arn = group_arn(context.scope, name)
    group = context.store.schedule_groups.get(arn)
    return ScheduleGroupRecord(arn=arn) if group is None and name == DEFAULT else group


def the_group(context: Context, name: str) -> ScheduleGroupRecord:
    """Raises ResourceNotFoundException."""
    group = find_group(context, name)
    if group is None:
        raise s.ResourceNotFoundException(f"Schedule group {name} does not exist.")
    return group


def _tagged(context: Context, arn: str) -> ScheduleGroupRecord:
    """Raises ResourceNotFoundException, for the groups of others too."""
    group = find_group(context, last_part(arn))
    if group is None or group.arn != arn:
        raise s.ResourceNotFoundException(f"Schedule group {last_part(arn)} does not exist.")
    return group
