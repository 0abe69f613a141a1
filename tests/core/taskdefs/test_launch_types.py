"""Which launch types a definition is compatible with, and what it requires of a container instance."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.taskdefs.definitions import ECR, FARGATE, ROLE, container, defined

AWSLOGS = {
    "logDriver": "awslogs",
    "options": {"awslogs-group": "g", "awslogs-region": "r", "awslogs-stream-prefix": "p"},
}
SIZE = {"cpu": "256", "memory": "512"}


@pytest.mark.parametrize(
    ("members", "launch_types"),
    [
        ({}, ["EXTERNAL", "EC2"]),
        ({"networkMode": "bridge"}, ["EXTERNAL", "EC2"]),
        ({"networkMode": "none"}, ["EXTERNAL", "EC2"]),
        ({"networkMode": "host"}, ["EXTERNAL", "EC2", "MANAGED_INSTANCES"]),
        ({"networkMode": "awsvpc"}, ["EC2", "MANAGED_INSTANCES"]),
        ({"networkMode": "awsvpc", **SIZE}, ["EC2", "FARGATE", "MANAGED_INSTANCES"]),
        ({"networkMode": "awsvpc", "cpu": "256", "memory": "4096"}, ["EC2", "MANAGED_INSTANCES"]),
        ({"networkMode": "awsvpc", **SIZE, "ephemeralStorage": {"sizeInGiB": 30}}, ["FARGATE"]),
        ({**FARGATE, "ephemeralStorage": {"sizeInGiB": 30}}, ["EC2", "FARGATE", "MANAGED_INSTANCES"]),
        ({"networkMode": "awsvpc", **SIZE, "ipcMode": "task"}, ["EC2", "MANAGED_INSTANCES"]),
        (
            {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}, "networkMode": "awsvpc"},
            ["EC2"],
        ),
        (
            {"volumes": [{"name": "e", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]},
            ["EC2"],
        ),
        (
            {"networkMode": "host", "trustedExecutionConfiguration": {"isolationMode": "SHARED"}},
            ["MANAGED_INSTANCES"],
        ),
    ],
)
def test_compatibilities(members: dict[str, Any], launch_types: list[str]) -> None:
    assert defined(**members).compatibilities == launch_types


@pytest.mark.parametrize(
    ("container_members", "members", "names"),
    [
        ({}, {}, []),
        ({}, {"taskRoleArn": "task"}, ["com.amazonaws.ecs.capability.task-iam-role"]),
        (
            {},
            {"taskRoleArn": "task", "networkMode": "host"},
            ["com.amazonaws.ecs.capability.task-iam-role-network-host"],
        ),
        (
            {},
            {"networkMode": "awsvpc"},
            ["com.amazonaws.ecs.capability.docker-remote-api.1.18", "ecs.capability.task-eni"],
        ),
        ({"image": ECR}, {}, ["com.amazonaws.ecs.capability.ecr-auth"]),
        (
            {"image": ECR},
            {"executionRoleArn": ROLE},
            ["com.amazonaws.ecs.capability.ecr-auth", "ecs.capability.execution-role-ecr-pull"],
        ),
        (
            {"logConfiguration": AWSLOGS},
            {"executionRoleArn": ROLE},
            [
                "com.amazonaws.ecs.capability.docker-remote-api.1.19",
                "com.amazonaws.ecs.capability.logging-driver.awslogs",
                "ecs.capability.execution-role-awslogs",
            ],
        ),
        (
            {"healthCheck": {"command": ["CMD", "true"]}},
            {},
            ["ecs.capability.container-health-check", "com.amazonaws.ecs.capability.docker-remote-api.1.24"],
        ),
        (
            {"healthCheck": {"command": ["CMD", "true"], "startPeriod": 5}},
            {},
            ["ecs.capability.container-health-check", "com.amazonaws.ecs.capability.docker-remote-api.1.29"],
        ),
        ({"stopTimeout": 5}, {}, ["ecs.capability.container-ordering"]),
        ({"privileged": True}, {}, ["com.amazonaws.ecs.capability.privileged-container"]),
        (
            {
                "secrets": [
                    {"name": "A", "valueFrom": "parameter"},
                    {"name": "B", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"},
                    {"name": "C", "valueFrom": "other"},
                ]
            },
            {"executionRoleArn": ROLE},
            ["ecs.capability.secrets.ssm.environment-variables", "ecs.capability.secrets.asm.environment-variables"],
        ),
        (
            {},
            {"volumes": [{"name": "e", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]},
            [
                "com.amazonaws.ecs.capability.docker-remote-api.1.25",
                "ecs.capability.efs",
                "ecs.capability.efsAuth",
            ],
        ),
        (
            {},
            {"volumes": [{"name": "d", "dockerVolumeConfiguration": {"driver": "rexray"}}]},
            ["com.amazonaws.ecs.capability.docker-remote-api.1.25", "ecs.capability.docker-plugin.rexray"],
        ),
    ],
)
def test_required_attributes(container_members: dict[str, Any], members: dict[str, Any], names: list[str]) -> None:
    attributes = defined(container(**container_members), **members).requires_attributes
    assert [attribute.name for attribute in attributes or ()] == names
