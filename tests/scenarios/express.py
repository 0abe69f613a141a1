"""Calls about Express Gateway services, as the scenarios make them."""

from __future__ import annotations

from typing import Any

from .world import World

ROLE = "arn:aws:iam::000000000000:role/"
INFRASTRUCTURE, EXECUTION, TASK = (f"{ROLE}{name}" for name in ("infrastructure", "execution", "task"))
ARN = "arn:aws:ecs:us-east-1:000000000000:service/default/web"
SUBNETS = {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"]}
PORT = {"name": "http", "containerPort": 8080}
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:s"


def create(world: World, **members: Any) -> Any:
    given = {
        "serviceName": "web",
        "infrastructureRoleArn": INFRASTRUCTURE,
        "executionRoleArn": EXECUTION,
        "primaryContainer": {"image": "shop/web:1"},
        **members,
    }
    given = {name: value for name, value in given.items() if value is not None}
    return world.call("CreateExpressGatewayService", **given)["service"]


def describe(world: World, arn: str = ARN, **members: Any) -> Any:
    return world.call("DescribeExpressGatewayService", serviceArn=arn, **members)["service"]


def update(world: World, arn: str = ARN, **members: Any) -> Any:
    return world.call("UpdateExpressGatewayService", serviceArn=arn, **members)["service"]


def delete(world: World, arn: str = ARN) -> Any:
    return world.call("DeleteExpressGatewayService", serviceArn=arn)["service"]


def definition(world: World, arn: str) -> Any:
    return world.call("DescribeTaskDefinition", taskDefinition=arn)["taskDefinition"]


def managed(world: World, revision: str) -> Any:
    answer = world.call("DescribeServiceRevisions", serviceRevisionArns=[revision])
    return answer["serviceRevisions"][0]["ecsManagedResources"]


def serving(world: World) -> None:
    """An Express service `web` that has rolled out."""
    create(world)
    world.settle("web")
    world.clock.advance(1)
