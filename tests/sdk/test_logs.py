"""CloudWatch Logs through boto3 and the AWS CLI: containers' output on each runtime, and the API by itself."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sdk.conftest import EVERYWHERE
from tests.support.servers import Server, running

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
DAY = 86_400_000


@pytest.fixture(scope="module")
def alone() -> Iterator[Server]:
    with running("--runtime", "simulated", "--ephemeral", "--port", "0") as server:
        yield server


@pytest.fixture
def logs(alone: Server) -> Iterator[Any]:
    """A client of an account that has no log groups."""
    client = alone.client("logs")
    yield client
    for group in client.describe_log_groups()["logGroups"]:
        client.delete_log_group(logGroupName=group["logGroupName"])


def now() -> int:
    return int(time.time() * 1000)


def put(logs: Any, stream: str, *messages: str, at: int | None = None, group: str = "g") -> Any:
    """Put the messages a millisecond apart, the first one at `at`; group and stream are made where they are not."""
    for create, names in (
        ("group", {"logGroupName": group}),
        ("stream", {"logGroupName": group, "logStreamName": stream}),
    ):
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            getattr(logs, f"create_log_{create}")(**names)
    begin = now() - 60_000 if at is None else at
    events = [{"timestamp": begin + index, "message": message} for index, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def found(logs: Any, **members: Any) -> list[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="g", **members)
    return [event["message"] for page in pages for event in page["events"]]


@pytest.mark.parametrize("server", EVERYWHERE, indirect=True)
def test_output_of_a_container(server: Server, ecs: Any, cluster: str, image: Any) -> None:
    group = f"/ecs/{cluster}"
    options = {"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}
    container = {
        "name": "app",
        "image": image(),
        "command": ["sh", "-c", "echo one; echo two >&2; exit 3"],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    ecs.register_task_definition(
        family=cluster, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
        executionRoleArn="arn:aws:iam::111111111111:role/execution", containerDefinitions=[container],
    )  # fmt: skip

    def run() -> Any:
        task = ecs.run_task(
            cluster=cluster, taskDefinition=cluster, launchType="FARGATE", networkConfiguration=NETWORK
        )["tasks"][0]["taskArn"]
        ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task], WaiterConfig={"Delay": 1})
        return ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]

    refused = run()
    assert refused["stopCode"] == "TaskFailedToStart"
    assert "ResourceNotFoundException: The specified log group does not exist." in refused["stoppedReason"]
    server.client("logs").create_log_group(logGroupName=group)
    task = run()
    assert task["containers"][0]["exitCode"] == 3
    events = server.client("logs").filter_log_events(logGroupName=group)["events"]
    assert sorted(event["message"] for event in events) == ["one", "two"]
    assert {e["logStreamName"] for e in events} == {f"web/app/{task['taskArn'].rsplit('/')[-1]}"}
    listed = server.aws("logs", "filter-log-events", "--log-group-name", group, "--query", "events[].message")
    assert sorted(listed.split()) == ["one", "two"]


def test_who_follows_sees_each_event_once(logs: Any) -> None:
    """As `aws logs tail --follow` does: searches from the newest time on, and knows events by their id."""
    begin = now() - 10_000
    seen: dict[str, tuple[str, int]] = {}
    for batch in (["a", "b"], ["c"], [], ["d"]):
        if batch:
            put(logs, "s", *batch, at=begin + len(seen) // 2)
        start = max((at for _, at in seen.values()), default=0)
        for event in logs.filter_log_events(logGroupName="g", startTime=start)["events"]:
            seen.setdefault(event["eventId"], (event["message"], event["timestamp"]))
    assert [message for message, _ in seen.values()] == ["a", "b", "c", "d"]


def test_pages_in_both_directions(logs: Any) -> None:
    put(logs, "s", *map(str, range(25)))

    def page(**members: Any) -> tuple[list[int], Any]:
        answer = logs.get_log_events(logGroupName="g", logStreamName="s", limit=10, **members)
        return [int(event["message"]) for event in answer["events"]], answer

    newest, answer = page()
    assert newest == list(range(15, 25))
    before, answer = page(nextToken=answer["nextBackwardToken"])
    assert before == list(range(5, 15))
    again, answer = page(nextToken=answer["nextForwardToken"])
    assert again == list(range(15, 25))
    nothing, answer = page(nextToken=answer["nextForwardToken"])
    end = answer["nextForwardToken"]
    assert (nothing, page(nextToken=end)[1]["nextForwardToken"]) == ([], end)
    assert page(nextToken=answer["nextBackwardToken"])[0] == list(range(15, 25))
    put(logs, "s", "25", at=now())  # later than all of them
    oldest, answer = page(startFromHead=True)
    assert oldest == list(range(10))
    assert page(nextToken=end, startFromHead=True)[0] == [25]
    with pytest.raises(ClientError, match="The specified nextToken is invalid"):
        page(nextToken="f/1")


def test_a_search_over_many_streams_is_in_order_of_time(logs: Any) -> None:
    begin = now() - 3_600_000
    for index in range(9):
        put(logs, f"{'ab'[index % 2]}{index % 3}", str(index), at=begin + index * 1000)
    assert found(logs) == list("012345678")
    assert found(logs, startFromHead=False) == list("876543210")
    assert found(logs, PaginationConfig={"PageSize": 2}) == list("012345678")
    assert found(logs, startFromHead=False, PaginationConfig={"PageSize": 2}) == list("876543210")
    assert found(logs, startTime=begin + 3000, endTime=begin + 5000) == list("345")
    assert found(logs, logStreamNamePrefix="b") == list("1357")
    assert found(logs, logStreamNames=["a0", "b1"]) == list("0167")
    assert found(logs, filterPattern="?3 ?5") == list("35")


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"filterPattern": "[a, b"}, "InvalidParameterException", "Invalid filter pattern"),
        ({"logStreamNames": ["s"], "logStreamNamePrefix": "s"}, "InvalidParameterException", "mutually exclusive"),
        ({"logStreamNames": ["nobody"]}, "ResourceNotFoundException", "The specified log stream does not exist"),
        ({"logGroupName": "other"}, "ResourceNotFoundException", "The specified log group does not exist"),
        ({"nextToken": "made up"}, "InvalidParameterException", "Invalid token"),
        ({"logGroupIdentifier": "g"}, "InvalidParameterException", "Exactly one of"),
    ],
)
def test_searches_that_are_refused(logs: Any, members: dict[str, Any], code: str, text: str) -> None:
    put(logs, "s", "x")
    with pytest.raises(ClientError, match=text) as refused:
        logs.filter_log_events(**{"logGroupName": "g", **members})
    assert refused.value.response["Error"]["Code"] == code


def test_a_rare_event_is_found_among_many_page_by_page(logs: Any) -> None:
    begin = now() - 600_000
    for batch in range(5):
        texts = [f"{batch * 10_000 + index}" for index in range(10_000)]
        put(logs, "s", *texts, at=begin + batch * 10_000)
    first = logs.filter_log_events(logGroupName="g", filterPattern="49999")
    assert (first["events"], "nextToken" in first) == ([], True)
    assert found(logs, filterPattern="49999") == ["49999"]
    assert len(found(logs)) == 50_000


def test_what_is_too_old_or_too_new_is_said(logs: Any) -> None:
    put(logs, "s", "x")
    logs.put_retention_policy(logGroupName="g", retentionInDays=3)
    times = [now() - 15 * DAY, now() - 4 * DAY, now() - 1000, now(), now() + 3 * 3_600_000]
    events = [{"timestamp": at, "message": str(index)} for index, at in enumerate(times)]
    answer = logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2, "tooNewLogEventStartIndex": 4
    }  # fmt: skip
    assert found(logs) == ["x", "2", "3"]


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([(2, "b"), (1, "a")], "chronological order"),
        ([(0, "a"), (DAY + 1, "b")], "cannot span more than 24 hours"),
        ([(0, "x" * 600_000), (0, "x" * 600_000)], "Upload too large: 1200052 bytes exceeds limit of 1048576"),
    ],
)
def test_batches_that_are_refused(logs: Any, events: list[tuple[int, str]], text: str) -> None:
    put(logs, "s", "x")
    begin = now() - 2 * DAY
    batch = [{"timestamp": begin + at, "message": message} for at, message in events]
    with pytest.raises(ClientError, match=text):
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=batch)
    assert found(logs) == ["x"]


def test_retention(logs: Any) -> None:
    put(logs, "s", "old", at=now() - 10 * DAY)
    put(logs, "s", "new")
    with pytest.raises(ClientError, match="at 'retentionInDays' failed to satisfy constraint"):
        logs.put_retention_policy(logGroupName="g", retentionInDays=2)
    logs.put_retention_policy(logGroupName="g", retentionInDays=5)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 5
    assert found(logs) == ["new"]
    events = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)["events"]
    assert [event["message"] for event in events] == ["new"]
    put(logs, "s", "newer")  # now what has expired goes
    logs.delete_retention_policy(logGroupName="g")
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]
    assert found(logs) == ["new", "newer"]


def test_groups(alone: Server, logs: Any) -> None:
    logs.create_log_group(logGroupName="/a/b", tags={"team": "x"}, kmsKeyId="key", deletionProtectionEnabled=True)
    logs.create_log_group(logGroupName="/a", logGroupClass="INFREQUENT_ACCESS")
    with pytest.raises(ClientError, match="The specified log group already exists"):
        logs.create_log_group(logGroupName="/a")
    with pytest.raises(ClientError, match="reserved for AWS"):
        logs.create_log_group(logGroupName="aws/x")
    first, second = logs.describe_log_groups()["logGroups"]
    assert (first["logGroupName"], first["logGroupClass"], first["storedBytes"]) == ("/a", "INFREQUENT_ACCESS", 0)
    arn = "arn:aws:logs:us-east-1:111111111111:log-group:/a/b"
    assert (second["arn"], second["logGroupArn"], second["kmsKeyId"]) == (f"{arn}:*", arn, "key")

    def names(**members: Any) -> list[str]:
        return [group["logGroupName"] for group in logs.describe_log_groups(**members)["logGroups"]]

    assert names(logGroupNamePrefix="/a/") == names(logGroupNamePattern="b") == names(logGroupIdentifiers=[arn])
    assert names(logGroupClass="STANDARD") == ["/a/b"]
    assert alone.client("logs", account="222222222222").describe_log_groups()["logGroups"] == []
    logs.tag_resource(resourceArn=arn, tags={"stage": "test"})
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "test"}
    logs.tag_log_group(logGroupName="/a/b", tags={"team": "y"})
    logs.untag_log_group(logGroupName="/a/b", tags=["stage"])
    assert logs.list_tags_log_group(logGroupName="/a/b")["tags"] == {"team": "y"}
    with pytest.raises(ClientError, match="deletion protection"):
        logs.delete_log_group(logGroupName="/a/b")
    logs.put_log_group_deletion_protection(logGroupIdentifier=arn, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName="/a/b")
    assert names() == ["/a"]


def test_streams(logs: Any) -> None:
    begin = now() - 60_000
    for index, name in enumerate(("b", "a", "c")):
        put(logs, name, "x", at=begin + index)
    put(logs, "b", "early", at=begin - 5)
    shown = logs.describe_log_streams(logGroupName="g", limit=1)
    (first,) = shown["logStreams"]
    assert (first["logStreamName"], first["firstEventTimestamp"], first["lastEventTimestamp"]) == (
        "a",
        begin + 1,
        begin + 1,
    )

    def names(**members: Any) -> list[str]:
        pages = logs.get_paginator("describe_log_streams").paginate(logGroupName="g", **members)
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    assert names(PaginationConfig={"PageSize": 2}) == ["a", "b", "c"]
    assert names(orderBy="LastEventTime", descending=True) == ["c", "a", "b"]
    with pytest.raises(ClientError, match="Cannot order by LastEventTime with a logStreamNamePrefix"):
        names(orderBy="LastEventTime", logStreamNamePrefix="a")
    logs.delete_log_stream(logGroupName="g", logStreamName="b")
    assert (names(), found(logs)) == (["a", "c"], ["x", "x"])
    logs.create_log_stream(logGroupName="g", logStreamName="b")
    assert logs.get_log_events(logGroupName="g", logStreamName="b")["events"] == []


def test_what_is_not_there_says_so(logs: Any) -> None:
    with pytest.raises(ClientError) as refused:
        logs.start_query(logGroupName="g", startTime=1, endTime=2, queryString="fields @message")
    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"
