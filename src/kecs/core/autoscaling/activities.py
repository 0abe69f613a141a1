"""Scaling activities: what was done and why, in AWS's words.

Called by control.autoscaling, and to show them by services.application_autoscaling.
https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scaling-activities.html
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import application_autoscaling as a
from kecs.core.autoscaling.targets import DIMENSION, NAMESPACE
from kecs.core.records.autoscaling import ScalableTargetRecord, ScalingActivityRecord, ScheduledActionRecord

KEPT = 6 * 7 * 86400.0  # seconds; AWS shows those of the last six weeks


def setting_count(activity_id: str, service_arn: str, count: int, cause: str, now: float) -> ScalingActivityRecord:
    """The desired count was set, and the service has not got that many tasks yet."""
    return ScalingActivityRecord(
        id=activity_id,
        service_arn=service_arn,
        description=f"Setting desired count to {count}.",
        cause=cause,
        started_at=now,
        status="InProgress",
        message=f"Successfully set desired count to {count}. Waiting for change to be fulfilled by ecs.",
        count=count,
    )


def fulfilled(activity: ScalingActivityRecord, now: float) -> ScalingActivityRecord:
    """The service has as many tasks as were asked for."""
    text = f"Successfully set desired count to {activity.count}. Change successfully fulfilled by ecs."
    return replace(activity, status="Successful", message=text, ended_at=now)


def overridden(activity: ScalingActivityRecord, now: float) -> ScalingActivityRecord:
    """Another count was set before it was fulfilled."""
    text = f"Successfully set desired count to {activity.count}. Change was overridden by another one."
    return replace(activity, status="Overridden", message=text, ended_at=now)


def unfulfilled(activity: ScalingActivityRecord, now: float) -> ScalingActivityRecord:
    """The service was deleted before."""
    text = f"Successfully set desired count to {activity.count}. The service is not active any more."
    return replace(activity, status="Unfulfilled", message=text, ended_at=now)


def setting_bounds(
    activity_id: str, target: ScalableTargetRecord, action: ScheduledActionRecord, error: str, now: float
) -> ScalingActivityRecord:
    """A scheduled action gave its target other bounds; with `error` it could not."""
    given = {"min": action.action.min_capacity, "max": action.action.max_capacity}
    what = " and ".join(f"{side} capacity to {value}" for side, value in given.items() if value is not None)
    return ScalingActivityRecord(
        id=activity_id,
        service_arn=target.service_arn,
        description=f"Setting {what}",
        cause=f"scheduled action name {action.name} was triggered",
        started_at=now,
        ended_at=now,
        status="Failed" if error else "Successful",
        message=f"Failed to set {what}. Reason: {error}" if error else f"Successfully set {what}",
    )


def not_scaled(
    activity_id: str, service_arn: str, reason: a.NotScaledReason, cause: str, now: float
) -> ScalingActivityRecord:
    """A policy wanted to scale and could not."""
    return ScalingActivityRecord(
        id=activity_id,
        service_arn=service_arn,
        description="Attempting to scale due to alarm triggered",
        cause=cause,
        started_at=now,
        ended_at=now,
        status="Failed",
        message=f"Failed to scale. Reason: {reason.code}",
        reasons=(reason,),
    )


def triggered(alarm: str, policy: str) -> str:
    """The cause of what a policy does."""
    return f"monitor alarm {alarm} in state ALARM triggered policy {policy}"


def activity_view(activity: ScalingActivityRecord) -> a.ScalingActivity:
    """The activity as DescribeScalingActivities shows it."""
    return a.ScalingActivity(
        activity_id=activity.id,
        service_namespace=NAMESPACE,
        resource_id=activity.resource_id,
        scalable_dimension=DIMENSION,
        description=activity.description,
        cause=activity.cause,
        start_time=activity.started_at,
        end_time=activity.ended_at,
        status_code=activity.status,
        status_message=activity.message,
        not_scaled_reasons=list(activity.reasons) or None,
    )
