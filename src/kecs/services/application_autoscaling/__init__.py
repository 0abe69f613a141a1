"""Application Auto Scaling, for services of ECS: one module per resource, one handler per operation.

`HANDLERS` is the one table from an operation's name to what answers it. Predictive scaling is not there.
"""

from __future__ import annotations

from kecs.services.application_autoscaling import actions, activities, policies, targets
from kecs.services.context import Handler

HANDLERS: dict[str, Handler] = {
    # Scalable targets
    "DeregisterScalableTarget": targets.deregister_scalable_target,
    "DescribeScalableTargets": targets.describe_scalable_targets,
    "RegisterScalableTarget": targets.register_scalable_target,
    # Scaling policies
    "DeleteScalingPolicy": policies.delete_scaling_policy,
    "DescribeScalingPolicies": policies.describe_scaling_policies,
    "PutScalingPolicy": policies.put_scaling_policy,
    # Scheduled actions
    "DeleteScheduledAction": actions.delete_scheduled_action,
    "DescribeScheduledActions": actions.describe_scheduled_actions,
    "PutScheduledAction": actions.put_scheduled_action,
    # Activities
    "DescribeScalingActivities": activities.describe_scaling_activities,
    # Tags
    "ListTagsForResource": targets.list_tags_for_resource,
    "TagResource": targets.tag_resource,
    "UntagResource": targets.untag_resource,
}
