"""PutRule, DeleteRule, DescribeRule, EnableRule, DisableRule, ListRules, ListRuleNamesByTarget.

They write down what is wanted; control.invoking.rules brings it about.
"""

from __future__ import annotations

from kecs.aws.errors import ValidationException
from kecs.aws.model import events as e
from kecs.aws.paging import page
from kecs.core.eventbridge.rules import (
    MOST_RULES,
    TOO_MANY,
    disabled,
    enabled,
    put,
    rule_arn,
    rule_description,
    rule_view,
)
from kecs.core.records.eventbridge import RuleRecord
from kecs.services.context import Context
from kecs.services.events.buses import the_bus


def put_rule(context: Context, request: e.PutRuleRequest) -> e.PutRuleResponse:
    bus, rules = the_bus(context, request.event_bus_name), context.store.rules
    existing = rules.get(rule_arn(context.scope, bus.name, request.name))
    if existing is None and len(rules.keys("bus", bus.arn)) >= MOST_RULES:
        raise e.LimitExceededException(TOO_MANY)
    rule = put(existing, request, context.scope, bus.name, context.now)
    rules.put(rule)
    return e.PutRuleResponse(rule_arn=rule.arn)


def delete_rule(context: Context, request: e.DeleteRuleRequest) -> e.Shape:
    """One that is not there is deleted already."""
    bus = the_bus(context, request.event_bus_name)
    rule = context.store.rules.get(rule_arn(context.scope, bus.name, request.name))
    if rule is not None and rule.targets:
        raise ValidationException("Rule can't be deleted since it has targets.")
    if rule is not None:
        context.store.rules.delete(rule.arn)
    return e.Shape()


def describe_rule(context: Context, request: e.DescribeRuleRequest) -> e.DescribeRuleResponse:
    return rule_description(the_rule(context, request.name, request.event_bus_name))


def enable_rule(context: Context, request: e.EnableRuleRequest) -> e.Shape:
    context.store.rules.put(enabled(the_rule(context, request.name, request.event_bus_name), context.now))
    return e.Shape()


def disable_rule(context: Context, request: e.DisableRuleRequest) -> e.Shape:
    context.store.rules.put(disabled(the_rule(context, request.name, request.event_bus_name)))
    return e.Shape()


def list_rules(context: Context, request: e.ListRulesRequest) -> e.ListRulesResponse:
    bus = the_bus(context, request.event_bus_name)
    rules = {rule.name: rule for rule in context.store.rules.where("bus", bus.arn)}
    names = sorted(name for name in rules if name.startswith(request.name_prefix or ""))
    found, token = page(names, request.next_token, request.limit)
    return e.ListRulesResponse(rules=[rule_view(rules[name]) for name in found], next_token=token)


def list_rule_names_by_target(
    context: Context, request: e.ListRuleNamesByTargetRequest
) -> e.ListRuleNamesByTargetResponse:
    bus = the_bus(context, request.event_bus_name)
    names = sorted(
        rule.name
        for rule in context.store.rules.where("bus", bus.arn)
        if any(target.arn == request.target_arn for target in rule.targets)
    )
    found, token = page(names, request.next_token, request.limit)
    return e.ListRuleNamesByTargetResponse(rule_names=list(found), next_token=token)


def the_rule(context: Context, name: str, bus: str | None) -> RuleRecord:
    """Raises ResourceNotFoundException."""
    record = the_bus(context, bus)
    rule = context.store.rules.get(rule_arn(context.scope, record.name, name))
    if rule is None:
        raise e.ResourceNotFoundException(f"Rule {name} does not exist on EventBus {record.name}.")
    return rule
