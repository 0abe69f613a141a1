"""Targets of rules in other services, and what a world has sent to them."""

from __future__ import annotations

import json
from typing import Any

from .scheduled import events
from .world import World

PLACE = "us-east-1:000000000000"
QUEUE = f"arn:aws:sqs:{PLACE}:orders"
LETTERS = f"arn:aws:sqs:{PLACE}:letters"
GROUP = f"arn:aws:logs:{PLACE}:log-group:/aws/events/orders"
BUS = f"arn:aws:events:{PLACE}:event-bus/shop"
ECS = {"source": ["aws.ecs"]}
SHOP = {"source": ["shop"]}
URL = "https://sqs.us-east-1.amazonaws.com/000000000000/orders"


def to(arn: str, **members: Any) -> dict[str, Any]:
    return {"Id": "t", "Arn": arn, **members}


def put(world: World, *details: Any, **members: Any) -> list[str]:
    """Put events of the shop's; their ids."""
    entries = [{"Source": "shop", "DetailType": "order", "Detail": json.dumps(d), **members} for d in details or ({},)]
    return [entry["EventId"] for entry in events(world, "PutEvents", Entries=entries)["Entries"]]


def sent(world: World, operation: str = "SendMessage") -> list[dict[str, Any]]:
    """What was sent with each call, or with each entry of one."""
    found: list[dict[str, Any]] = []
    for _, called, arguments in world.companion.calls:
        if called.removesuffix("Batch") == operation:
            given = {name: value for name, value in arguments.items() if name != "Entries"}
            found += [{**given, **entry} for entry in arguments.get("Entries", [{}])]
    return [{name: value for name, value in given.items() if name != "Id"} for given in found]


def bodies(world: World, queue: str = "orders") -> list[Any]:
    found = [call for call in sent(world) if call["QueueUrl"].endswith(f"/{queue}")]
    return [json.loads(call["MessageBody"]) for call in found]


def outcomes(world: World) -> list[str]:
    return [event.message.split(" by ")[1].split(" (")[0] for event in world.events("invocation")]
