"""TagResource, UntagResource, ListTagsForResource, for rules and event buses."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import events as e
from kecs.core.arns import last_part
from kecs.core.eventbridge.tags import pairs, with_pairs
from kecs.core.records.eventbridge import EventBusRecord, RuleRecord
from kecs.services.context import Context
from kecs.services.events.buses import find_bus


def tag_resource(context: Context, request: e.TagResourceRequest) -> e.Shape:
    record = _resource(context, request.resource_arn)
    _put(context, record, with_pairs(record.tags, pairs(request.tags)))
    return e.Shape()


def untag_resource(context: Context, request: e.UntagResourceRequest) -> e.Shape:
    record = _resource(context, request.resource_arn)
    _put(context, record, tuple(tag for tag in record.tags if tag[0] not in request.tag_keys))
    return e.Shape()


def list_tags_for_resource(context: Context, request: e.ListTagsForResourceRequest) -> e.ListTagsForResourceResponse:
    tags = _resource(context, request.resource_arn).tags
    return e.ListTagsForResourceResponse(tags=[e.Tag(key=key, value=value) for key, value in tags])


def _resource(context: Context, arn: str) -> RuleRecord | EventBusRecord:
    """Raises ResourceNotFoundException."""
    rule = context.store.rules.get(arn)
    if rule is not None and rule.arn.startswith(_own(context)):
        return rule
    bus = find_bus(context, arn) if arn.startswith(f"{_own(context)}event-bus/") else None
    if bus is None:
        kind = "EventBus" if ":event-bus/" in arn else "Rule"
        raise e.ResourceNotFoundException(f"{kind} {last_part(arn)} does not exist.")
    return bus


def _put(context: Context, record: RuleRecord | EventBusRecord, tags: tuple[tuple[str, str], ...]) -> None:
    if isinstance(record, RuleRecord):
        context.store.rules.put(replace(record, tags=tags))
    else:
        context.store.event_buses.put(replace(record, tags=tags))


def _own(context: Context) -> str:
    return f"arn:aws:events:{context.scope.region}:{context.scope.account}:"
