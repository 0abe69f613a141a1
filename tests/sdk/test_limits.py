"""The size of a task through the API, on Docker: what it means for two containers that are each within their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.control_groups import bounded_as_a_whole
from tests.support.images import test_image
from tests.support.servers import Server, running

from .calls import QUICK

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

HOLDS = """
trap 'exit 3' TERM
dd if=/dev/zero bs=16M count=1 | { dd bs=1 count=1 of=/dev/null; touch /shared/holds; sleep 600; } &
wait
"""
HOARDS = "while ! test -e /shared/holds; do sleep 0.1; done; exec tail /dev/zero"
TOGETHER = "48"  # MiB


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("kecs")
    flags = ["--runtime", "docker", "--ephemeral", "--port", "0", "--instance", f"limits-{os.getpid()}"]
    with running(*flags, "--data-dir", str(root)) as server:
        yield server


@pytest.mark.parametrize("given_by", ["definition", "override"])
def test_two_containers_share_the_memory_of_their_task(server: Server, given_by: str) -> None:
    bounded_as_a_whole()
    ecs: Any = server.client()
    shared = {"mountPoints": [{"sourceVolume": "shared", "containerPath": "/shared"}], "image": test_image("v1")}
    ecs.register_task_definition(
        family="pair",
        memory=TOGETHER if given_by == "definition" else "256",
        volumes=[{"name": "shared"}],
        containerDefinitions=[
            {**shared, "name": "first", "memory": 40, "command": ["sh", "-c", HOLDS]},
            {**shared, "name": "second", "memory": 40, "command": ["sh", "-c", HOARDS]},
        ],
    )
    overrides = {"memory": TOGETHER} if given_by == "override" else {}
    (task,) = ecs.run_task(taskDefinition="pair", overrides=overrides)["tasks"]
    ecs.get_waiter("tasks_stopped").wait(tasks=[task["taskArn"]], WaiterConfig=QUICK)
    (task,) = ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"]
    first, second = sorted(task["containers"], key=lambda container: str(container["name"]))
    assert (second["exitCode"], second["reason"]) == (137, "OutOfMemoryError: Container killed due to memory usage")
    assert (first["exitCode"], first.get("reason")) == (3, None)
    assert (task["stopCode"], task["memory"]) == ("EssentialContainerExited", TOGETHER)
