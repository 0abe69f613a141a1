"""A task black-holes its own port from inside, while KECS is killed and comes back: the network knows what runs."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from kecs.runtimes.docker import labels
from tests.sdk.calls import until
from tests.support.docker_runtime import inspect, listed
from tests.support.images import PORT, docker, test_image

pytestmark = pytest.mark.docker

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
HOLE = {"Port": PORT, "Protocol": "tcp", "TrafficType": "ingress"}


def ask(container: str, operation: str, body: dict[str, Any]) -> Any:
    """What the endpoint answers the container."""
    url = f"$ECS_AGENT_URI/fault/v1/network-blackhole-port/{operation}"
    script = f"wget -qO- --header 'Content-Type: application/json' --post-data '{json.dumps(body)}' {url}"
    made = json.dumps({"Cmd": ["sh", "-c", script], "AttachStdout": True, "AttachStderr": True, "Tty": True})
    _, process = docker("POST", f"/containers/{container}/exec", made.encode())
    _, said = docker("POST", f"/exec/{process['Id']}/start", b'{"Tty": true}')
    return said


def serves(address: str) -> bool:
    with contextlib.suppress(TimeoutError, ConnectionRefusedError), socket.create_connection((address, PORT), 1):
        return True
    return False


def test_a_hole_outlives_kecs_but_not_its_task(start: Any) -> None:
    server = start()
    ecs = server.client()
    container = {"name": "app", "image": test_image("v1"), "memory": 64}
    ecs.register_task_definition(
        family="x", networkMode="awsvpc", enableFaultInjection=True, containerDefinitions=[container]
    )
    (task,) = ecs.run_task(taskDefinition="x", launchType="EC2", networkConfiguration=NETWORK)["tasks"]

    def now() -> Any:
        return ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"][0]

    until(lambda: now()["lastStatus"] == "RUNNING", 60, "running")
    (app,) = now()["containers"]
    runtime_id, address = app["runtimeId"], app["networkInterfaces"][0]["privateIpv4Address"]
    until(lambda: serves(address), 30, "serving")

    assert ask(runtime_id, "start", HOLE) == {"Status": "running"}
    assert not serves(address)
    server.kill()
    server = start()
    ecs = server.client()
    told = urlsplit(inspect(runtime_id)["Config"]["Labels"][labels.TOLD])
    to_kecs = {"Port": told.port, "Protocol": "tcp", "TrafficType": "egress"}
    assert ask(runtime_id, "start", to_kecs) == {"Status": "running"}
    assert ask(runtime_id, "status", HOLE) == {"Status": "running"}
    assert ask(runtime_id, "stop", HOLE) == {"Status": "stopped"}
    assert serves(address)

    ecs.stop_task(task=task["taskArn"])
    until(lambda: now()["lastStatus"] == "STOPPED", 60, "stopped")
    assert listed("containers", f"{labels.TASK}={task['taskArn']}") == []
