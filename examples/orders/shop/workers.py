"""The services without a door: each takes messages from a queue, one after another, until it is told to stop."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

MOST = 1000  # what a customer may owe


def payment(settings: Mapping[str, str], client: Callable[[str], Any], stopping: Callable[[], bool]) -> None:
    """Take the money for an order, and hand it on to be shipped. A dear order is declined."""
    if not settings.get("PAYMENT_KEY"):
        raise SystemExit("there is no PAYMENT_KEY")
    table, shipments = settings["TABLE"], settings["SHIPMENTS"]
    dynamodb, sqs = client("dynamodb"), client("sqs")

    def handle(message: dict[str, Any]) -> None:
        if message["price"] > MOST:
            _mark(dynamodb, table, message["order"], "declined")
            print("declined", message["order"], flush=True)
            return
        _mark(dynamodb, table, message["order"], "paid")
        sqs.send_message(QueueUrl=shipments, MessageBody=json.dumps({"order": message["order"]}))
        print("paid", message["order"], flush=True)

    _work(sqs, settings["PAYMENTS"], handle, stopping)


def shipping(settings: Mapping[str, str], client: Callable[[str], Any], stopping: Callable[[], bool]) -> None:
    """Write a label for each order that is paid."""
    table, labels = settings["TABLE"], settings["LABELS"]
    dynamodb, sqs, s3 = client("dynamodb"), client("sqs"), client("s3")

    def handle(message: dict[str, Any]) -> None:
        order = message["order"]
        s3.put_object(Bucket=labels, Key=f"{order}.txt", Body=f"Order {order}\n".encode())
        _mark(dynamodb, table, order, "shipped")
        print("shipped", order, flush=True)

    _work(sqs, settings["SHIPMENTS"], handle, stopping)


def report(settings: Mapping[str, str], client: Callable[[str], Any]) -> int:
    """Count the orders by state. The exit code is 0 when none is open, else 3."""
    states: dict[str, int] = {}
    for page in client("dynamodb").get_paginator("scan").paginate(TableName=settings["TABLE"]):
        for item in page["Items"]:
            state = item["state"]["S"]
            states[state] = states.get(state, 0) + 1
    print(json.dumps(dict(sorted(states.items()))), flush=True)
    return 3 if states.keys() - {"shipped", "declined"} else 0


def _work(sqs: Any, queue: str, handle: Callable[[dict[str, Any]], None], stopping: Callable[[], bool]) -> None:
    """A message that is not handled to its end comes again."""
    while not stopping():
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages", ()):
            handle(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def _mark(dynamodb: Any, table: str, order: str, state: str) -> None:
    dynamodb.update_item(
        TableName=table,
        Key={"id": {"S": order}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": state}},
    )
