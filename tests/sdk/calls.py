"""What the tests of this folder ask of a client again and again."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from typing import Any

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
PORT = 8080
PAUSE = 0.05  # seconds between two looks
QUICK = {"Delay": 1, "MaxAttempts": 120}


def define(ecs: Any, family: str, image: str, **container: Any) -> str:
    """Register a Fargate task definition of one container and answer its ARN."""
    answer = ecs.register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[
            {"name": "app", "image": image, "portMappings": [{"containerPort": PORT}], "stopTimeout": 5, **container}
        ],
    )
    arn: str = answer["taskDefinition"]["taskDefinitionArn"]
    return arn


def serve(ecs: Any, cluster: str, definition: str, count: int, name: str = "web") -> None:
    ecs.create_service(
        cluster=cluster,
        serviceName=name,
        taskDefinition=definition,
        desiredCount=count,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
    )
    wait_stable(ecs, cluster, name)


def wait_stable(ecs: Any, cluster: str, name: str = "web") -> None:
    """AWS's own waiter, at a pace fit for tests."""
    ecs.get_waiter("services_stable").wait(cluster=cluster, services=[name], WaiterConfig=QUICK)


def tasks(ecs: Any, cluster: str, **filters: Any) -> list[Any]:
    arns = ecs.list_tasks(cluster=cluster, **filters)["taskArns"]
    return ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []


def until(condition: Callable[[], bool], limit: float, what: str) -> None:
    """Look until the condition holds, for `limit` seconds at most."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {limit} s"
        time.sleep(PAUSE)


def address(task: Any) -> str | None:
    """The URL of the task's port, once it has an address."""
    for attachment in task["attachments"]:
        details = {d["name"]: d["value"] for d in attachment["details"]}
        if "privateIPv4Address" in details:
            return f"http://{details['privateIPv4Address']}:{PORT}/"
    return None


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False
