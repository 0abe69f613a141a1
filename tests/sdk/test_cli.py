"""The main job with the AWS CLI, its waiters included."""

from __future__ import annotations

from typing import Any

from tests.support.servers import Server

from .calls import define

NETWORK = "awsvpcConfiguration={subnets=[subnet-1]}"


def test_a_service_and_a_job(server: Server, ecs: Any, cluster: str, image: Any) -> None:
    define(ecs, "cli", image())
    server.aws(
        "ecs", "create-service", "--cluster", cluster, "--service-name", "web", "--task-definition", "cli",
        "--desired-count", "2", "--launch-type", "FARGATE", "--network-configuration", NETWORK,
    )  # fmt: skip
    server.aws("ecs", "wait", "services-stable", "--cluster", cluster, "--services", "web")
    counts = server.aws(
        "ecs", "describe-services", "--cluster", cluster, "--services", "web",
        "--query", "services[0].[status,runningCount,desiredCount]",
    )  # fmt: skip
    assert counts.split() == ["ACTIVE", "2", "2"]
    arn = server.aws(
        "ecs", "run-task", "--cluster", cluster, "--task-definition", "cli", "--launch-type", "FARGATE",
        "--network-configuration", NETWORK, "--query", "tasks[0].taskArn",
        "--overrides", '{"containerOverrides":[{"name":"app","command":["sh","-c","exit 3"]}]}',
    )  # fmt: skip
    server.aws("ecs", "wait", "tasks-stopped", "--cluster", cluster, "--tasks", arn)
    code = server.aws(
        "ecs", "describe-tasks", "--cluster", cluster, "--tasks", arn,
        "--query", "tasks[0].[lastStatus,containers[0].exitCode]",
    )  # fmt: skip
    assert code.split() == ["STOPPED", "3"]
