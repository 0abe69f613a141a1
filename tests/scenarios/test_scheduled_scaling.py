"""Scheduled actions: other bounds at a time, and the service within them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .autoscaling import actions, activities, call, desired, register, schedule, served, target
from .world import Refused, World

NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)  # a Friday, two days before summer time begins in Europe
HOUR = 3600.0


@pytest.fixture
def world() -> World:
    world = served(2, NOON.timestamp())
    register(world, 1, 4)
    world.clock.advance(0)
    return world


def until(world: World, local: str, zone: str = "UTC") -> None:
    """Move on to a local time."""
    when = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    world.clock.advance(when.timestamp() - world.clock.now())


def bounds(world: World) -> tuple[int, int]:
    found = target(world)
    return found["MinCapacity"], found["MaxCapacity"]


def test_once_at_a_time(world: World) -> None:
    schedule(world, "at(2026-03-27T17:30:00)", MinCapacity=3, MaxCapacity=8)
    until(world, "2026-03-27T17:29:59")
    assert (desired(world), bounds(world)) == (2, (1, 4))
    until(world, "2026-03-27T17:30:10")
    assert (desired(world), bounds(world)) == (3, (3, 8))
    call(world, "RegisterScalableTarget", MinCapacity=1)
    world.clock.advance(365 * 24 * HOUR)
    assert bounds(world) == (1, 8)


def test_at_nine_in_berlin_whatever_the_season(world: World) -> None:
    schedule(world, "cron(0 9 * * ? *)", MinCapacity=3, Timezone="Europe/Berlin")
    for day in ("2026-03-28", "2026-03-29"):  # 8:00 and 7:00 in UTC
        call(world, "RegisterScalableTarget", MinCapacity=1)
        until(world, f"{day}T08:59:59", "Europe/Berlin")
        assert bounds(world)[0] == 1
        until(world, f"{day}T09:00:00", "Europe/Berlin")
        assert bounds(world)[0] == 3


def test_in_the_evening_it_scales_in_to_the_maximum(world: World) -> None:
    schedule(world, "cron(0 9 ? * MON-FRI *)", "morning", MinCapacity=4)
    schedule(world, "cron(0 20 ? * MON-FRI *)", "evening", MinCapacity=0, MaxCapacity=0)
    until(world, "2026-03-27T20:00:10")
    assert desired(world) == 0
    until(world, "2026-03-30T08:00:00")
    assert desired(world) == 0  # not on the weekend


def test_again_and_again(world: World) -> None:
    schedule(world, "rate(2 hours)", MinCapacity=2)
    for _ in range(3):
        call(world, "RegisterScalableTarget", MinCapacity=0)
        world.clock.advance(2 * HOUR - 1)
        assert bounds(world)[0] == 0
        world.clock.advance(1)
        assert bounds(world)[0] == 2


def test_between_start_and_end(world: World) -> None:
    start, end = NOON.timestamp() + 3 * HOUR, NOON.timestamp() + 5 * HOUR
    schedule(world, "rate(1 hour)", MinCapacity=2, StartTime=start, EndTime=end)
    world.clock.advance(24 * HOUR)
    ran = [activity["StartTime"] for activity in reversed(activities(world)) if "scheduled" in activity["Cause"]]
    assert ran == [start, start + HOUR, end]


def test_what_it_did_is_told(world: World) -> None:
    schedule(world, "rate(1 hour)", "more", MinCapacity=3, MaxCapacity=5)
    world.clock.advance(HOUR)
    world.clock.advance(10)
    count, bounded = activities(world)
    assert (bounded["Description"], bounded["Cause"], bounded["StatusCode"], bounded["StatusMessage"]) == (
        "Setting min capacity to 3 and max capacity to 5",
        "scheduled action name more was triggered",
        "Successful",
        "Successfully set min capacity to 3 and max capacity to 5",
    )
    assert (count["Description"], count["Cause"]) == ("Setting desired count to 3.", "minimum capacity was set to 3")


def test_bounds_that_contradict_each_other_by_then_fail(world: World) -> None:
    schedule(world, "rate(1 hour)", MinCapacity=5)
    world.clock.advance(HOUR)
    (activity,) = activities(world)
    assert activity["StatusCode"] == "Failed"
    assert "Maximum capacity cannot be less than minimum capacity" in activity["StatusMessage"]
    assert bounds(world) == (1, 4)


def test_it_can_be_suspended(world: World) -> None:
    register(world, None, None, SuspendedState={"ScheduledScalingSuspended": True})
    schedule(world, "rate(1 hour)", MinCapacity=3)
    world.clock.advance(HOUR)
    assert bounds(world) == (1, 4)
    register(world, None, None, SuspendedState={"ScheduledScalingSuspended": False})
    world.clock.advance(HOUR)
    assert bounds(world) == (3, 4)


def test_one_that_is_put_off_or_deleted_does_not_run_at_its_old_time(world: World) -> None:
    schedule(world, "at(2026-03-27T13:00:00)", "later", MinCapacity=2)
    schedule(world, "at(2026-03-27T15:00:00)", "later")
    schedule(world, "at(2026-03-27T13:00:00)", "never", MinCapacity=4)
    call(world, "DeleteScheduledAction", ScheduledActionName="never")
    until(world, "2026-03-27T14:59:59")
    assert bounds(world) == (1, 4)
    until(world, "2026-03-27T15:00:00")
    assert bounds(world) == (2, 4)


async def test_one_that_was_due_while_kecs_was_down_is_done_at_its_start(world: World) -> None:
    schedule(world, "rate(1 hour)", MinCapacity=3)
    world.kernel.control.forget()
    world.clock.advance(2.5 * HOUR)
    assert bounds(world) == (1, 4)
    await world.kernel.recover()
    world.clock.advance(1)
    assert bounds(world) == (3, 4)
    (action,) = world.kernel.store.scheduled_actions
    assert action.next_at == NOON.timestamp() + 3 * HOUR


def test_it_is_shown_as_it_was_put(world: World) -> None:
    schedule(world, "cron(0 9 * * ? *)", MinCapacity=3, Timezone="Europe/Berlin", StartTime=1.5e9)
    (action,) = actions(world)
    assert action.pop("ScheduledActionARN").startswith("arn:aws:autoscaling:us-east-1:000000000000:scheduledAction:")
    assert action == {
        "ScheduledActionName": "action",
        "ServiceNamespace": "ecs",
        "Schedule": "cron(0 9 * * ? *)",
        "Timezone": "Europe/Berlin",
        "ResourceId": "service/default/s",
        "ScalableDimension": "ecs:service:DesiredCount",
        "StartTime": 1.5e9,
        "ScalableTargetAction": {"MinCapacity": 3},
        "CreationTime": NOON.timestamp(),
    }
    schedule(world, "rate(1 day)")  # other members stay, start and end do not
    (action,) = actions(world)
    assert (action["ScalableTargetAction"], action["Timezone"]) == ({"MinCapacity": 3}, "Europe/Berlin")
    assert "StartTime" not in action


@pytest.mark.parametrize(
    ("expression", "members", "text"),
    [
        ("daily", {}, "Invalid schedule expression 'daily'"),
        ("cron(0 9 * * * *)", {}, "Invalid schedule expression"),
        ("cron(0 25 * * ? *)", {}, "Invalid schedule expression"),
        ("rate(1 hours)", {}, "Invalid schedule expression"),
        ("at(2026-02-30T09:00:00)", {}, "Invalid schedule expression"),
        ("rate(1 hour)", {"Timezone": "Europe/Nowhere"}, "Invalid timezone 'Europe/Nowhere'"),
        ("rate(1 hour)", {"MinCapacity": 2, "MaxCapacity": 1}, "Maximum capacity cannot be less than"),
        ("rate(1 hour)", {"MinCapacity": -2}, "must be greater than or equal to 0"),
        ("rate(1 hour)", {"MinCapacity": None}, "At least one of minimum capacity and maximum capacity"),
        ("rate(1 hour)", {"StartTime": 2e9, "EndTime": 1.9e9}, "end time must be after the start time"),
        (None, {}, "Schedule must be specified"),
    ],
)
def test_one_that_makes_no_sense(world: World, expression: Any, members: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused, match="ValidationException") as refused:
        schedule(world, expression, **{"MinCapacity": 1, **members})
    assert text in refused.value.text
    assert actions(world) == []


def test_there_are_two_hundred_at_most(world: World) -> None:
    for number in range(200):
        schedule(world, "rate(1 day)", f"a{number}", MinCapacity=1)
    with pytest.raises(Refused, match="LimitExceededException"):
        schedule(world, "rate(1 day)", "a200", MinCapacity=1)
    with pytest.raises(Refused, match="ObjectNotFoundException: No scheduled action found for service namespace: ecs"):
        call(world, "DeleteScheduledAction", ScheduledActionName="a200")
