"""Rules of EventBridge at work: by schedule, by ECS's own events and by a caller's, and what becomes of their tasks."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kecs.app.metrics import exposition
from kecs.app.state import state_of
from kecs.core.settings import Settings
from kecs.store.journal import SqliteJournal

from .scheduled import CLUSTER, ROLE, events, put_rule, started_by, target
from .world import Refused, World

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC).timestamp()
STOPPED_WITH_AN_ERROR = {
    "source": ["aws.ecs"],
    "detail-type": ["ECS Task State Change"],
    "detail": {"lastStatus": ["STOPPED"], "containers": {"exitCode": [{"anything-but": 0}]}, "group": ["family:bad"]},
}
SHOP = {"source": ["shop"]}
ORDER = {"Source": "shop", "DetailType": "order", "Detail": "{}"}


@pytest.fixture
def world() -> World:
    return World(start=NOON)


def invocations(world: World) -> list[str]:
    return [event.message for event in world.events("invocation")]


def test_every_five_minutes(world: World) -> None:
    put_rule(world, "five", target(world.define("job")), ScheduleExpression="rate(5 minutes)")
    world.clock.advance(299)
    assert started_by(world, "events-rule/five") == []
    world.clock.advance(602)
    tasks = started_by(world, "events-rule/five")
    assert [task["createdAt"] - NOON for task in tasks] == [300, 600, 900]
    assert invocations(world)[0] == "invocation of default by rule/five PENDING -> SUCCEEDED"
    assert b'kecs_invocations_total{outcome="SUCCEEDED",source="rule"} 3.0' in exposition(world.kernel)


def test_a_cron_rule_in_utc(world: World) -> None:
    put_rule(world, "nightly", target(world.define("job")), ScheduleExpression="cron(30 2 ? * TUE-SAT *)")
    world.clock.advance(86400 * 7)
    times = [datetime.fromtimestamp(t["createdAt"], UTC) for t in started_by(world, "events-rule/nightly")]
    assert [time.strftime("%a %H:%M:%S") for time in times] == [
        "Tue 02:30:00", "Wed 02:30:00", "Thu 02:30:00", "Fri 02:30:00", "Sat 02:30:00",
    ]  # fmt: skip


def test_what_the_target_says_is_how_tasks_run(world: World) -> None:
    definition = world.define("job", tags=[{"key": "team", "value": "a"}])
    parameters = {
        "TaskCount": 2,
        "Group": "nightly",
        "PlatformVersion": "1.4.0",
        "PropagateTags": "TASK_DEFINITION",
        "EnableECSManagedTags": True,
        "Tags": [{"Key": "by", "Value": "rule"}],
    }
    override = {"containerOverrides": [{"name": "app", "command": ["true"]}], "cpu": "512", "memory": "1024"}
    given = target(definition, EcsParameters=parameters, Input=json.dumps(override))
    put_rule(world, "r", given, ScheduleExpression="rate(1 minute)")
    world.clock.advance(60)
    first, _ = started_by(world, "events-rule/r")
    assert first["group"] == "nightly"
    assert first["launchType"] == "FARGATE"
    assert (first["cpu"], first["memory"], first["platformVersion"]) == ("512", "1024", "1.4.0")
    assert first["overrides"]["containerOverrides"] == override["containerOverrides"]
    task = world.call("DescribeTasks", tasks=[first["taskArn"]], include=["TAGS"])["tasks"][0]
    assert {tag["key"]: tag["value"] for tag in task["tags"]} == {
        "by": "rule", "team": "a", "aws:ecs:clusterName": "default",
    }  # fmt: skip


def test_when_a_task_stops_with_an_error_another_one_runs(world: World) -> None:
    world.runtime.set_script("fails:1", {"run_seconds": 5, "exit_code": 3})
    world.define("bad", {"name": "app", "image": "fails:1"})
    transformer = {
        "InputPathsMap": {"task": "$.detail.taskArn", "code": "$.detail.containers[0].exitCode"},
        "InputTemplate": '{"containerOverrides": [{"name": "app", "environment": [{"name": "FAILED", "value": <task>}, '
        '{"name": "WHY", "value": "exit code <code>"}]}]}',
    }
    put_rule(world, "mend", target(world.define("mend"), InputTransformer=transformer), pattern=STOPPED_WITH_AN_ERROR)
    failed = world.run("bad")["tasks"][0]["taskArn"]
    world.until(lambda: bool(started_by(world, "events-rule/mend")))
    world.clock.advance(600)
    (task,) = started_by(world, "events-rule/mend")
    assert task["overrides"]["containerOverrides"][0]["environment"] == [
        {"name": "FAILED", "value": failed}, {"name": "WHY", "value": "exit code 3"},
    ]  # fmt: skip


def test_events_of_the_callers_own(world: World) -> None:
    put_rule(
        world,
        "orders",
        target(world.define("job")),
        pattern={"source": ["shop"], "detail": {"sum": [{"numeric": [">", 9]}]}},
    )
    entries = [
        {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"sum": amount})} for amount in (5, 10, 20)
    ]
    answer = events(world, "PutEvents", Entries=[*entries, {"Source": "shop", "DetailType": "x", "Detail": "{"}])
    assert answer["FailedEntryCount"] == 1
    assert ["EventId" in entry for entry in answer["Entries"]] == [True, True, True, False]
    assert answer["Entries"][3] == {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    world.clock.advance(1)
    assert len(started_by(world, "events-rule/orders")) == 2


def test_a_bus_of_ones_own_has_its_own_rules(world: World) -> None:
    definition = world.define("job")
    events(world, "CreateEventBus", Name="shop")
    arn = put_rule(world, "r", pattern={"source": ["shop"]}, EventBusName="shop")
    assert arn == "arn:aws:events:us-east-1:000000000000:rule/shop/r"
    events(world, "PutTargets", Rule="r", EventBusName="shop", Targets=[target(definition)])
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
    events(world, "PutEvents", Entries=[entry])
    world.clock.advance(1)
    assert started_by(world, "events-rule/r") == []
    events(world, "PutEvents", Entries=[{**entry, "EventBusName": "shop"}])
    world.clock.advance(1)
    assert len(started_by(world, "events-rule/r")) == 1


def test_a_disabled_rule_does_nothing_and_begins_anew_when_enabled(world: World) -> None:
    put_rule(world, "r", target(world.define("job")), ScheduleExpression="rate(10 minutes)", State="DISABLED")
    world.clock.advance(3600)
    assert started_by(world, "events-rule/r") == []
    events(world, "EnableRule", Name="r")
    world.clock.advance(599)
    assert started_by(world, "events-rule/r") == []
    world.clock.advance(1)
    assert len(started_by(world, "events-rule/r")) == 1
    events(world, "DisableRule", Name="r")
    world.clock.advance(3600)
    assert len(started_by(world, "events-rule/r")) == 1


def test_a_rule_that_is_put_again_keeps_its_beat_and_its_targets(world: World) -> None:
    put_rule(world, "r", target(world.define("job")), ScheduleExpression="rate(10 minutes)", Description="one")
    world.clock.advance(300)
    put_rule(world, "r", ScheduleExpression="rate(10 minutes)")
    assert "Description" not in events(world, "DescribeRule", Name="r")
    world.clock.advance(300)
    assert len(started_by(world, "events-rule/r")) == 1
    put_rule(world, "r", ScheduleExpression="rate(1 hour)")
    world.clock.advance(3599)
    assert len(started_by(world, "events-rule/r")) == 1


def test_a_refused_invocation_is_seen_and_not_tried_again(world: World) -> None:
    put_rule(world, "r", target("nothing"), ScheduleExpression="rate(1 day)")
    world.clock.advance(86400)
    assert invocations(world) == [
        "invocation of default by rule/r PENDING -> FAILED (ClientException: TaskDefinition not found.)"
    ]
    assert b'kecs_invocations_total{outcome="FAILED",source="rule"} 1.0' in exposition(world.kernel)
    assert len(world.kernel.store.invocations) == 0


def test_an_input_that_is_no_override_fails(world: World) -> None:
    given = target(world.define("job"), Input='{"containerOverrides": [{"name": 1}]}')
    put_rule(world, "r", given, ScheduleExpression="rate(1 minute)")
    world.clock.advance(60)
    assert "the input is no task override: Expected `str | null`, got `int`" in invocations(world)[0]


def test_what_finds_no_room_is_tried_again() -> None:
    world = World(Settings(local_cpu=1024, local_memory=1024), start=NOON)
    definition = world.define_ec2("big", {"name": "app", "image": "app:1", "memory": 800})
    running = world.call("RunTask", taskDefinition=definition)["tasks"][0]["taskArn"]
    given = target(definition, RetryPolicy={"MaximumRetryAttempts": 2})
    given["EcsParameters"] = {"TaskDefinitionArn": definition}
    put_rule(world, "r", given, ScheduleExpression="rate(1 hour)")
    world.clock.advance(3605)
    assert invocations(world)[0].endswith("PENDING -> RETRYING (RESOURCE:MEMORY)")
    world.call("StopTask", task=running)
    world.clock.advance(60)
    assert invocations(world)[-1].endswith("RETRYING -> SUCCEEDED")
    world.clock.advance(3600)
    assert [line.split(" -> ")[1] for line in invocations(world)[-3:]] == [
        "RETRYING (RESOURCE:MEMORY)", "RETRYING (RESOURCE:MEMORY)", "FAILED (RESOURCE:MEMORY)",
    ]  # fmt: skip


def test_a_schedule_survives_a_restart_and_skips_what_it_missed(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "state")
    world = World(start=NOON, journal=journal)
    put_rule(world, "r", target(world.define("job")), ScheduleExpression="rate(10 minutes)")
    world.clock.advance(660)
    assert len(started_by(world, "events-rule/r")) == 1
    world.kernel.store.close()
    again = World(start=NOON + 3630, journal=SqliteJournal(tmp_path / "state"), seed=2)
    asyncio.run(again.kernel.recover())
    again.clock.advance(0)
    before = len(started_by(again, "events-rule/r"))
    again.clock.advance(569)
    assert len(started_by(again, "events-rule/r")) == before
    again.clock.advance(1)
    assert len(started_by(again, "events-rule/r")) == before + 1


def test_what_is_tried_again_survives_a_restart(tmp_path: Path) -> None:
    small = Settings(local_cpu=1024, local_memory=1024)
    world = World(small, start=NOON, journal=SqliteJournal(tmp_path / "state"))
    definition = world.define_ec2("big", {"name": "app", "image": "app:1", "memory": 800})
    running = world.call("RunTask", taskDefinition=definition)["tasks"][0]["taskArn"]
    put_rule(
        world, "r", target(definition, EcsParameters={"LaunchType": "EC2", "NetworkConfiguration": None}), pattern=SHOP
    )
    events(world, "PutEvents", Entries=[ORDER])
    world.clock.advance(1)
    assert invocations(world)[-1].endswith("PENDING -> RETRYING (RESOURCE:MEMORY)")
    world.call("StopTask", task=running)
    world.clock.advance(5)
    world.kernel.store.close()
    again = World(small, start=NOON + 100, journal=SqliteJournal(tmp_path / "state"), seed=2)
    asyncio.run(again.kernel.recover())
    again.clock.advance(1)
    assert invocations(again) == ["invocation of default by rule/r RETRYING -> SUCCEEDED"]
    state = state_of(again.kernel, None, None, history=False)
    assert [rule["name"] for rule in state["records"]["rules"]] == ["r"]
    assert state["records"]["invocations"] == []


def test_rules_are_shown_as_they_were_put(world: World) -> None:
    pattern = json.dumps({"source": ["aws.ecs"]})
    arn = put_rule(world, "b", EventPattern=pattern, Description="d", RoleArn=ROLE, Tags=[{"Key": "k", "Value": "v"}])
    put_rule(world, "a", ScheduleExpression="rate(1 day)")
    shown = events(world, "DescribeRule", Name="b")
    assert shown == {
        "Name": "b", "Arn": arn, "EventPattern": pattern, "State": "ENABLED", "Description": "d", "RoleArn": ROLE,
        "EventBusName": "default", "CreatedBy": "000000000000",
    }  # fmt: skip
    first = events(world, "ListRules", Limit=1)
    assert [rule["Name"] for rule in first["Rules"]] == ["a"]
    rest = events(world, "ListRules", NextToken=first["NextToken"])
    assert [rule["Name"] for rule in rest["Rules"]] == ["b"]
    assert events(world, "ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    events(world, "TagResource", ResourceARN=arn, Tags=[{"Key": "l", "Value": "w"}])
    events(world, "UntagResource", ResourceARN=arn, TagKeys=["k"])
    assert events(world, "ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "l", "Value": "w"}]


def test_targets_are_kept_and_shown_whatever_they_are(world: World) -> None:
    put_rule(world, "r", ScheduleExpression="rate(1 minute)")
    queue = {"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:q", "SqsParameters": {"MessageGroupId": "g"}}
    cluster = target("job", "c")
    assert events(world, "PutTargets", Rule="r", Targets=[queue, cluster])["FailedEntryCount"] == 0
    assert events(world, "ListTargetsByRule", Rule="r")["Targets"] == [queue, cluster]
    assert events(world, "ListRuleNamesByTarget", TargetArn=CLUSTER)["RuleNames"] == ["r"]
    with pytest.raises(Refused, match="Rule can't be deleted since it has targets"):
        events(world, "DeleteRule", Name="r")
    events(world, "RemoveTargets", Rule="r", Ids=["q", "c", "none"])
    events(world, "DeleteRule", Name="r")
    events(world, "DeleteRule", Name="r")
    world.clock.advance(120)
    assert invocations(world) == []


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("PutRule", {}, "ValidationException: Parameter\\(s\\) EventPattern or ScheduleExpression must be specified."),
    ("PutRule", {"ScheduleExpression": "at(2030-01-01T00:00:00)"}, "Parameter ScheduleExpression is not valid."),
    ("PutRule", {"ScheduleExpression": "cron(0 9 * * * *)"}, "Parameter ScheduleExpression is not valid."),
    ("PutRule", {"EventPattern": "{}"}, "InvalidEventPatternException: Event pattern is not valid. Reason: ."),
    ("PutRule", {"EventPattern": '{"a": [1]}', "EventBusName": "b"}, "ResourceNotFoundException: Event bus b does not"),
    ("DescribeRule", {}, "ResourceNotFoundException: Rule r does not exist on EventBus default."),
    ("EnableRule", {}, "ResourceNotFoundException"),
    ("DeleteEventBus", {"Name": "default"}, "Cannot delete event bus default."),
    ("CreateEventBus", {"Name": "default"}, "ResourceAlreadyExistsException: Event bus default already exists."),
    ("PutEvents", {"Entries": []}, "ValidationException: 1 validation error detected: Value '\\[\\]' at 'entries'"),
    ("TestEventPattern", {"EventPattern": '{"a": [1]}', "Event": "{}"}, "Reason: id is missing."),
]


@pytest.mark.parametrize(("operation", "members", "text"), REFUSED)
def test_what_is_refused(world: World, operation: str, members: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused, match=text):
        events(world, operation, **{"Name": "r", **members})


WRONG_TARGETS: list[tuple[dict[str, Any], str]] = [
    ({"Arn": "default"}, "Provided Arn is not in correct format."),
    ({"EcsParameters": None}, "EcsParameters is required for target"),
    ({"RoleArn": None}, "RoleArn is required for target"),
    ({"Input": "{"}, "JSON syntax error in input for target t."),
    ({"Input": "{}", "InputPath": "$"}, "Only one of Input, InputPath, or InputTransformer must be provided"),
    ({"InputPath": "detail"}, "Invalid InputPath for target t."),
    ({"InputTransformer": {"InputTemplate": "<x>"}}, "InputTemplate for target t contains invalid placeholder x."),
    ({"InputTransformer": {"InputTemplate": "<x>", "InputPathsMap": {"x": "y"}}}, "Invalid InputPathsMap"),
]


@pytest.mark.parametrize(("members", "text"), WRONG_TARGETS)
def test_targets_that_are_refused(world: World, members: dict[str, Any], text: str) -> None:
    put_rule(world, "r", ScheduleExpression="rate(1 minute)")
    wrong = {name: value for name, value in {**target("job"), **members}.items() if value is not None}
    with pytest.raises(Refused, match=text):
        events(world, "PutTargets", Rule="r", Targets=[wrong])
    assert events(world, "ListTargetsByRule", Rule="r")["Targets"] == []


def test_entries_that_are_refused(world: World) -> None:
    whole = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    entries = [
        {"DetailType": "t", "Detail": "{}"},
        {**whole, "Source": "aws.ecs"},
        {**whole, "Detail": "[]"},
        {**whole, "Time": 1e18},
        {**whole, "Detail": '{"a": ' + "[" * 5000 + "]" * 5000 + "}"},
    ]
    answer = events(world, "PutEvents", Entries=entries)
    assert [entry["ErrorCode"] for entry in answer["Entries"]] == [
        "InvalidArgument", "NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument", "MalformedDetail",
    ]  # fmt: skip


def test_a_pattern_can_be_tried(world: World) -> None:
    event = {"id": "1", "account": "1", "source": "s", "time": "", "region": "", "resources": [], "detail-type": "t"}
    for source, result in (("s", True), ("x", False)):
        pattern = json.dumps({"source": [source]})
        assert events(world, "TestEventPattern", EventPattern=pattern, Event=json.dumps(event)) == {"Result": result}


def test_rules_have_limits(world: World) -> None:
    put_rule(world, "r", ScheduleExpression="rate(1 minute)")
    targets = [{"Id": str(number), "Arn": "arn:aws:sns:us-east-1:000000000000:t"} for number in range(6)]
    with pytest.raises(Refused, match="LimitExceededException"):
        events(world, "PutTargets", Rule="r", Targets=targets)
    assert events(world, "PutTargets", Rule="r", Targets=targets[:5])["FailedEntryCount"] == 0
