"""A task plan of these containers, for tests of what they are given."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan


def plan(*containers: m.ContainerDefinition, launch_type: str = "EC2") -> TaskPlan:
    return TaskPlan(
        arn="arn:aws:ecs:us-east-1:111111111111:task/c/t",
        id="t",
        cluster="c",
        account="111111111111",
        region="us-east-1",
        definition=m.TaskDefinition(family="web"),
        containers=containers,
        network_mode="bridge",
        launch_type=launch_type,
    )
