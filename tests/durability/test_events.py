"""`kill -9` while events are on their way to a queue that outlives it: each arrives, once, and in its order."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.sdk.calls import NETWORK, define, until
from tests.support.servers import Server, running

ACCOUNT = "111111111111"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:told.fifo"
FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
CHANGES = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]}
TASKS = 10


def take(sqs: Any, url: str) -> list[dict[str, Any]]:
    """The events that are in the queue now."""
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def tell(server: Server) -> list[str]:
    """Have changes of tasks told to the queue; ARNs of tasks that start."""
    ecs, events = server.client(), server.client("events")
    events.put_rule(Name="told", EventPattern=json.dumps(CHANGES))
    target = {"Id": "q", "Arn": QUEUE, "SqsParameters": {"MessageGroupId": "g"}}
    events.put_targets(Rule="told", Targets=[target])
    define(ecs, "job", "job:1")
    run = {"taskDefinition": "job", "launchType": "FARGATE", "networkConfiguration": NETWORK}
    return [task["taskArn"] for task in ecs.run_task(**run, count=TASKS)["tasks"]]


def test_events_survive_a_kill(tmp_path: Path) -> None:
    with running("--runtime", "simulated", "--port", "0", "--data-dir", str(tmp_path / "queues")) as queues:
        sqs = queues.client("sqs")
        url = sqs.create_queue(QueueName="told.fifo", Attributes=FIFO)["QueueUrl"]
        flags = ("--runtime", "simulated", "--port", "0", "--data-dir", str(tmp_path / "kecs"))
        flags += ("--companion", f"sqs={queues.url}")
        got: list[dict[str, Any]] = []

        def have(enough: Callable[[], bool]) -> bool:
            got.extend(take(sqs, url))
            return enough()

        server = Server(*flags)
        try:
            arns = tell(server)
            until(lambda: have(lambda: len(got) > TASKS), 60, "some events")
        finally:
            server.kill()
        with running(*flags) as server:
            for arn in arns:
                server.client().stop_task(task=arn)
            until(lambda: have(lambda: stopped(got) == set(arns)), 120, "the end of every task")
    versions = defaultdict(list)
    for event in got:
        versions[event["detail"]["taskArn"]].append(event["detail"]["version"])
    assert versions == {arn: list(range(1, len(versions[arn]) + 1)) for arn in arns}


def stopped(got: list[dict[str, Any]]) -> set[str]:
    return {event["resources"][0] for event in got if event["detail"]["lastStatus"] == "STOPPED"}
