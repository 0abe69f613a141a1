"""Output of containers in CloudWatch Logs, on virtual time."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise
from typing import Any

import pytest

from kecs.app.snapshots import KernelSnapshots
from kecs.aws.model import logs as c
from tests.scenarios.express import serving
from tests.scenarios.world import START, Refused, World

ROLE = "arn:aws:iam::000000000000:role/execution"


@pytest.fixture
def world() -> World:
    return World()


def call(world: World, operation: str, **members: Any) -> Any:
    return world.call(operation, prefix=c.TARGET_PREFIX, **members)


def define(world: World, command: str = "echo hello; echo again >&2", **options: str) -> None:
    given = {"awslogs-group": "/shop", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}
    options = given | {name.replace("_", "-"): value for name, value in options.items()}
    container = {
        "name": "app",
        "image": "app:1",
        "command": ["sh", "-c", command],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    world.define("web", container, executionRoleArn=ROLE)


def run(world: World) -> Any:
    """One task, as it is in the end."""
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    return world.task(arn)


def events(world: World, **members: Any) -> list[Any]:
    found: list[Any] = call(world, "FilterLogEvents", logGroupName="/shop", **members)["events"]
    return found


def messages(world: World, **members: Any) -> list[str]:
    return [event["message"] for event in events(world, **members)]


def test_output_is_in_the_stream_of_its_container_when_the_task_has_stopped(world: World) -> None:
    call(world, "CreateLogGroup", logGroupName="/shop")
    define(world)
    task = run(world)
    stream = f"web/app/{task['taskArn'].rsplit('/')[-1]}"
    found = call(world, "GetLogEvents", logGroupName="/shop", logStreamName=stream, startFromHead=True)["events"]
    assert [event["message"] for event in found] == ["hello", "again"]
    assert START * 1000 < found[0]["timestamp"] <= found[0]["ingestionTime"] <= world.clock.now() * 1000
    assert [event["logStreamName"] for event in events(world)] == [stream, stream]


def test_without_a_log_group_the_task_stops_and_says_why(world: World) -> None:
    define(world)
    task = run(world)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"] == (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. "
        ": exit status 1"
    )


def test_on_an_instance_the_reason_is_dockers(world: World) -> None:
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/shop", "awslogs-region": "us-east-1"}}
    world.define_ec2("web", {"name": "app", "image": "app:1", "memory": 64, "logConfiguration": log})
    arn = world.run(launchType="EC2", networkConfiguration=None)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    assert world.task(arn)["stoppedReason"] == (
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create "
        "Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."
    )


def test_the_group_is_made_where_the_definition_says_so(world: World) -> None:
    define(world, awslogs_create_group="true")
    run(world)
    assert messages(world) == ["hello", "again"]


def test_without_a_prefix_the_stream_is_the_containers_id(world: World) -> None:
    call(world, "CreateLogGroup", logGroupName="/shop")
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/shop", "awslogs-region": "us-east-1"}}
    container = {"name": "app", "image": "a", "memory": 64, "command": ["echo", "hello"], "logConfiguration": log}
    world.define_ec2("web", container)
    arn = world.run(launchType="EC2", networkConfiguration=None)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    assert events(world)[0]["logStreamName"] == world.task(arn)["containers"][0]["runtimeId"]


def test_the_region_of_the_options_counts(world: World) -> None:
    world.call("CreateLogGroup", prefix=c.TARGET_PREFIX, region="eu-west-1", logGroupName="/shop")
    define(world, awslogs_region="eu-west-1")
    run(world)
    found = world.call("FilterLogEvents", prefix=c.TARGET_PREFIX, region="eu-west-1", logGroupName="/shop")["events"]
    assert [event["message"] for event in found] == ["hello", "again"]


def test_what_a_running_container_has_printed_is_there_for_whoever_looks(world: World) -> None:
    call(world, "CreateLogGroup", logGroupName="/shop")
    define(world, "while true; do echo tick; sleep 1; done")
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    world.clock.advance(3)
    before = len(events(world))
    world.clock.advance(5_000)
    assert before == 4
    assert len(events(world)) == 5_004
    times = [event["timestamp"] for event in events(world)]
    assert {later - earlier for earlier, later in pairwise(times)} == {1000}


@pytest.mark.parametrize(
    "option", [{"awslogs_multiline_pattern": "^INFO"}, {"awslogs_datetime_format": "INFO|%H:%M:%S"}]
)
def test_lines_are_joined_as_the_options_say(world: World, option: dict[str, str]) -> None:
    define(world, "echo INFO one; echo two; echo INFO three", awslogs_create_group="true", **option)
    run(world)
    assert messages(world) == ["INFO one\ntwo\n", "INFO three\n"]


def test_an_event_of_several_lines_does_not_wait_for_ever(world: World) -> None:
    define(world, "echo INFO one; echo two; sleep 1000", awslogs_create_group="true", awslogs_multiline_pattern="^INFO")
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    assert messages(world) == []
    world.clock.advance(10)
    assert messages(world) == ["INFO one\ntwo\n"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"awslogs_create_group": "maybe"}, "must specify valid value for log opt 'awslogs-create-group'"),
        ({"awslogs_steam_prefix": "web"}, "unknown log opt 'awslogs-steam-prefix' for awslogs log driver"),
        ({"awslogs_multiline_pattern": "("}, "awslogs could not parse awslogs-multiline-pattern '('"),
        (
            {"awslogs_multiline_pattern": "^a", "awslogs_datetime_format": "%H"},
            "you cannot configure log opt 'awslogs-datetime-format' and 'awslogs-multiline-pattern' at the same time",
        ),
        ({"awslogs_group": "a group", "awslogs_create_group": "true"}, "the name 'a group' is not valid"),
        ({"awslogs_stream_prefix": "a:b", "awslogs_create_group": "true"}, "the name 'a:b/app/"),
    ],
)
def test_options_that_make_no_sense_stop_the_task(world: World, options: dict[str, str], text: str) -> None:
    define(world, **options)
    assert text in run(world)["stoppedReason"]


def test_a_container_that_starts_again_goes_on_in_its_stream(world: World) -> None:
    define(world, "echo hello; exit 3", awslogs_create_group="true")
    definition = world.call("DescribeTaskDefinition", taskDefinition="web")["taskDefinition"]
    container = definition["containerDefinitions"][0] | {"restartPolicy": {"enabled": True, "restartAttemptPeriod": 60}}
    world.define("web", container | {"command": ["sh", "-c", "echo hello; sleep 90; exit 3"]}, executionRoleArn=ROLE)
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    world.clock.advance(100)
    assert messages(world) == ["hello", "hello"]
    assert len({event["logStreamName"] for event in events(world)}) == 1


def test_a_stream_that_somebody_deletes_gets_nothing_more(world: World) -> None:
    define(world, "echo one; sleep 10; echo two; sleep 10", awslogs_create_group="true")
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    call(world, "DeleteLogStream", logGroupName="/shop", logStreamName=events(world)[0]["logStreamName"])
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    assert messages(world) == []


async def test_a_reset_forgets_logs(world: World) -> None:
    define(world, awslogs_create_group="true")
    run(world)
    await world.kernel.reset()
    with pytest.raises(Refused, match="The specified log group does not exist"):
        messages(world)


def test_an_express_service_has_its_log_group(world: World) -> None:
    serving(world)
    (group,) = call(world, "DescribeLogGroups")["logGroups"]
    assert re.fullmatch("/aws/ecs/default/web-[0-9a-f]{4}", group["logGroupName"])
    assert call(world, "DescribeLogStreams", logGroupName=group["logGroupName"])["logStreams"] != []


def test_a_container_out_of_a_snapshot_goes_on_in_its_stream(world: World) -> None:
    define(world, "while true; do echo tick; sleep 1; done", awslogs_create_group="true")
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    world.clock.advance(5)
    document, before = KernelSnapshots(world.kernel).take(), len(events(world))
    world.clock.advance(100)
    asyncio.run(KernelSnapshots(world.kernel).restore(document))
    kept = len(events(world))
    world.clock.advance(10)
    assert (before, kept, len(events(world))) == (6, 106, 116)
