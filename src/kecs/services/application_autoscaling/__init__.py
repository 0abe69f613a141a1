"""Application Auto Scaling, for services of ECS: one module per resource, one handler per operation.

`HANDLERS` is the one table of what answers which operation. Predictive scaling is not there.
"""

from __future__ import annotations

from kecs.services.handlers import Handlers

HANDLERS = Handlers(
    "kecs.services.application_autoscaling",
    {
        "actions": ("DeleteScheduledAction", "DescribeScheduledActions", "PutScheduledAction"),
        "activities": ("DescribeScalingActivities",),
        "policies": ("DeleteScalingPolicy", "DescribeScalingPolicies", "PutScalingPolicy"),
        "targets": (
            "DeregisterScalableTarget",
            "DescribeScalableTargets",
            "ListTagsForResource",
            "RegisterScalableTarget",
            "TagResource",
            "UntagResource",
        ),
    },
)
