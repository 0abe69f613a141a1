"""TagResource, UntagResource, ListTagsForResource, for applications and deployment groups."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import codedeploy as c
from kecs.aws.paging import page
from kecs.core.codedeploy.applications import kind_of, tag_views, tagged, with_account
from kecs.core.records.codedeploy import ApplicationRecord, DeploymentGroupRecord, Tags
from kecs.services.context import Context


def tag_resource(context: Context, request: c.TagResourceInput) -> c.TagResourceOutput:
    record = _find(context, request.resource_arn)
    _put(context, record, tagged(record.tags, request.tags))
    return c.TagResourceOutput()


def untag_resource(context: Context, request: c.UntagResourceInput) -> c.UntagResourceOutput:
    record = _find(context, request.resource_arn)
    _put(context, record, tuple(pair for pair in record.tags if pair[0] not in request.tag_keys))
    return c.UntagResourceOutput()


def list_tags_for_resource(context: Context, request: c.ListTagsForResourceInput) -> c.ListTagsForResourceOutput:
    by_key = {tag.key or "": tag for tag in tag_views(_find(context, request.resource_arn, listing=True).tags)}
    keys, token = page(list(by_key), request.next_token, None)
    return c.ListTagsForResourceOutput(tags=[by_key[key] for key in keys], next_token=token)


def _find(context: Context, arn: str, *, listing: bool = False) -> ApplicationRecord | DeploymentGroupRecord:
    """Raises modelled errors; those of a listing have none for what does not exist but InvalidArnException."""
    kind, arn = kind_of(arn), with_account(arn, context.scope.account)
    found: list[ApplicationRecord] | list[DeploymentGroupRecord]
    if kind == "application":
        found = context.store.applications.where("arn", arn)
    else:
        found = context.store.deployment_groups.where("arn", arn)
    if found and arn.split(":")[3:5] == [context.scope.region, context.scope.account]:
        return found[0]
    if listing:
        raise c.InvalidArnException(f"There is no {kind} {arn}")
    missing = c.ApplicationDoesNotExistException if kind == "application" else c.DeploymentGroupDoesNotExistException
    raise missing(f"There is no {kind} {arn}")


def _put(context: Context, record: ApplicationRecord | DeploymentGroupRecord, tags: Tags) -> None:
    if isinstance(record, ApplicationRecord):
        context.store.applications.put(replace(record, tags=tags))
    else:
        context.store.deployment_groups.put(replace(record, tags=tags))
