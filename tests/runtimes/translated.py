"""A task, and what a Docker Engine is told of its containers; no engine needed."""

from __future__ import annotations

from typing import Any

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.docker import translate

TASK_ID = "0123456789abcdef0123456789abcdef"
ARN = f"arn:aws:ecs:us-east-1:000000000000:task/dev/{TASK_ID}"
NAME = "kecs-dev-web-7-{}-0123456789ab"
MIB = 1024 * 1024


def plan(
    *containers: m.ContainerDefinition,
    mode: str = "bridge",
    launch: str = "EC2",
    kept: tuple[str, ...] = (),
    **definition: Any,
) -> TaskPlan:
    return TaskPlan(
        arn=ARN,
        id=TASK_ID,
        cluster="dev",
        account="000000000000",
        region="us-east-1",
        definition=m.TaskDefinition(family="web", revision=7, **definition),
        containers=containers,
        network_mode=mode,
        launch_type=launch,
        cpu=definition.get("cpu"),
        memory=definition.get("memory"),
        kept_volumes=kept,
    )


def body(container: m.ContainerDefinition, *others: m.ContainerDefinition, **task: Any) -> tuple[Any, Any]:
    """The body and its HostConfig."""
    ranges = {"8000-8002/udp": 50000}
    source = translate.Source(plan(container, *others, **task), container, "test", "PAUSE", first_host_ports=ranges)
    made = translate.create_body(source)
    return made, made["HostConfig"]
