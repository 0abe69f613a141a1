"""EventBridge Scheduler at work: when schedules fire, in their time zones and windows, and what comes of it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kecs.core.schedules import zone
from kecs.store.journal import SqliteJournal

from .scheduled import CLUSTER, schedule, scheduler, started_by, target
from .world import Refused, World

NOON = datetime(2024, 3, 29, 12, tzinfo=UTC).timestamp()  # two days before summer time begins in Europe
BERLIN = zone("Europe/Berlin")
DAY = 86400.0


@pytest.fixture
def world() -> World:
    return World(start=NOON)


def times(world: World, name: str, place: Any = UTC) -> list[str]:
    """When the schedule has run its tasks."""
    tasks = started_by(world, f"chronos-schedule/{name}")
    return [datetime.fromtimestamp(task["createdAt"], place).strftime("%d %H:%M:%S") for task in tasks]


def test_nine_o_clock_in_berlin_when_summer_time_begins(world: World) -> None:
    schedule(
        world, "nine", "cron(0 9 * * ? *)", world.define("job"), ScheduleExpressionTimezone="Europe/Berlin"
    )  # fmt: skip
    world.clock.advance(3 * DAY)
    assert times(world, "nine", BERLIN) == ["30 09:00:00", "31 09:00:00", "01 09:00:00"]
    assert times(world, "nine") == ["30 08:00:00", "31 07:00:00", "01 07:00:00"]


def test_a_time_that_summer_time_skips_is_skipped(world: World) -> None:
    schedule(world, "gap", "cron(30 2 * * ? *)", world.define("job"), ScheduleExpressionTimezone="Europe/Berlin")
    world.clock.advance(3 * DAY)
    assert times(world, "gap", BERLIN) == ["30 02:30:00", "01 02:30:00"]


def test_a_rate_begins_at_once_or_with_its_start(world: World) -> None:
    definition = world.define("job")
    schedule(world, "now", "rate(5 minutes)", definition)
    schedule(world, "later", "rate(5 minutes)", definition, StartDate=NOON + 90)
    world.clock.advance(600)
    assert times(world, "now") == ["29 12:00:00", "29 12:05:00", "29 12:10:00"]
    assert times(world, "later") == ["29 12:01:30", "29 12:06:30"]


def test_nothing_is_due_after_the_end(world: World) -> None:
    schedule(world, "r", "rate(5 minutes)", world.define("job"), EndDate=NOON + 600)
    world.clock.advance(3600)
    assert times(world, "r") == ["29 12:00:00", "29 12:05:00", "29 12:10:00"]
    assert scheduler(world, "GetSchedule", Name="r")["State"] == "ENABLED"


def test_at_comes_once_and_may_be_gone_then(world: World) -> None:
    definition, at = world.define("job"), "at(2024-03-29T15:00:00)"
    schedule(world, "stays", at, definition, ScheduleExpressionTimezone="Europe/Berlin")
    schedule(world, "goes", at, definition, ActionAfterCompletion="DELETE", StartDate=NOON + DAY)
    world.clock.advance(2 * DAY)
    assert times(world, "stays") == ["29 14:00:00"]
    assert times(world, "goes") == ["29 15:00:00"]
    assert [item["Name"] for item in scheduler(world, "ListSchedules")["Schedules"]] == ["stays"]


def test_it_fires_within_its_window(world: World) -> None:
    flexible = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
    schedule(world, "w", "rate(1 hour)", world.define("job"), FlexibleTimeWindow=flexible)
    world.clock.advance(24 * 3600 - 1)
    starts = [task["createdAt"] - NOON for task in started_by(world, "chronos-schedule/w")]
    assert [int(start // 3600) for start in starts] == list(range(24))
    assert all(start % 3600 < 1800 for start in starts)
    assert len({start % 3600 for start in starts}) > 12


def test_windows_that_overlap_skip_nothing(world: World) -> None:
    flexible = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}
    schedule(world, "w", "rate(1 minute)", world.define("job"), FlexibleTimeWindow=flexible)
    world.clock.advance(2 * 3600)
    assert len(times(world, "w")) >= 60


def test_the_input_says_overrides_and_knows_the_schedule(world: World) -> None:
    attributes = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    environment = [{"name": name, "value": f"<aws.scheduler.{name}>"} for name in attributes]
    given = json.dumps({"containerOverrides": [{"name": "app", "environment": environment}]})
    arn = schedule(world, "in", "at(2024-03-29T13:00:00)", world.define("job"), Target={"Input": given})
    world.clock.advance(3600)
    (task,) = started_by(world, "chronos-schedule/in")
    said = {item["name"]: item["value"] for item in task["overrides"]["containerOverrides"][0]["environment"]}
    assert len(said.pop("execution-id")) == 36
    assert said == {"schedule-arn": arn, "scheduled-time": "2024-03-29T13:00:00Z", "attempt-number": "1"}


def test_a_disabled_schedule_does_nothing(world: World) -> None:
    definition = world.define("job")
    schedule(world, "s", "rate(1 hour)", definition, State="DISABLED")
    world.clock.advance(DAY)
    assert times(world, "s") == []
    members = scheduler(world, "GetSchedule", Name="s")
    again = {name: members[name] for name in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler(world, "UpdateSchedule", Name="s", **again)
    assert scheduler(world, "GetSchedule", Name="s")["State"] == "ENABLED"
    world.clock.advance(3600)
    assert times(world, "s") == ["30 13:00:00"]


def test_a_deleted_schedule_does_nothing(world: World) -> None:
    schedule(world, "s", "rate(1 hour)", world.define("job"), StartDate=NOON + 60)
    scheduler(world, "DeleteSchedule", Name="s")
    world.clock.advance(DAY)
    assert times(world, "s") == []
    with pytest.raises(Refused, match="ResourceNotFoundException: Schedule s does not exist") as refused:
        scheduler(world, "DeleteSchedule", Name="s")
    assert refused.value.status == 404


def test_it_survives_a_restart_and_skips_what_it_missed(tmp_path: Path) -> None:
    world = World(start=NOON, journal=SqliteJournal(tmp_path / "state"))
    definition = world.define("job")
    schedule(world, "hourly", "cron(0 * * * ? *)", definition)
    schedule(world, "once", "at(2024-03-29T14:30:00)", definition, ActionAfterCompletion="DELETE")
    world.clock.advance(3600)
    world.kernel.store.close()
    again = World(start=NOON + 4.5 * 3600, journal=SqliteJournal(tmp_path / "state"), seed=2)
    asyncio.run(again.kernel.recover())
    again.clock.advance(3600)
    assert times(again, "hourly")[-1] == "29 17:00:00"
    assert "29 15:00:00" not in times(again, "hourly")
    assert times(again, "once") == []
    assert [item["Name"] for item in scheduler(again, "ListSchedules")["Schedules"]] == ["hourly"]


def test_a_schedule_is_shown_as_it_was_put(world: World) -> None:
    aim = {name: value for name, value in target("job").items() if name != "Id"}
    arn = schedule(world, "s", "rate(1 day)", "job", Description="d", StartDate=NOON + 60.0, EndDate=NOON + DAY)
    assert arn == "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s"
    assert scheduler(world, "GetSchedule", Name="s") == {
        "Arn": arn,
        "Name": "s",
        "GroupName": "default",
        "Description": "d",
        "ScheduleExpression": "rate(1 day)",
        "ScheduleExpressionTimezone": "UTC",
        "StartDate": NOON + 60,
        "EndDate": NOON + DAY,
        "State": "ENABLED",
        "CreationDate": NOON,
        "LastModificationDate": NOON,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "NONE",
        "Target": {**aim, "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}},
    }


def test_groups(world: World) -> None:
    definition = world.define("job")
    tags = [{"Key": "k", "Value": "v"}]
    arn = scheduler(world, "CreateScheduleGroup", Name="nightly", Tags=tags)["ScheduleGroupArn"]
    assert scheduler(world, "GetScheduleGroup", Name="nightly") == {
        "Arn": arn, "Name": "nightly", "State": "ACTIVE", "CreationDate": NOON, "LastModificationDate": NOON,
    }  # fmt: skip
    assert scheduler(world, "ListTagsForResource", ResourceArn=arn) == {"Tags": tags}
    scheduler(world, "TagResource", ResourceArn=arn, Tags=[{"Key": "l", "Value": "w"}, {"Key": "m", "Value": "x"}])
    scheduler(world, "UntagResource", ResourceArn=arn, TagKeys=["k", "m"])
    assert scheduler(world, "ListTagsForResource", ResourceArn=arn) == {"Tags": [{"Key": "l", "Value": "w"}]}
    for name in ("a", "b", "c"):
        schedule(world, name, "rate(1 day)", definition, GroupName="nightly", StartDate=NOON + 60)
    schedule(world, "a", "rate(1 day)", definition, State="DISABLED")
    first = scheduler(world, "ListSchedules", GroupName="nightly", MaxResults=2)
    assert [item["Name"] for item in first["Schedules"]] == ["a", "b"]
    rest = scheduler(world, "ListSchedules", GroupName="nightly", NextToken=first["NextToken"])
    assert [item["Name"] for item in rest["Schedules"]] == ["c"]
    assert [item["GroupName"] for item in scheduler(world, "ListSchedules", NamePrefix="a")["Schedules"]] == [
        "default", "nightly",
    ]  # fmt: skip
    assert len(scheduler(world, "ListSchedules", State="DISABLED")["Schedules"]) == 1
    assert [group["Name"] for group in scheduler(world, "ListScheduleGroups")["ScheduleGroups"]] == [
        "default",
        "nightly",
    ]
    scheduler(world, "DeleteScheduleGroup", Name="nightly")
    world.clock.advance(DAY)
    assert times(world, "b") == []
    assert len(scheduler(world, "ListSchedules")["Schedules"]) == 1


def test_the_same_request_with_the_same_token_makes_one_schedule(world: World) -> None:
    first = schedule(world, "s", "rate(1 day)", "job", ClientToken="t")
    assert schedule(world, "s", "rate(1 day)", "job", ClientToken="t") == first
    for members in ({"ClientToken": "u"}, {"ClientToken": "t", "Description": "d"}, {}):
        with pytest.raises(Refused, match="ConflictException: Schedule s already exists") as refused:
            schedule(world, "s", "rate(1 day)", "job", **members)
        assert refused.value.status == 409


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"ScheduleExpression": "rate(5 seconds)"}, "Invalid Schedule Expression rate\\(5 seconds\\)."),
    ({"ScheduleExpression": "cron(0 9 * * *)"}, "Invalid Schedule Expression"),
    ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "Invalid ScheduleExpressionTimezone Mars/Olympus."),
    ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes is required"),
    ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "MaximumWindowInMinutes is required"),
    ({"StartDate": NOON, "EndDate": NOON}, "The EndDate must be after the StartDate."),
    ({"Target": {"Arn": "x", "RoleArn": "arn:aws:iam::000000000000:role/r"}}, "Provided Arn is not in correct format."),
    ({"Target": {"Arn": CLUSTER, "RoleArn": "arn:aws:iam::000000000000:role/r"}}, "EcsParameters is required"),
    ({"GroupName": "none"}, "ResourceNotFoundException: Schedule group none does not exist."),
    ({"State": "ON"}, "ValidationException: 1 validation error detected: Value 'ON' at 'state'"),
]


@pytest.mark.parametrize(("members", "text"), REFUSED)
def test_what_is_refused(world: World, members: dict[str, Any], text: str) -> None:
    aim = {name: value for name, value in target("job").items() if name != "Id"}
    given = {"ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": aim, **members}
    with pytest.raises(Refused, match=text):
        scheduler(world, "CreateSchedule", Name="s", **given)
    assert scheduler(world, "ListSchedules") == {"Schedules": []}


@pytest.mark.parametrize("start", [-1e18, 1e18, -1.0, 1e10])
def test_dates_beyond_all_calendars(world: World, start: float) -> None:
    definition = world.define("job")
    schedule(world, "rate", "rate(1 day)", definition, StartDate=start)
    schedule(world, "cron", "cron(0 9 * * ? *)", definition, StartDate=start)
    world.clock.advance(DAY)
    assert len(times(world, "cron")) == (start < NOON)
    assert len(times(world, "rate")) == (start < NOON)


def test_groups_that_are_refused(world: World) -> None:
    with pytest.raises(Refused, match="The default schedule group cannot be deleted"):
        scheduler(world, "DeleteScheduleGroup", Name="default")
    with pytest.raises(Refused, match="ConflictException: Schedule group default already exists"):
        scheduler(world, "CreateScheduleGroup", Name="default")
    with pytest.raises(Refused, match="ResourceNotFoundException: Schedule group x does not exist"):
        scheduler(world, "ListSchedules", GroupName="x")
    with pytest.raises(Refused, match="Member must have value less than or equal to 100"):
        scheduler(world, "ListSchedules", MaxResults=101)
    with pytest.raises(Refused, match="Invalid token"):
        scheduler(world, "ListSchedules", NextToken="x")
