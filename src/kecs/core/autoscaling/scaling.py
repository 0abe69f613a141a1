"""What a service's metrics and policies mean for its desired count.

Called once a minute for each service that has a target tracking policy, and when an alarm sets off a step policy.
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from kecs.aws.model import application_autoscaling as a
from kecs.core.autoscaling.activities import triggered
from kecs.core.autoscaling.policies import LOWER, alarm_name, bounds
from kecs.core.records import ServiceRecord
from kecs.core.records.autoscaling import Cooldown, ScalableTargetRecord, ScalingPolicyRecord

PERIOD = 60  # seconds that a data point covers
POINTS_OUT = 3  # data points in a row above the target value, until it scales out
POINTS_IN = 15  # and below LOWER of it, until it scales in
MOST = 2**31 - 1  # that a desired count can be
COOLDOWN = 300  # seconds, unless the policy says otherwise

Points = Sequence[float | None]
"""The data points of a metric, newest last; None where there was nothing to measure."""


class Scaling(NamedTuple):
    """What comes of it: another desired count, or the reason why it stays."""

    desired: int
    cause: str
    target: ScalableTargetRecord  # with the cooldown that begins
    reason: a.NotScaledReason | None = None


class Wish(NamedTuple):
    """What one policy wants: another count for each count that there may be."""

    wanted: Callable[[int], int]
    cause: str
    cooldown: int


def metric_of(tracking: a.TargetTrackingScalingPolicyConfiguration) -> str:
    """The name under which the metric's data points are kept; that of metric math names nothing that is measured."""
    if tracking.predefined_metric_specification is not None:
        return tracking.predefined_metric_specification.predefined_metric_type
    customized = tracking.customized_metric_specification
    return f"{customized.namespace}/{customized.metric_name}" if customized and customized.metric_name else ""


def track(
    target: ScalableTargetRecord,
    service: ServiceRecord,
    policies: Sequence[ScalingPolicyRecord],
    points: Mapping[str, Points],
    now: float,
) -> Scaling | None:
    """What the target tracking policies make of their metrics; None when nothing is to be done.

    The largest wish wins. It scales in only when every policy that may is ready to, and not while the service deploys.
    """
    current = service.desired_count
    tracked = [(p, p.tracking, points.get(metric_of(p.tracking), ())) for p in policies if p.tracking is not None]
    high = [_wish(p, t, seen, "AlarmHigh") for p, t, seen in tracked if above(seen, t.target_value)]
    if high:
        return _out(target, current, high, now)
    able = [(p, t, seen) for p, t, seen in tracked if not t.disable_scale_in]
    low = [_wish(p, t, seen, "AlarmLow") for p, t, seen in able if below(seen, LOWER * t.target_value)]
    if not able or len(low) < len(able) or deploys(service):
        return None
    return _in(target, current, low, now)


def above(points: Points, threshold: float) -> bool:
    """Whether the alarm that scales out is in the state ALARM."""
    newest = points[-POINTS_OUT:]
    return len(newest) == POINTS_OUT and all(point is not None and point > threshold for point in newest)


def below(points: Points, threshold: float) -> bool:
    """Whether the alarm that scales in is in the state ALARM."""
    newest = points[-POINTS_IN:]
    return len(newest) == POINTS_IN and all(point is not None and point < threshold for point in newest)


def step(
    target: ScalableTargetRecord,
    service: ServiceRecord,
    policy: ScalingPolicyRecord,
    alarm: str,
    breach: float,
    now: float,
) -> Scaling | None:
    """What a step policy does when its alarm goes off; `breach` is how far the metric is above the threshold."""
    steps, current = policy.steps, service.desired_count
    found = next((s for s in (steps and steps.step_adjustments) or () if _within(bounds(s), breach)), None)
    if steps is None or found is None:
        return None
    cooldown = COOLDOWN if steps.cooldown is None else steps.cooldown
    wish = Wish(lambda count: adjusted(steps, found, count), triggered(alarm, policy.name), cooldown)
    wanted = wish.wanted(current)
    if wanted > current:
        return _out(target, current, [wish], now)
    return _in(target, current, [wish], now) if wanted < current and not deploys(service) else None


def _within(interval: tuple[float, float], breach: float) -> bool:
    low, high = interval
    return low <= breach < high if breach >= 0 else low < breach <= high


def adjusted(steps: a.StepScalingPolicyConfiguration, found: a.StepAdjustment, count: int) -> int:
    """The count after a step, as AWS rounds it."""
    amount = found.scaling_adjustment
    match steps.adjustment_type:
        case "ExactCapacity":
            return amount
        case "PercentChangeInCapacity":
            exact = count * amount / 100
            change = math.trunc(exact) if abs(exact) >= 1 else int(math.copysign(math.ceil(abs(exact)), exact))
            least = steps.min_adjustment_magnitude or 0
            return count + (int(math.copysign(max(abs(change), least), amount)) if amount else 0)
    return count + amount


def deploys(service: ServiceRecord) -> bool:
    """Whether a deployment is in progress, during which no policy scales in."""
    states = [deployment.rollout_state for deployment in service.deployments]
    return len(states) > 1 or "IN_PROGRESS" in states


def within(target: ScalableTargetRecord, count: int) -> tuple[int, str]:
    """The count brought within the bounds, and the cause if it was not."""
    if count < target.minimum:
        return target.minimum, f"minimum capacity was set to {target.minimum}"
    if count > target.maximum:
        return target.maximum, f"maximum capacity was set to {target.maximum}"
    return count, ""


def _wish(
    policy: ScalingPolicyRecord, tracking: a.TargetTrackingScalingPolicyConfiguration, points: Points, side: str
) -> Wish:
    ratio = (points[-1] or 0.0) / tracking.target_value

    def wanted(count: int) -> int:
        # A hair's breadth above a whole number is the number: 3 * 70 / 70 must not become 4.
        return math.ceil(min(count * ratio - 1e-9, MOST)) if count else 0

    given = tracking.scale_out_cooldown if side == "AlarmHigh" else tracking.scale_in_cooldown
    return Wish(wanted, triggered(alarm_name(policy, side), policy.name), COOLDOWN if given is None else given)


def _out(target: ScalableTargetRecord, current: int, wishes: list[Wish], now: float) -> Scaling | None:
    if target.suspended.dynamic_scaling_out_suspended:
        return None
    # What was added already counts for what is to be added: while it takes effect only a larger scale-out goes beyond.
    cooling = target.out is not None and target.out.until > now
    base = target.out.before if target.out is not None and cooling else current
    wish = max(wishes, key=lambda wish: wish.wanted(base))
    desired = min(wish.wanted(base), target.maximum)
    if desired > current:
        cooldown = Cooldown(until=now + wish.cooldown, before=base)
        return Scaling(desired, wish.cause, replace(target, out=cooldown, into=None))
    if current < target.maximum or cooling:
        return None
    return Scaling(
        current, wish.cause, target, a.NotScaledReason(code="AlreadyAtMaxCapacity", max_capacity=target.maximum)
    )


def _in(target: ScalableTargetRecord, current: int, wishes: list[Wish], now: float) -> Scaling | None:
    if target.suspended.dynamic_scaling_in_suspended or (target.into is not None and target.into.until > now):
        return None
    wish = max(wishes, key=lambda wish: wish.wanted(current))
    desired = max(wish.wanted(current), target.minimum)
    if desired < current:
        cooldown = Cooldown(until=now + wish.cooldown, before=current)
        return Scaling(desired, wish.cause, replace(target, into=cooldown))
    if current > target.minimum:
        return None
    return Scaling(
        current, wish.cause, target, a.NotScaledReason(code="AlreadyAtMinCapacity", min_capacity=target.minimum)
    )
