"""Amazon EventBridge, as far as it runs tasks of ECS and has its events: one module per resource.

`HANDLERS` is the one table from an operation's name to what answers it. Archives, connections, endpoints, partners and
permissions are not there.
"""

from __future__ import annotations

from kecs.services.context import Handler
from kecs.services.events import buses, entries, rules, tags, targets

HANDLERS: dict[str, Handler] = {
    # Event buses
    "CreateEventBus": buses.create_event_bus,
    "DeleteEventBus": buses.delete_event_bus,
    "DescribeEventBus": buses.describe_event_bus,
    "ListEventBuses": buses.list_event_buses,
    # Rules
    "DeleteRule": rules.delete_rule,
    "DescribeRule": rules.describe_rule,
    "DisableRule": rules.disable_rule,
    "EnableRule": rules.enable_rule,
    "ListRuleNamesByTarget": rules.list_rule_names_by_target,
    "ListRules": rules.list_rules,
    "PutRule": rules.put_rule,
    # Targets
    "ListTargetsByRule": targets.list_targets_by_rule,
    "PutTargets": targets.put_targets,
    "RemoveTargets": targets.remove_targets,
    # Events
    "PutEvents": entries.put_events,
    "TestEventPattern": entries.test_event_pattern,
    # Tags
    "ListTagsForResource": tags.list_tags_for_resource,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
}
