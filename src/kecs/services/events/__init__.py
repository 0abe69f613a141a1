"""Amazon EventBridge, as far as it runs tasks of ECS and has its events: one module per resource.

`HANDLERS` is the one table of what answers which operation. Archives, connections, endpoints, partners and
permissions are not there.
"""

from __future__ import annotations

from kecs.services.handlers import Handlers

HANDLERS = Handlers(
    "kecs.services.events",
    {
        "buses": ("CreateEventBus", "DeleteEventBus", "DescribeEventBus", "ListEventBuses"),
        "entries": ("PutEvents", "TestEventPattern"),
        "rules": (
            "DeleteRule",
            "DescribeRule",
            "DisableRule",
            "EnableRule",
            "ListRuleNamesByTarget",
            "ListRules",
            "PutRule",
        ),
        "tags": ("ListTagsForResource", "TagResource", "UntagResource"),
        "targets": ("ListTargetsByRule", "PutTargets", "RemoveTargets"),
    },
)
