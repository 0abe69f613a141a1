"""Target tracking: a service has as many tasks as keep a metric at its target value."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.journals import MemoryJournal

from .autoscaling import (
    CPU,
    MEMORY,
    MINUTE,
    activities,
    call,
    desired,
    register,
    say,
    served,
    target,
    track,
)
from .world import World


@pytest.fixture
def world() -> World:
    """Two tasks, of one to ten."""
    world = served(2)
    register(world)
    return world


def minutes(world: World, count: float) -> None:
    world.clock.advance(count * MINUTE)


def test_scales_out_after_three_minutes_above_the_target(world: World) -> None:
    track(world, 50)
    say(world, 100)
    minutes(world, 2)
    assert desired(world) == 2
    minutes(world, 1)
    assert desired(world) == 4


def test_the_new_count_is_what_would_bring_the_metric_to_its_target(world: World) -> None:
    track(world, 50)
    say(world, 60)
    minutes(world, 3)
    assert desired(world) == 3  # 2 * 60 / 50 = 2.4


def test_one_minute_at_the_target_begins_the_count_anew(world: World) -> None:
    track(world, 50)
    for value in (100, 100, 50, 100, 100):
        say(world, value)
        minutes(world, 1)
    assert desired(world) == 2
    minutes(world, 1)
    assert desired(world) == 4


def test_never_above_the_maximum(world: World) -> None:
    track(world, 50)
    say(world, 1000)
    minutes(world, 30)
    assert desired(world) == 10


def test_scales_in_after_fifteen_minutes_a_tenth_below_the_target(world: World) -> None:
    register(world, 1, 10)
    track(world, 50)
    say(world, 24)
    minutes(world, 14)
    assert desired(world) == 2
    minutes(world, 1)
    assert desired(world) == 1


def test_a_metric_just_below_its_target_changes_nothing(world: World) -> None:
    track(world, 50)
    say(world, 45)
    minutes(world, 60)
    assert desired(world) == 2


def test_never_below_the_minimum(world: World) -> None:
    register(world, minimum=2)
    track(world, 50)
    say(world, 0)
    minutes(world, 60)
    assert desired(world) == 2


def test_without_data_nothing_happens(world: World) -> None:
    track(world, 50)
    minutes(world, 60)
    assert desired(world) == 2
    assert activities(world) == []


def test_scale_in_can_be_disabled(world: World) -> None:
    track(world, 50, DisableScaleIn=True)
    say(world, 0)
    minutes(world, 60)
    assert desired(world) == 2


class TestCooldown:
    def test_scale_out_waits_until_the_last_one_has_had_its_effect(self, world: World) -> None:
        track(world, 50, ScaleOutCooldown=600)
        say(world, 75)
        minutes(world, 3)
        assert desired(world) == 3
        minutes(world, 9)
        assert desired(world) == 3
        minutes(world, 1)
        assert desired(world) == 5  # 3 * 75 / 50 = 4.5

    def test_a_larger_scale_out_goes_beyond_what_was_added(self, world: World) -> None:
        track(world, 50, ScaleOutCooldown=600)
        say(world, 75)
        minutes(world, 3)
        assert desired(world) == 3
        say(world, 150)
        minutes(world, 1)
        assert desired(world) == 6  # of the two from before, not of three
        minutes(world, 5)
        assert desired(world) == 6

    def test_scale_in_waits(self, world: World) -> None:
        world.call("UpdateService", service="s", desiredCount=8)
        track(world, 50, ScaleInCooldown=240)
        say(world, 25)
        minutes(world, 15)
        assert desired(world) == 4
        minutes(world, 3)
        assert desired(world) == 4
        minutes(world, 1)
        assert desired(world) == 2

    def test_is_five_minutes_unless_said_otherwise(self, world: World) -> None:
        track(world, 50)
        say(world, 100)
        minutes(world, 3 + 4)
        assert desired(world) == 4
        minutes(world, 1)
        assert desired(world) == 8


class TestSeveralPolicies:
    def test_the_one_that_wants_most_wins(self, world: World) -> None:
        track(world, 50, CPU, "cpu")
        track(world, 50, MEMORY, "memory")
        say(world, 75, CPU)
        say(world, 200, MEMORY)
        minutes(world, 3)
        assert desired(world) == 8
        assert activities(world)[0]["Cause"].endswith("in state ALARM triggered policy memory")

    def test_it_scales_in_only_when_all_of_them_are_ready(self, world: World) -> None:
        track(world, 50, CPU, "cpu")
        track(world, 50, MEMORY, "memory")
        say(world, 1, CPU)
        say(world, 50, MEMORY)
        minutes(world, 20)
        assert desired(world) == 2
        say(world, 10, MEMORY)
        minutes(world, 15)
        assert desired(world) == 1

    def test_one_that_may_not_scale_in_holds_up_no_other(self, world: World) -> None:
        track(world, 50, CPU, "cpu")
        track(world, 50, MEMORY, "memory", DisableScaleIn=True)
        say(world, 1, CPU)
        say(world, 50, MEMORY)
        minutes(world, 15)
        assert desired(world) == 1


class TestSuspension:
    @pytest.mark.parametrize(
        ("what", "value", "after"),
        [
            ("DynamicScalingOutSuspended", 100, 2),
            ("DynamicScalingOutSuspended", 0, 1),
            ("DynamicScalingInSuspended", 100, 10),
            ("DynamicScalingInSuspended", 0, 2),
        ],
    )
    def test_suspends_one_direction(self, world: World, what: str, value: float, after: int) -> None:
        register(world, None, None, SuspendedState={what: True})
        track(world, 50)
        say(world, value)
        minutes(world, 15)
        assert desired(world) == after

    def test_is_told_and_can_be_taken_back(self, world: World) -> None:
        register(world, None, None, SuspendedState={"DynamicScalingOutSuspended": True})
        register(world, None, None, SuspendedState={"ScheduledScalingSuspended": True})
        assert target(world)["SuspendedState"] == {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": True,
            "ScheduledScalingSuspended": True,
        }
        register(world, None, None, SuspendedState={"DynamicScalingOutSuspended": False})
        track(world, 50)
        say(world, 100)
        minutes(world, 3)
        assert desired(world) == 4


def test_it_does_not_scale_in_while_a_deployment_is_in_progress(world: World) -> None:
    world.kernel.runtime.set_script("app:2", {"start_error": "no"})  # type: ignore[attr-defined]
    world.define("web", {"name": "app", "image": "app:2"})
    world.call("UpdateService", service="s", taskDefinition="web")
    track(world, 50)
    say(world, 1)
    minutes(world, 20)
    assert desired(world) == 2
    say(world, 100)
    minutes(world, 3)
    assert desired(world) == 4  # scaling out goes on


def test_what_containers_use_is_measured_in_percent_of_what_tasks_reserve(world: World) -> None:
    """A task of 256 units; the first minute after the policy is the first data point."""
    world.kernel.runtime.set_script("app:*", {"cpu_units": 192, "memory_mib": 128})  # type: ignore[attr-defined]
    world.call("UpdateService", service="s", forceNewDeployment=True)
    world.settle()
    track(world, 50)  # 75 percent
    track(world, 50, MEMORY, "memory")  # 25 percent
    minutes(world, 3)
    assert desired(world) == 3


def test_a_customized_metric_is_what_is_said_of_it(world: World) -> None:
    metric = {"Namespace": "Shop", "MetricName": "Orders", "Statistic": "Average"}
    call(
        world,
        "PutScalingPolicy",
        PolicyName="orders",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 10, "CustomizedMetricSpecification": metric},
    )
    say(world, 20, "Shop/Orders")
    minutes(world, 3)
    assert desired(world) == 4


def test_requests_per_target(world: World) -> None:
    track(world, 1000, "ALBRequestCountPerTarget")
    say(world, 2500, "ALBRequestCountPerTarget")
    minutes(world, 3)
    assert desired(world) == 5


class TestActivities:
    def test_say_what_was_done_and_why(self, world: World) -> None:
        alarms = track(world, 50)["Alarms"]
        say(world, 100)
        minutes(world, 3)
        (activity,) = activities(world)
        assert activity["Description"] == "Setting desired count to 4."
        cause = f"monitor alarm {alarms[0]['AlarmName']} in state ALARM triggered policy track"
        assert (activity["Cause"], activity["StartTime"]) == (cause, world.clock.now())
        assert activity["StatusCode"] == "InProgress"
        assert activity["StatusMessage"].startswith("Successfully set desired count to 4. Waiting for change")
        world.clock.advance(10)
        (activity,) = activities(world)
        assert activity["StatusCode"] == "Successful"
        assert activity["StatusMessage"] == (
            "Successfully set desired count to 4. Change successfully fulfilled by ecs."
        )
        assert activity["EndTime"] > activity["StartTime"]

    def test_the_feed_has_them(self, world: World) -> None:
        track(world, 50)
        say(world, 100)
        minutes(world, 4)
        events = world.events("scaling")
        assert [(event.before, event.after) for event in events] == [(None, "InProgress"), ("InProgress", "Successful")]
        assert events[0].message.startswith("scaling of s: Setting desired count to 4 InProgress (monitor alarm Target")
        assert events[0].cluster == "arn:aws:ecs:us-east-1:000000000000:cluster/default"

    def test_one_that_another_follows_is_overridden(self, world: World) -> None:
        world.kernel.runtime.set_script("app:*", {"pull_seconds": 3600})  # type: ignore[attr-defined]
        track(world, 50)
        say(world, 100)
        minutes(world, 3)
        world.call("UpdateService", service="s", desiredCount=2)
        say(world, 200)
        minutes(world, 1)
        assert [one["StatusCode"] for one in activities(world)] == ["InProgress", "Overridden"]

    def test_what_is_deleted_is_never_fulfilled(self, world: World) -> None:
        world.kernel.runtime.set_script("app:*", {"pull_seconds": 3600})  # type: ignore[attr-defined]
        track(world, 50)
        say(world, 100)
        minutes(world, 3)
        world.call("DeleteService", service="s", force=True)
        world.clock.advance(1)
        assert [one["StatusCode"] for one in activities(world)] == ["Unfulfilled"]

    def test_those_that_did_not_scale_are_shown_when_asked_for(self, world: World) -> None:
        register(world, maximum=2)
        track(world, 50)
        say(world, 100)
        minutes(world, 10)
        assert activities(world) == []
        (activity,) = activities(world, IncludeNotScaledActivities=True)
        assert activity["NotScaledReasons"] == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2}]

    def test_are_kept_for_six_weeks(self, world: World) -> None:
        track(world, 50)
        say(world, 100)
        minutes(world, 3)
        say(world, 50)
        world.clock.advance(6 * 7 * 86400 - 1)
        assert len(activities(world)) == 1
        world.clock.advance(1)
        assert activities(world) == []


async def test_after_a_restart_policies_and_cooldowns_hold_and_data_points_begin_anew() -> None:
    journal = MemoryJournal()
    world = served(2, journal=journal)
    register(world)
    track(world, 50, ScaleOutCooldown=600)
    say(world, 100)
    minutes(world, 3)
    again = World(journal=journal, start=world.clock.now(), seed=2)
    await again.kernel.recover()
    say(again, 100)
    minutes(again, 9)
    assert desired(again) == 4
    minutes(again, 1)
    assert desired(again) == 8
    assert [activity["StatusCode"] for activity in activities(again)][1] in ("Successful", "Overridden")


def test_a_policy_that_is_deleted_scales_no_more(world: World) -> None:
    track(world, 50)
    say(world, 100)
    minutes(world, 2)
    call(world, "DeleteScalingPolicy", PolicyName="track")
    minutes(world, 10)
    assert desired(world) == 2


def test_a_service_that_is_made_again_is_followed_again(world: World) -> None:
    track(world, 50)
    world.call("DeleteService", service="s", force=True)
    minutes(world, 5)
    world.serve(count=2)
    say(world, 100)
    minutes(world, 3)
    assert desired(world) == 4


def test_a_target_at_rest_costs_nothing(world: World) -> None:
    """Without a policy there is no timer of the target's."""
    minutes(world, 1)
    seen: list[Any] = []
    world.kernel.store.subscribe(seen.append)
    minutes(world, 60)
    assert seen == []
    assert world.clock.next_at is None or world.clock.next_at > world.clock.now() + 600
