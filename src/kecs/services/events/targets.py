"""PutTargets, RemoveTargets, ListTargetsByRule."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import events as e
from kecs.aws.paging import page
from kecs.core.eventbridge.rules import with_targets
from kecs.services.context import Context
from kecs.services.events.rules import the_rule


def put_targets(context: Context, request: e.PutTargetsRequest) -> e.PutTargetsResponse:
    rule = the_rule(context, request.rule, request.event_bus_name)
    context.store.rules.put(with_targets(rule, request.targets))
    return e.PutTargetsResponse(failed_entry_count=0, failed_entries=[])


def remove_targets(context: Context, request: e.RemoveTargetsRequest) -> e.RemoveTargetsResponse:
    """Targets that are not there are no failure."""
    rule = the_rule(context, request.rule, request.event_bus_name)
    left = tuple(target for target in rule.targets if target.id not in request.ids)
    context.store.rules.put(replace(rule, targets=left))
    return e.RemoveTargetsResponse(failed_entry_count=0, failed_entries=[])


def list_targets_by_rule(context: Context, request: e.ListTargetsByRuleRequest) -> e.ListTargetsByRuleResponse:
    targets = {target.id: target for target in the_rule(context, request.rule, request.event_bus_name).targets}
    found, token = page(list(targets), request.next_token, request.limit)
    return e.ListTargetsByRuleResponse(targets=[targets[target_id] for target_id in found], next_token=token)
