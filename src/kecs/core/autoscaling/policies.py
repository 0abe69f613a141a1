"""Scaling policies: what may be put, the alarms AWS makes for them, and how they are shown.

Called by services.application_autoscaling.
"""

from __future__ import annotations

import itertools
import math

from msgspec.structs import replace

from kecs.aws.model import application_autoscaling as a
from kecs.core.arns import Scope, scope_of
from kecs.core.autoscaling.targets import DIMENSION, NAMESPACE
from kecs.core.records.autoscaling import ScalingPolicyRecord

MOST_POLICIES = 50
MOST_STEPS = 20
LOWER = 0.9  # of the target value: the threshold of the alarm that scales in
PREDEFINED = ("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget")
NO_FORECASTS = "KECS has no predictive scaling."


def policy_arn(service_arn: str, policy_id: str, name: str) -> str:
    scope, resource = scope_of(service_arn), service_arn.split(":", 5)[-1]
    return (
        f"arn:aws:autoscaling:{scope.region}:{scope.account}:scalingPolicy:{policy_id}:resource/{NAMESPACE}/{resource}"
        f":policyName/{name}"
    )


def put(
    existing: ScalingPolicyRecord | None, request: a.PutScalingPolicyRequest, new: ScalingPolicyRecord
) -> ScalingPolicyRecord:
    """The policy that is there with the request's configuration, or `new` with it. Raises ValidationException."""
    before = existing or new
    kind = request.policy_type or (kind_of(existing) if existing else "StepScaling")
    tracking, steps = request.target_tracking_scaling_policy_configuration, request.step_scaling_policy_configuration
    if kind == "PredictiveScaling" or request.predictive_scaling_policy_configuration is not None:
        raise a.ValidationException(NO_FORECASTS)
    if existing is not None and kind != kind_of(existing):
        raise a.ValidationException("The type of a scaling policy cannot be changed")
    if (tracking is not None) == (steps is not None) or (kind == "StepScaling") != (steps is not None):
        raise a.ValidationException(f"A policy of the type {kind} needs its own configuration, and no other")
    if tracking is not None:
        check_tracking(tracking)
    else:
        check_steps(steps or a.StepScalingPolicyConfiguration())
    return replace(before, tracking=tracking, steps=steps)


def kind_of(policy: ScalingPolicyRecord) -> a.PolicyType:
    return "StepScaling" if policy.tracking is None else "TargetTrackingScaling"


def check_tracking(tracking: a.TargetTrackingScalingPolicyConfiguration) -> None:
    """Raises ValidationException."""
    predefined, customized = tracking.predefined_metric_specification, tracking.customized_metric_specification
    if (predefined is None) == (customized is None):
        raise a.ValidationException("Exactly one of predefined and customized metric specification must be provided")
    if not 0 < tracking.target_value <= 2.0**360:
        raise a.ValidationException("The target value must be greater than 0 and not greater than 2^360")
    for cooldown in (tracking.scale_out_cooldown, tracking.scale_in_cooldown):
        _check_cooldown(cooldown)
    if predefined is not None:
        metric, label = predefined.predefined_metric_type, predefined.resource_label
        if metric not in PREDEFINED:
            raise a.ValidationException(f"Predefined metric type {metric} is not supported for {DIMENSION}")
        if (label is not None) != (metric == "ALBRequestCountPerTarget"):
            raise a.ValidationException("A resource label is for ALBRequestCountPerTarget, which needs one")
    elif customized is not None:
        single = customized.metric_name and customized.namespace and customized.statistic
        if bool(single) == bool(customized.metrics):
            raise a.ValidationException("A customized metric has a name, a namespace and a statistic, or metrics")


def check_steps(steps: a.StepScalingPolicyConfiguration) -> None:
    """Raises ValidationException unless the steps are one range after the other without gap or overlap."""
    adjustments = steps.step_adjustments or []
    if steps.adjustment_type is None:
        raise a.ValidationException("Adjustment type must be specified")
    if not adjustments:
        raise a.ValidationException("At least one step adjustment must be specified")
    if len(adjustments) > MOST_STEPS:
        raise a.ValidationException(f"There can be at most {MOST_STEPS} step adjustments per scaling policy")
    magnitude = steps.min_adjustment_magnitude
    if magnitude is not None and (magnitude < 1 or steps.adjustment_type != "PercentChangeInCapacity"):
        raise a.ValidationException("A minimum adjustment magnitude is positive, and for PercentChangeInCapacity only")
    if steps.adjustment_type == "ExactCapacity" and any(step.scaling_adjustment < 0 for step in adjustments):
        raise a.ValidationException("An exact capacity must not be negative")
    _check_cooldown(steps.cooldown)
    _check_ranges(adjustments)


def _check_ranges(adjustments: list[a.StepAdjustment]) -> None:
    for step in adjustments:
        if step.metric_interval_lower_bound is None and step.metric_interval_upper_bound is None:
            raise a.ValidationException("Both lower and upper bounds of a step adjustment cannot be left unspecified")
    ranges = sorted(map(bounds, adjustments))
    for low, high in ranges:
        if not low < high:
            raise a.ValidationException("The upper bound of a step adjustment must be greater than its lower bound")
    for (_, end), (start, _) in itertools.pairwise(ranges):
        if end != start:
            what = "overlap" if end > start else "leave a gap"
            raise a.ValidationException(f"The ranges of step adjustments must not {what}")
    if ranges[-1][1] > 0 and ranges[-1][1] != math.inf:
        raise a.ValidationException(_OPEN.format("upper", "upper", "positive upper"))
    if ranges[0][0] < 0 and ranges[0][0] != -math.inf:
        raise a.ValidationException(_OPEN.format("lower", "lower", "negative lower"))


_OPEN = (
    "There must be a StepAdjustment with an unspecified {} bound (i.e., {} bound is null) when one StepAdjustment has "
    "a {} bound"
)


def bounds(step: a.StepAdjustment) -> tuple[float, float]:
    """The differences from the threshold that a step is for."""
    low, high = step.metric_interval_lower_bound, step.metric_interval_upper_bound
    return -math.inf if low is None else low, math.inf if high is None else high


def _check_cooldown(seconds: int | None) -> None:
    if (seconds or 0) < 0:
        raise a.ValidationException("A cooldown must not be negative")


def alarm_name(policy: ScalingPolicyRecord, side: str) -> str:
    """The alarm that AWS makes for a policy; `side` is AlarmHigh or AlarmLow."""
    return f"TargetTracking-{policy.resource_id}-{side}-{policy.alarm_id}"


def alarms(policy: ScalingPolicyRecord) -> list[a.Alarm]:
    """The alarms of target tracking. Those of step scaling are a caller's own, and KECS knows none."""
    if policy.tracking is None:
        return []
    names = [alarm_name(policy, side) for side in ("AlarmHigh", "AlarmLow")]
    return [a.Alarm(alarm_name=name, alarm_arn=_alarm_arn(scope_of(policy.service_arn), name)) for name in names]


def _alarm_arn(scope: Scope, name: str) -> str:
    return f"arn:aws:cloudwatch:{scope.region}:{scope.account}:alarm:{name}"


def policy_view(policy: ScalingPolicyRecord) -> a.ScalingPolicy:
    """The policy as DescribeScalingPolicies shows it."""
    return a.ScalingPolicy(
        policy_arn=policy.arn,
        policy_name=policy.name,
        service_namespace=NAMESPACE,
        resource_id=policy.resource_id,
        scalable_dimension=DIMENSION,
        policy_type=kind_of(policy),
        step_scaling_policy_configuration=policy.steps,
        target_tracking_scaling_policy_configuration=policy.tracking,
        alarms=alarms(policy),
        creation_time=policy.created_at,
    )
