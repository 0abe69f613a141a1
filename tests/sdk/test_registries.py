"""Images of registries through the API: one that wants to know who pulls, and one that stands in for Amazon ECR."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.registry import Registry, registry
from tests.support.servers import Server, running

from .calls import QUICK

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

ROLE = "arn:aws:iam::111111111111:role/execution"
ECR = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
REPOSITORY = "kecs-test/private"


@pytest.fixture(scope="module")
def shop() -> Iterator[Registry]:
    """A registry that gives its image to alice."""
    with registry(REPOSITORY, authentication="token", login="alice:hunter2") as shop:
        yield shop


@pytest.fixture(scope="module")
def server(shop: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The registry stands in for ECR, too."""
    flags = ["--runtime", "docker", "--ephemeral", "--port", "0", "--instance", f"registries-{os.getpid()}"]
    root: Path = tmp_path_factory.mktemp("kecs")
    with running(*flags, "--data-dir", str(root), "--pull", "always", "--ecr-registry", shop.address) as server:
        yield server


def run(server: Server, image: str, login: dict[str, str], launch: str = "EC2") -> dict[str, Any]:
    """A task of this image that has stopped. The login is a secret's."""
    secret = server.client("secretsmanager").create_secret(Name=os.urandom(4).hex(), SecretString=json.dumps(login))
    container = {
        "name": "app",
        "image": image,
        "command": ["cat", "/version"],
        "repositoryCredentials": {"credentialsParameter": secret["ARN"]},
    }
    ecs = server.client()
    size = {"cpu": "256", "memory": "512", "networkMode": "awsvpc"}
    ecs.register_task_definition(family="job", executionRoleArn=ROLE, containerDefinitions=[container], **size)
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    (task,) = ecs.run_task(taskDefinition="job", launchType=launch, networkConfiguration=network)["tasks"]
    ecs.get_waiter("tasks_stopped").wait(tasks=[task["taskArn"]], WaiterConfig=QUICK)
    found: dict[str, Any] = ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"][0]
    return found


@pytest.mark.parametrize("ecr", [False, True])
def test_repository_credentials_pull_the_image(server: Server, shop: Registry, ecr: bool) -> None:
    image = f"{ECR if ecr else shop.address}/{REPOSITORY}:1"
    task = run(server, image, {"username": "alice", "password": "hunter2"})
    (container,) = task["containers"]
    assert (task["stopCode"], container["exitCode"]) == ("EssentialContainerExited", 0), task
    assert (container["image"], container["imageDigest"]) == (image, shop.digest)


@pytest.mark.parametrize(
    ("launch", "begins"),
    [
        ("EC2", "CannotPullContainerError: Error response from daemon: "),
        ("FARGATE", "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "),
    ],
    ids=["ec2", "fargate"],
)
def test_a_wrong_password_stops_the_task(server: Server, shop: Registry, launch: str, begins: str) -> None:
    task = run(server, f"{shop.address}/{REPOSITORY}:1", {"username": "alice", "password": "hunter3"}, launch)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(begins)
    assert "unauthorized" in task["stoppedReason"]
    assert "hunter3" not in str(task)
    assert "exitCode" not in task["containers"][0]
