"""Tags of log groups: by ARN, and by name as it was done before."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from kecs.aws.model import logs as c
from kecs.core.logs.records import LogGroup, group_arn
from kecs.services.context import Context
from kecs.services.logs.finding import logs, the_group

MOST_TAGS = 50


def tag_resource(context: Context, request: c.TagResourceRequest) -> c.Shape:
    return _tagged(context, _of_arn(context, request.resource_arn), request.tags)


def untag_resource(context: Context, request: c.UntagResourceRequest) -> c.Shape:
    return _untagged(context, _of_arn(context, request.resource_arn), request.tag_keys)


def list_tags_for_resource(context: Context, request: c.ListTagsForResourceRequest) -> c.ListTagsForResourceResponse:
    return c.ListTagsForResourceResponse(tags=dict(_of_arn(context, request.resource_arn).tags))


def tag_log_group(context: Context, request: c.TagLogGroupRequest) -> c.Shape:
    return _tagged(context, the_group(context, request.log_group_name), request.tags)


def untag_log_group(context: Context, request: c.UntagLogGroupRequest) -> c.Shape:
    return _untagged(context, the_group(context, request.log_group_name), request.tags)


def list_tags_log_group(context: Context, request: c.ListTagsLogGroupRequest) -> c.ListTagsLogGroupResponse:
    return c.ListTagsLogGroupResponse(tags=dict(the_group(context, request.log_group_name).tags))


def _of_arn(context: Context, arn: str) -> LogGroup:
    """Raises ResourceNotFoundException."""
    if not arn.startswith(group_arn(context.scope, "")):
        raise c.ResourceNotFoundException("The specified resource does not exist.")
    return the_group(context, None, arn)


def _tagged(context: Context, group: LogGroup, tags: Mapping[str, str]) -> c.Shape:
    after = {**group.tags, **tags}
    if len(after) > MOST_TAGS:
        raise c.TooManyTagsException("The resource has too many tags.")
    logs(context).store.change_group(replace(group, tags=after))
    return c.Shape()


def _untagged(context: Context, group: LogGroup, names: Collection[str]) -> c.Shape:
    after = {name: value for name, value in group.tags.items() if name not in names}
    logs(context).store.change_group(replace(group, tags=after))
    return c.Shape()
