"""A KECS that is killed and comes back: containers that went on find it where they were told, under the same names."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.calls import until
from tests.support.images import docker, test_image
from tests.support.servers import Server

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker-link")]

ROLE = "arn:aws:iam::000000000000:role/app"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
ASK = (
    "wget -qO- ${AWS_CONTAINER_CREDENTIALS_FULL_URI-http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}; echo;"
    " wget -qO- $ECS_CONTAINER_METADATA_URI_V4; echo; wget -qO- $AWS_ENDPOINT_URL/_kecs/health"
)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Starts a KECS on the same data folder and port each time."""
    started: list[Server] = []
    name = f"inside-{secrets.token_hex(3)}"

    def start() -> Server:
        port = started[-1].url.rpartition(":")[2] if started else "0"
        flags = ("--runtime", "docker", "--port", port, "--data-dir", str(tmp_path), "--instance", name)
        started.append(Server(*flags))
        return started[-1]

    yield start
    started[-1].reset()
    started[-1].stop()


def inside(container: str) -> list[Any]:
    """What the container is told when it asks now."""
    body = json.dumps({"Cmd": ["sh", "-c", ASK], "AttachStdout": True, "AttachStderr": True, "Tty": True}).encode()
    _, process = docker("POST", f"/containers/{container}/exec", body)
    status, said = docker("POST", f"/exec/{process['Id']}/start", b'{"Tty": true}')
    assert status == 200
    text = said if isinstance(said, str) else said.decode()
    return [json.loads(line) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("mode", ["awsvpc", "bridge"])
def test_a_container_that_went_on_is_who_it_was(start: Any, mode: str) -> None:
    server = start()
    ecs = server.client()
    container = {"name": "app", "image": test_image("v1"), "memory": 64, "command": ["sleep", "600"]}
    ecs.register_task_definition(family="x", networkMode=mode, taskRoleArn=ROLE, containerDefinitions=[container])
    network = {"networkConfiguration": NETWORK} if mode == "awsvpc" else {}
    (task,) = ecs.run_task(taskDefinition="x", launchType="EC2", **network)["tasks"]

    def now() -> Any:
        return ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"][0]

    until(lambda: now()["lastStatus"] == "RUNNING", 60, "running")
    runtime_id = now()["containers"][0]["runtimeId"]
    before = inside(runtime_id)
    assert [before[0]["RoleArn"], before[1]["DockerId"], before[2]["status"]] == [ROLE, runtime_id, "ok"]
    server.kill()
    server = start()
    ecs = server.client()
    after = inside(runtime_id)
    assert after[0] == before[0]
    assert (after[1]["DockerId"], after[1]["KnownStatus"]) == (runtime_id, "RUNNING")
    assert after[2]["status"] == "ok"
