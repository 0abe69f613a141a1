"""Amazon EventBridge, as far as it runs tasks of ECS and brings events where they are to go: one module per resource.

`HANDLERS` is the one table of what answers which operation. Archives and replays, connections and API destinations,
endpoints and partners are not there.
"""

from __future__ import annotations

from kecs.services.handlers import Handlers

HANDLERS = Handlers(
    "kecs.services.events",
    {
        "buses": (
            "CreateEventBus",
            "DeleteEventBus",
            "DescribeEventBus",
            "ListEventBuses",
            "PutPermission",
            "RemovePermission",
            "UpdateEventBus",
        ),
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
