"""Task sets with boto3: what a deployment controller of somebody else's does, from blue to green."""

from __future__ import annotations

from typing import Any

import pytest

from .calls import NETWORK, define, tasks, until


def test_from_blue_to_green(ecs: Any, cluster: str, image: Any) -> None:
    old, new = (define(ecs, "web", image(version)) for version in (1, 2))
    named = {"cluster": cluster, "service": "web"}
    ecs.create_service(cluster=cluster, serviceName="web", desiredCount=2, deploymentController={"type": "EXTERNAL"})

    def add(definition: str, scale: float) -> str:
        task_set = ecs.create_task_set(
            **named,
            taskDefinition=definition,
            launchType="FARGATE",
            networkConfiguration=NETWORK,
            scale={"value": scale, "unit": "PERCENT"},
        )["taskSet"]
        arn: str = task_set["taskSetArn"]
        return arn

    def steady(*arns: str) -> bool:
        found = ecs.describe_task_sets(**named, taskSets=list(arns))["taskSets"]
        return all(task_set["stabilityStatus"] == "STEADY_STATE" for task_set in found)

    blue = add(old, 100)
    ecs.update_service_primary_task_set(**named, primaryTaskSet=blue)
    until(lambda: steady(blue), 60, "a steady blue task set")
    green = add(new, 50)
    until(lambda: steady(green), 60, "a steady green task set")
    assert len(tasks(ecs, cluster, serviceName="web")) == 3
    ecs.update_task_set(**named, taskSet=green, scale={"value": 100, "unit": "PERCENT"})
    until(lambda: steady(blue, green), 60, "two steady task sets")
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="scaled above 0"):
        ecs.delete_task_set(**named, taskSet=blue)
    ecs.update_service_primary_task_set(**named, primaryTaskSet=green)
    ecs.delete_task_set(**named, taskSet=blue, force=True)

    def service() -> Any:
        return ecs.describe_services(cluster=cluster, services=["web"])["services"][0]

    until(lambda: len(service()["taskSets"]) == 1, 60, "no blue task set")
    with pytest.raises(ecs.exceptions.TaskSetNotFoundException):
        ecs.update_service_primary_task_set(**named, primaryTaskSet=blue)
    until(lambda: service()["runningCount"] == 2, 60, "green tasks alone")
    assert {task["taskDefinitionArn"] for task in tasks(ecs, cluster, serviceName="web")} == {new}
    assert service()["taskDefinition"] == new
