"""DescribeScalingActivities: what control.autoscaling has done."""

from __future__ import annotations

from kecs.aws.model import application_autoscaling as a
from kecs.core.autoscaling.activities import KEPT, activity_view
from kecs.services.application_autoscaling.listings import described, paged
from kecs.services.context import Context


def describe_scaling_activities(
    context: Context, request: a.DescribeScalingActivitiesRequest
) -> a.DescribeScalingActivitiesResponse:
    """Newest first."""
    activities = [
        activity
        for activity in reversed(described(context, context.store.scaling_activities, request))
        if activity.started_at > context.now - KEPT and (request.include_not_scaled_activities or not activity.reasons)
    ]
    found, token = paged(activities, lambda activity: activity.id, request.next_token, request.max_results)
    return a.DescribeScalingActivitiesResponse(scaling_activities=list(map(activity_view, found)), next_token=token)
