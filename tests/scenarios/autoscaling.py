"""Calls of Application Auto Scaling about the service `s`, as the scenarios make them."""

from __future__ import annotations

from typing import Any

from kecs.aws.model import application_autoscaling as a
from kecs.store.memory import Journal

from .world import World

RESOURCE = "service/default/s"
SERVICE = f"arn:aws:ecs:us-east-1:000000000000:{RESOURCE}"
CPU, MEMORY = "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"
LABEL = "app/alb/778d41231b141a0f/targetgroup/web/943f017f100becff"
MINUTE = 60.0


def call(world: World, operation: str, resource: str | None = RESOURCE, **members: Any) -> Any:
    """One call about a service; None: about all of them."""
    given = {"ServiceNamespace": "ecs", "ResourceId": resource, "ScalableDimension": "ecs:service:DesiredCount"}
    if resource is None:
        given = {"ServiceNamespace": "ecs"}
    return world.call(operation, prefix=a.TARGET_PREFIX, **{**given, **members})


def register(world: World, minimum: int | None = 1, maximum: int | None = 10, **members: Any) -> str:
    bounds = {"MinCapacity": minimum, "MaxCapacity": maximum}
    given = {name: value for name, value in bounds.items() if value is not None}
    arn: str = call(world, "RegisterScalableTarget", **given, **members)["ScalableTargetARN"]
    return arn


def target(world: World) -> Any:
    (found,) = call(world, "DescribeScalableTargets", None, ResourceIds=[RESOURCE])["ScalableTargets"]
    return found


def track(world: World, value: float = 50, metric: str = CPU, name: str = "track", **members: Any) -> Any:
    specification = {"PredefinedMetricType": metric}
    if metric == "ALBRequestCountPerTarget":
        specification["ResourceLabel"] = LABEL
    tracking = {"TargetValue": value, "PredefinedMetricSpecification": specification, **members}
    return call(
        world,
        "PutScalingPolicy",
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )


def steps(
    world: World, *adjustments: tuple[float | None, float | None, int], name: str = "step", **members: Any
) -> Any:
    """A step policy of (lower bound, upper bound, adjustment)."""
    names = ("MetricIntervalLowerBound", "MetricIntervalUpperBound", "ScalingAdjustment")
    given = [
        {name: value for name, value in zip(names, adjustment, strict=True) if value is not None}
        for adjustment in adjustments
    ]
    configuration = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": given, **members}
    return call(
        world,
        "PutScalingPolicy",
        PolicyName=name,
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration=configuration,
    )


def schedule(world: World, expression: str, name: str = "action", **members: Any) -> None:
    bounds = {side: members.pop(side) for side in ("MinCapacity", "MaxCapacity") if side in members}
    action = {"ScalableTargetAction": bounds} if bounds else {}
    call(world, "PutScheduledAction", ScheduledActionName=name, Schedule=expression, **action, **members)


def actions(world: World) -> list[Any]:
    found: list[Any] = call(world, "DescribeScheduledActions")["ScheduledActions"]
    return found


def activities(world: World, **members: Any) -> list[Any]:
    found: list[Any] = call(world, "DescribeScalingActivities", **members)["ScalingActivities"]
    return found


def say(world: World, value: float | None, metric: str = CPU) -> None:
    world.kernel.control.autoscaling.say(SERVICE, metric, value)


def desired(world: World) -> int:
    count: int = world.service()["desiredCount"]
    return count


def served(count: int = 2, now: float = 1_700_000_100.0, journal: Journal | None = None) -> World:
    """A world with the service `s`, steady; `now` is on a whole minute of the clock."""
    world = World(journal=journal, start=now - MINUTE)
    world.define()
    world.serve(count=count)
    world.clock.advance(MINUTE)
    return world
