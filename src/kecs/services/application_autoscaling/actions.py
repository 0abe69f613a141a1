"""PutScheduledAction, DeleteScheduledAction, DescribeScheduledActions; control.autoscaling does them in time."""

from __future__ import annotations

from kecs.aws.model import application_autoscaling as a
from kecs.core.autoscaling.actions import MOST_ACTIONS, action_arn, action_view, put
from kecs.core.records.autoscaling import named
from kecs.services.application_autoscaling.listings import described, key_in, paged, those
from kecs.services.application_autoscaling.targets import find_target
from kecs.services.context import Context


def put_scheduled_action(context: Context, request: a.PutScheduledActionRequest) -> a.PutScheduledActionResponse:
    table, target = context.store.scheduled_actions, find_target(context, request)
    existing = table.get(named(target.service_arn, request.scheduled_action_name))
    new_arn = action_arn(target.service_arn, context.ids.uuid(), request.scheduled_action_name)
    action = put(existing, request, new_arn, target.service_arn, context.now)
    if existing is None and len(table.keys("service", target.service_arn)) >= MOST_ACTIONS:
        raise a.LimitExceededException(f"There can be at most {MOST_ACTIONS} scheduled actions per scalable target")
    table.put(action)
    return a.PutScheduledActionResponse()


def delete_scheduled_action(
    context: Context, request: a.DeleteScheduledActionRequest
) -> a.DeleteScheduledActionResponse:
    table = context.store.scheduled_actions
    table.delete(key_in(context, table, request, "scheduled action", request.scheduled_action_name))
    return a.DeleteScheduledActionResponse()


def describe_scheduled_actions(
    context: Context, request: a.DescribeScheduledActionsRequest
) -> a.DescribeScheduledActionsResponse:
    actions = those(described(context, context.store.scheduled_actions, request), request.scheduled_action_names)
    found, token = paged(actions, lambda action: action.key, request.next_token, request.max_results)
    return a.DescribeScheduledActionsResponse(scheduled_actions=list(map(action_view, found)), next_token=token)
