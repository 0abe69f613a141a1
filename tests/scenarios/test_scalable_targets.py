"""Scalable targets, scaling policies and scheduled actions: what may be put, and how it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.aws.model import application_autoscaling as a

from .autoscaling import (
    CPU,
    LABEL,
    MINUTE,
    RESOURCE,
    activities,
    call,
    desired,
    register,
    schedule,
    served,
    steps,
    target,
    track,
)
from .world import Refused, World

KAFKA = "KafkaBrokerStorageUtilization"
UNSUPPORTED = "Unsupported service namespace, resource type or scalable dimension"
ROLE = (
    "arn:aws:iam::000000000000:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)


@pytest.fixture
def world() -> World:
    return served(2)


class TestScalableTargets:
    def test_a_target_is_shown_as_it_was_registered(self, world: World) -> None:
        arn = register(world, 1, 5, RoleARN="arn:aws:iam::000000000000:role/mine")
        assert arn.startswith("arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/")
        assert target(world) == {
            "ServiceNamespace": "ecs",
            "ResourceId": RESOURCE,
            "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": 1,
            "MaxCapacity": 5,
            "RoleARN": ROLE,
            "CreationTime": world.clock.now(),
            "SuspendedState": {
                "DynamicScalingInSuspended": False,
                "DynamicScalingOutSuspended": False,
                "ScheduledScalingSuspended": False,
            },
            "ScalableTargetARN": arn,
        }

    def test_registering_again_changes_what_is_given(self, world: World) -> None:
        arn = register(world, 1, 5)
        assert register(world, None, 8) == arn
        assert (target(world)["MinCapacity"], target(world)["MaxCapacity"]) == (1, 8)

    @pytest.mark.parametrize(
        ("minimum", "maximum", "count", "cause"),
        [(3, 5, 3, "minimum capacity was set to 3"), (0, 1, 1, "maximum capacity was set to 1")],
    )
    def test_the_service_is_brought_within_the_bounds(
        self, world: World, minimum: int, maximum: int, count: int, cause: str
    ) -> None:
        register(world, minimum, maximum)
        world.clock.advance(10)
        assert desired(world) == count
        (activity,) = activities(world)
        assert (activity["Cause"], activity["StatusCode"]) == (cause, "Successful")

    def test_a_count_outside_of_them_stays_until_the_target_changes(self, world: World) -> None:
        register(world, 1, 5)
        world.clock.advance(1)
        world.call("UpdateService", service="s", desiredCount=9)
        world.clock.advance(600)
        assert desired(world) == 9
        register(world, None, None)
        world.clock.advance(1)
        assert desired(world) == 5

    @pytest.mark.parametrize(
        ("members", "text"),
        [
            ({"MinCapacity": 1}, "Minimum and maximum capacity must be specified"),
            ({"MinCapacity": 2, "MaxCapacity": 1}, "Maximum capacity cannot be less than minimum capacity"),
            ({"MinCapacity": -1, "MaxCapacity": 1}, "must be greater than or equal to 0"),
            ({"ResourceId": "service/default/none", "MinCapacity": 1, "MaxCapacity": 1}, "ECS service doesn't exist"),
            ({"ResourceId": "table/t"}, UNSUPPORTED),
            ({"ResourceId": "service/s"}, UNSUPPORTED),
            ({"ServiceNamespace": "dynamodb", "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}, UNSUPPORTED),
            ({"ScalableDimension": "lambda:function:ProvisionedConcurrency"}, UNSUPPORTED),
            ({"ScalableDimension": "x"}, "1 validation error detected: Value 'x' at 'scalableDimension' failed to"),
            ({"ScalableDimension": None}, "1 validation error detected: Value null at 'scalableDimension' failed to"),
            ({"MinCapacity": 1, "MaxCapacity": 1, "Tags": {"aws:x": "y"}}, "are reserved"),
        ],
    )
    def test_what_is_no_target_is_refused(self, world: World, members: dict[str, Any], text: str) -> None:
        with pytest.raises(Refused, match="ValidationException") as refused:
            call(world, "RegisterScalableTarget", **members)
        assert text in refused.value.text
        assert list(world.kernel.store.scalable_targets) == []

    def test_a_daemon_service_has_no_desired_count_to_scale(self, world: World) -> None:
        world.define_ec2("agent")
        world.call("CreateService", serviceName="d", taskDefinition="agent", schedulingStrategy="DAEMON")
        with pytest.raises(Refused, match="ValidationException"):
            call(world, "RegisterScalableTarget", "service/default/d", MinCapacity=1, MaxCapacity=2)

    def test_deregistering_takes_policies_and_actions_along(self, world: World) -> None:
        register(world)
        track(world)
        schedule(world, "rate(1 hour)", MinCapacity=1)
        call(world, "DeregisterScalableTarget")
        assert call(world, "DescribeScalingPolicies")["ScalingPolicies"] == []
        assert call(world, "DescribeScheduledActions")["ScheduledActions"] == []
        for operation in ("DeregisterScalableTarget", "PutScalingPolicy", "PutScheduledAction"):
            members = {"PutScalingPolicy": {"PolicyName": "x"}, "PutScheduledAction": {"ScheduledActionName": "x"}}
            with pytest.raises(Refused, match="ObjectNotFoundException") as refused:
                call(world, operation, **members.get(operation, {}))
            assert refused.value.text == (
                f"No scalable target registered for service namespace: ecs, resource ID: {RESOURCE}, "
                "scalable dimension: ecs:service:DesiredCount"
            )

    def test_accounts_and_regions_have_their_own(self, world: World) -> None:
        register(world)
        for caller in ({"account": "111111111111"}, {"region": "eu-west-1"}):
            assert call(world, "DescribeScalableTargets", None, **caller)["ScalableTargets"] == []

    def test_pages(self, world: World) -> None:
        for number in range(3):
            world.serve(f"s{number}", 0)
            call(world, "RegisterScalableTarget", f"service/default/s{number}", MinCapacity=0, MaxCapacity=1)
        seen, token = [], None
        while token != "":
            members = {"NextToken": token} if token else {}
            page = call(world, "DescribeScalableTargets", None, MaxResults=2, **members)
            seen += [found["ResourceId"] for found in page["ScalableTargets"]]
            token = page.get("NextToken", "")
        assert seen == [f"service/default/s{number}" for number in range(3)]
        with pytest.raises(Refused, match="InvalidNextTokenException"):
            call(world, "DescribeScalableTargets", None, NextToken="x")
        for size in (0, 51):
            with pytest.raises(Refused, match=r"ValidationException: 1 validation error detected: Value '\d+'"):
                call(world, "DescribeScalableTargets", None, MaxResults=size)

    def test_a_dimension_needs_a_resource(self, world: World) -> None:
        dimension = {"ScalableDimension": "ecs:service:DesiredCount"}
        for operation in ("DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScalingActivities"):
            with pytest.raises(Refused, match="ValidationException"):
                call(world, operation, None, **dimension)


class TestTags:
    def test_are_put_changed_and_taken_away(self, world: World) -> None:
        arn = register(world, Tags={"team": "a"})
        world.call("TagResource", prefix=a.TARGET_PREFIX, ResourceARN=arn, Tags={"team": "b", "stage": "c"})
        world.call("UntagResource", prefix=a.TARGET_PREFIX, ResourceARN=arn, TagKeys=["stage", "none"])
        assert world.call("ListTagsForResource", prefix=a.TARGET_PREFIX, ResourceARN=arn)["Tags"] == {"team": "b"}

    def test_there_are_fifty_at_most(self, world: World) -> None:
        arn = register(world, Tags={f"k{number}": "v" for number in range(50)})
        with pytest.raises(Refused, match="TooManyTagsException"):
            world.call("TagResource", prefix=a.TARGET_PREFIX, ResourceARN=arn, Tags={"one": "more"})
        world.call("TagResource", prefix=a.TARGET_PREFIX, ResourceARN=arn, Tags={"k1": "again"})

    def test_of_what_is_not_there(self, world: World) -> None:
        arn = register(world)
        call(world, "DeregisterScalableTarget")
        with pytest.raises(Refused, match="ResourceNotFoundException"):
            world.call("ListTagsForResource", prefix=a.TARGET_PREFIX, ResourceARN=arn)


class TestScalingPolicies:
    def test_target_tracking_names_its_alarms(self, world: World) -> None:
        register(world)
        made = track(world, 75, CPU, "cpu75", ScaleOutCooldown=60, ScaleInCooldown=0)
        assert made["PolicyARN"].startswith("arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:")
        assert made["PolicyARN"].endswith(f":resource/ecs/{RESOURCE}:policyName/cpu75")
        for alarm, side in zip(made["Alarms"], ("AlarmHigh", "AlarmLow"), strict=True):
            assert alarm["AlarmName"].startswith(f"TargetTracking-{RESOURCE}-{side}-")
            assert alarm["AlarmARN"] == f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{alarm['AlarmName']}"
        (shown,) = call(world, "DescribeScalingPolicies", PolicyNames=["cpu75"])["ScalingPolicies"]
        assert shown["TargetTrackingScalingPolicyConfiguration"] == {
            "TargetValue": 75.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": CPU},
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 0,
        }
        assert (shown["PolicyType"], shown["Alarms"]) == ("TargetTrackingScaling", made["Alarms"])

    def test_putting_it_again_keeps_its_names(self, world: World) -> None:
        register(world)
        assert track(world, 75) == track(world, 50)
        (shown,) = call(world, "DescribeScalingPolicies")["ScalingPolicies"]
        assert shown["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50.0

    def test_steps_have_no_alarms_of_their_own(self, world: World) -> None:
        register(world)
        made = steps(world, (0, None, 1), Cooldown=60)
        assert "Alarms" not in made or made["Alarms"] == []
        (shown,) = call(world, "DescribeScalingPolicies", PolicyNames=[made["PolicyARN"]])["ScalingPolicies"]
        assert shown["StepScalingPolicyConfiguration"] == {
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
            "Cooldown": 60,
        }

    @pytest.mark.parametrize(
        "tracking",
        [
            {"TargetValue": 50},
            {"TargetValue": 0, "PredefinedMetricSpecification": {"PredefinedMetricType": CPU}},
            {"TargetValue": 50, "PredefinedMetricSpecification": {"PredefinedMetricType": CPU, "ResourceLabel": LABEL}},
            {"TargetValue": 50, "PredefinedMetricSpecification": {"PredefinedMetricType": "ALBRequestCountPerTarget"}},
            {"TargetValue": 50, "PredefinedMetricSpecification": {"PredefinedMetricType": KAFKA}},
            {"TargetValue": 50, "PredefinedMetricSpecification": {"PredefinedMetricType": CPU}, "ScaleInCooldown": -1},
            {"TargetValue": 50, "CustomizedMetricSpecification": {"MetricName": "x"}},
        ],
    )  # fmt: skip
    def test_target_tracking_that_makes_no_sense(self, world: World, tracking: Any) -> None:
        register(world)
        with pytest.raises(Refused, match="ValidationException"):
            call(
                world,
                "PutScalingPolicy",
                PolicyName="x",
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration=tracking,
            )
        assert list(world.kernel.store.scaling_policies) == []

    def test_predictive_scaling_is_refused(self, world: World) -> None:
        register(world)
        metric = {"TargetValue": 50, "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPU"}}
        with pytest.raises(Refused, match="ValidationException"):
            call(
                world,
                "PutScalingPolicy",
                PolicyName="x",
                PolicyType="PredictiveScaling",
                PredictiveScalingPolicyConfiguration={"MetricSpecifications": [metric]},
            )
        with pytest.raises(Refused, match="ValidationException"):
            call(world, "GetPredictiveScalingForecast", PolicyName="x", StartTime=1, EndTime=2)

    def test_the_type_stays(self, world: World) -> None:
        register(world)
        track(world, name="x")
        with pytest.raises(Refused, match="ValidationException"):
            steps(world, (0, None, 1), name="x")

    def test_there_are_fifty_at_most(self, world: World) -> None:
        register(world)
        for number in range(50):
            track(world, name=f"p{number}")
        with pytest.raises(Refused, match="LimitExceededException"):
            track(world, name="p50")

    def test_one_that_is_not_there_cannot_be_deleted(self, world: World) -> None:
        register(world)
        with pytest.raises(
            Refused, match="ObjectNotFoundException: No scaling policy found for service namespace: ecs"
        ):
            call(world, "DeleteScalingPolicy", PolicyName="x")


class TestStepScaling:
    @pytest.mark.parametrize(
        ("value", "count"),
        [(69.9, 10), (70, 11), (79.9, 11), (80, 13), (89, 13), (90, 16), (500, 16)],
    )
    def test_the_step_is_chosen_by_the_size_of_the_breach(self, world: World, value: float, count: int) -> None:
        """Lower bounds belong to a step above the threshold, upper bounds to one below it."""
        register(world, 1, 20)
        world.call("UpdateService", service="s", desiredCount=10)
        world.settle()
        arn = steps(world, (0, 10, 1), (10, 20, 3), (20, None, 6))["PolicyARN"]
        assert self.set_off(world, arn, value, 70) == (count != 10)
        assert desired(world) == count

    def test_in_percent_of_what_there_is(self, world: World) -> None:
        register(world, 1, 20)
        world.call("UpdateService", service="s", desiredCount=4)
        world.settle()
        arn = steps(world, (0, None, 25), AdjustmentType="PercentChangeInCapacity", MinAdjustmentMagnitude=2)[
            "PolicyARN"
        ]
        self.set_off(world, arn, 80, 70)
        assert desired(world) == 6

    def test_within_the_bounds(self, world: World) -> None:
        register(world, 1, 3)
        arn = steps(world, (None, 0, 50), (0, None, 100), AdjustmentType="ExactCapacity")["PolicyARN"]
        self.set_off(world, arn, 80, 70)
        assert desired(world) == 3
        assert not self.set_off(world, arn, 80, 70)

    def test_scales_in_below_the_threshold(self, world: World) -> None:
        register(world, 1, 10)
        arn = steps(world, (None, 0, -5))["PolicyARN"]
        self.set_off(world, arn, 10, 30)
        assert desired(world) == 1
        assert activities(world)[0]["Cause"] == "monitor alarm web-cpu in state ALARM triggered policy step"

    def test_waits_for_its_cooldown(self, world: World) -> None:
        register(world, 1, 10)
        arn = steps(world, (0, 10, 1), (10, None, 4), Cooldown=120)["PolicyARN"]
        self.set_off(world, arn, 71, 70)
        assert not self.set_off(world, arn, 71, 70)
        assert desired(world) == 3
        self.set_off(world, arn, 85, 70)
        assert desired(world) == 6  # larger, and counted from the two from before
        world.clock.advance(120)
        self.set_off(world, arn, 71, 70)
        assert desired(world) == 7

    @pytest.mark.parametrize(
        ("adjustments", "members", "text"),
        [
            ([], {}, "At least one step adjustment"),
            ([(None, None, 1)], {}, "Both lower and upper bounds of a step adjustment cannot be left unspecified"),
            ([(0, 10, 1)], {}, "with an unspecified upper bound (i.e., upper bound is null)"),
            ([(-10, 0, 1)], {}, "with an unspecified lower bound (i.e., lower bound is null)"),
            ([(0, 10, 1), (20, None, 2)], {}, "leave a gap"),
            ([(0, 10, 1), (5, None, 2)], {}, "overlap"),
            ([(10, 10, 1), (10, None, 2)], {}, "must be greater than its lower bound"),
            ([(n, n + 1 if n < 20 else None, 1) for n in range(21)], {}, "There can be at most 20 step adjustments"),
            ([(0, None, -1)], {"AdjustmentType": "ExactCapacity"}, "must not be negative"),
            ([(0, None, 1)], {"MinAdjustmentMagnitude": 1}, "PercentChangeInCapacity only"),
            ([(0, None, 1)], {"AdjustmentType": None}, "Adjustment type must be specified"),
            ([(0, None, 1)], {"Cooldown": -1}, "A cooldown must not be negative"),
        ],
    )  # fmt: skip
    def test_steps_that_make_no_sense(
        self, world: World, adjustments: list[Any], members: dict[str, Any], text: str
    ) -> None:
        register(world)
        with pytest.raises(Refused, match="ValidationException") as refused:
            steps(world, *adjustments, **members)
        assert text in refused.value.text

    def set_off(self, world: World, arn: str, value: float, threshold: float) -> bool:
        world.clock.advance(MINUTE / 60)
        (policy,) = world.kernel.store.scaling_policies.where("arn", arn)
        return world.kernel.control.autoscaling.set_off(policy, "web-cpu", value - threshold)
