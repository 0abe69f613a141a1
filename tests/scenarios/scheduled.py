"""What scenarios about EventBridge and EventBridge Scheduler have in common."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from kecs.aws.model import scheduler as s
from tests.support.rest import rest_request

from .world import NETWORK, Refused, World

CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/default"
ROLE = "arn:aws:iam::000000000000:role/events"


def events(world: World, operation: str, **members: Any) -> Any:
    """One call of EventBridge. Raises Refused."""
    signature = b"AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/events/aws4_request, x=y"
    answer = world.kernel.endpoint.answer(f"AWSEvents.{operation}".encode(), signature, msgspec.json.encode(members))
    body = msgspec.json.decode(answer.body)
    if answer.status != 200:
        raise Refused(answer.status, body)
    return body


def target(definition: str, target_id: str = "t", **members: Any) -> dict[str, Any]:
    """A target of a rule that runs one task on Fargate; `EcsParameters` adds to its parameters."""
    network = {"awsvpcConfiguration": {"Subnets": NETWORK["awsvpcConfiguration"]["subnets"]}}
    parameters = {"TaskDefinitionArn": definition, "LaunchType": "FARGATE", "NetworkConfiguration": network}
    parameters |= members.pop("EcsParameters", {})
    return {"Id": target_id, "Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": parameters, **members}


def put_rule(world: World, name: str = "r", *targets: dict[str, Any], pattern: Any = None, **members: Any) -> str:
    """A rule with its targets; its ARN."""
    if pattern is not None:
        members["EventPattern"] = json.dumps(pattern)
    arn: str = events(world, "PutRule", Name=name, **members)["RuleArn"]
    if targets:
        events(world, "PutTargets", Rule=name, Targets=list(targets))
    return arn


def started_by(world: World, source: str) -> list[Any]:
    """The tasks that a rule or a schedule has started, oldest first."""
    tasks = [task for task in world.kernel.store.tasks if task.started_by == source]
    return [world.task(task.arn) for task in tasks]


def scheduler(world: World, operation: str, **members: Any) -> Any:
    """One call of EventBridge Scheduler. Raises Refused."""
    request = rest_request(s.OPERATIONS[operation], members)
    signature = b"AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/scheduler/aws4_request, x=y"
    answer = world.kernel.endpoint.answer_rest("scheduler", *request[:3], signature, request[3])
    assert answer is not None
    body = msgspec.json.decode(answer.body)
    if answer.status != 200:
        code = dict(answer.headers)[b"x-amzn-errortype"].decode()
        raise Refused(answer.status, {"__type": code, "message": body["Message"]})
    return body


def schedule(world: World, name: str, expression: str, definition: str, **members: Any) -> str:
    """A schedule that runs one task on Fargate; its ARN. `Target` adds to its target."""
    aim = {name: value for name, value in target(definition).items() if name != "Id"} | members.pop("Target", {})
    given = {"FlexibleTimeWindow": {"Mode": "OFF"}, **members, "Target": aim}
    arn: str = scheduler(world, "CreateSchedule", Name=name, ScheduleExpression=expression, **given)["ScheduleArn"]
    return arn
