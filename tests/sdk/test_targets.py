"""ECS's events on their way to targets in other services, played by moto, with boto3."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sdk.calls import define, until
from tests.support.servers import Server, running

ACCOUNT = "111111111111"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
STOPPED = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"], "detail": {"lastStatus": ["STOPPED"]}}


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running("--test-mode", "--port", "0", "--data-dir", str(tmp_path_factory.mktemp("kecs"))) as server:
        yield server


def queue(around: Server, name: str, **attributes: str) -> tuple[str, str]:
    """URL and ARN of a new queue."""
    url = around.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def received(around: Server, url: str, count: int) -> list[dict[str, Any]]:
    """So many messages, in the order in which they came."""
    sqs, found = around.client("sqs"), list[dict[str, Any]]()
    deadline = time.monotonic() + 60
    while len(found) < count and time.monotonic() < deadline:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        )
        for message in answer.get("Messages", []):
            found.append(message)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert len(found) == count
    return found


def rule(around: Server, name: str, pattern: Any, *targets: dict[str, Any]) -> str:
    events = around.client("events")
    arn: str = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    assert events.put_targets(Rule=name, Targets=numbered)["FailedEntryCount"] == 0
    return arn


def put(around: Server, source: str, **detail: Any) -> str:
    entry = {"Source": source, "DetailType": "order", "Detail": json.dumps(detail)}
    event_id: str = around.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"]
    return event_id


def test_a_stopped_task_is_told_to_a_queue(around: Server) -> None:
    ecs = around.client()
    url, arn = queue(around, "stopped")
    rule(around, "stopped", STOPPED, {"Arn": arn})
    define(ecs, "stops", "web")
    task = ecs.run_task(taskDefinition="stops", launchType="FARGATE", networkConfiguration=NETWORK)["tasks"][0]
    ecs.stop_task(task=task["taskArn"], reason="enough")
    (message,) = received(around, url, 1)
    event = json.loads(message["Body"])
    assert (event["version"], event["source"], event["detail-type"]) == ("0", "aws.ecs", "ECS Task State Change")
    assert (event["account"], event["region"], event["resources"]) == (ACCOUNT, "us-east-1", [task["taskArn"]])
    assert event["detail"]["stoppedReason"] == "enough"
    assert event["detail"]["stopCode"] == "UserInitiated"
    assert event["detail"]["clusterArn"] == task["clusterArn"]


def test_a_service_is_told_to_a_topic_and_through_it_to_a_queue(around: Server) -> None:
    ecs, sns = around.client(), around.client("sns")
    url, arn = queue(around, "deployed")
    topic = sns.create_topic(Name="deployed")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    pattern = {"source": ["aws.ecs"], "detail": {"eventName": ["SERVICE_DEPLOYMENT_COMPLETED"]}}
    rule(around, "deployed", pattern, {"Arn": topic, "InputPath": "$.detail.eventName"})
    define(ecs, "deploys", "web")
    ecs.create_service(
        serviceName="deploys",
        taskDefinition="deploys",
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        desiredCount=1,
    )
    assert [message["Body"] for message in received(around, url, 1)] == ['"SERVICE_DEPLOYMENT_COMPLETED"']


def test_a_fifo_queue_keeps_the_order(around: Server) -> None:
    url, arn = queue(around, "orders.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    rule(around, "fifo", {"source": ["fifo"]}, {"Arn": arn, "SqsParameters": {"MessageGroupId": "shop"}})
    for number in range(12):
        put(around, "fifo", n=number)
    messages = received(around, url, 12)
    assert [json.loads(message["Body"])["detail"]["n"] for message in messages] == list(range(12))
    assert {message["Attributes"]["MessageGroupId"] for message in messages} == {"shop"}


def test_a_log_group_gets_a_line_for_each_event(around: Server) -> None:
    logs = around.client("logs")
    group = "/aws/events/orders"
    logs.create_log_group(logGroupName=group)
    rule(around, "logged", {"source": ["logged"]}, {"Arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"})
    ids = [put(around, "logged", n=number) for number in range(3)]

    def told() -> list[str]:
        return [json.loads(event["message"])["id"] for event in logs.filter_log_events(logGroupName=group)["events"]]

    until(lambda: len(told()) == 3, 60, "three lines")
    assert told() == ids


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(around: Server) -> None:
    url, letters = queue(around, "letters")
    gone = letters.replace("letters", "gone")
    arn = rule(around, "gone", {"source": ["gone"]}, {"Arn": gone, "DeadLetterConfig": {"Arn": letters}})
    event_id = put(around, "gone")
    (message,) = received(around, url, 1)
    assert json.loads(message["Body"])["id"] == event_id
    told = {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}
    assert "does not exist" in told.pop("ERROR_MESSAGE")
    assert told == {"RULE_ARN": arn, "TARGET_ARN": gone, "ERROR_CODE": "NO_RESOURCE", "RETRY_ATTEMPTS": "0"}


def test_another_bus_hands_on_what_it_gets(around: Server) -> None:
    events = around.client("events")
    url, arn = queue(around, "handed-on")
    bus = events.create_event_bus(Name="shop")["EventBusArn"]
    pattern = {"source": ["handed"]}
    rule(around, "handed", pattern, {"Arn": bus, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/events"})
    events.put_rule(Name="on", EventBusName="shop", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="on", EventBusName="shop", Targets=[{"Id": "q", "Arn": arn}])
    event_id = put(around, "handed")
    assert [json.loads(message["Body"])["id"] for message in received(around, url, 1)] == [event_id]


def test_when_the_clock_is_moved_what_was_due_has_arrived(around: Server) -> None:
    url, arn = queue(around, "moved")
    rule(around, "moved", {"source": ["moved"]}, {"Arn": arn})
    try:
        clock(around, freeze=True)
        for number in range(15):
            put(around, "moved", n=number)
        clock(around, advance=1)
        shown = around.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert shown["ApproximateNumberOfMessages"] == "15"
    finally:
        clock(around, resume=True)


def clock(around: Server, **members: Any) -> None:
    request = urllib.request.Request(f"{around.url}/_kecs/clock", json.dumps(members).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200


def test_where_no_service_is_nothing_waits_for_one() -> None:
    with running("--test-mode", "--port", "0", "--companion", "none") as server:
        rule(server, "r", {"source": ["s"]}, {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"})
        put(server, "s")

        def metrics() -> str:
            with urllib.request.urlopen(f"{server.url}/_kecs/metrics", timeout=10) as answer:
                text: str = answer.read().decode()
                return text

        until(lambda: 'kecs_invocations_total{outcome="FAILED",source="rule"} 1.0' in metrics(), 30, "an outcome")


def test_a_schedule_sends_to_a_queue(around: Server) -> None:
    url, arn = queue(around, "hourly")
    aim = {"Arn": arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler", "Input": '{"n": 1}'}
    around.client("scheduler").create_schedule(
        Name="hourly", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"}, Target=aim
    )
    assert [message["Body"] for message in received(around, url, 1)] == ['{"n": 1}']
