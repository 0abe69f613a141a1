"""Real AWS clients against a real server over TCP, on each runtime."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.images import test_image
from tests.support.servers import Server, running

RUNTIMES = [
    pytest.param("simulated", id="simulated"),
    pytest.param("docker", id="docker", marks=[pytest.mark.docker, pytest.mark.xdist_group("docker")]),
]
EVERYWHERE = [
    *RUNTIMES,
    pytest.param("kubernetes", id="kubernetes", marks=[pytest.mark.kubernetes, pytest.mark.xdist_group("kubernetes")]),
]
"""For what each runtime does in a way of its own, down to the last byte."""


@pytest.fixture(scope="session", params=RUNTIMES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server a runtime."""
    root = tmp_path_factory.mktemp("kecs")
    flags = ["--runtime", request.param, "--ephemeral", "--port", "0", "--instance", f"sdk-{os.getpid()}"]
    if request.param == "kubernetes":
        flags += ["--kubeconfig", os.environ["KECS_TEST_KUBECONFIG"]]
    with running(*flags, "--data-dir", str(root)) as server:
        assert server.runtime == request.param
        yield server


@pytest.fixture
def ecs(server: Server) -> Any:
    return server.client()


@pytest.fixture
def cluster(ecs: Any) -> Iterator[str]:
    """A cluster of its own, emptied afterwards."""
    name = f"test-{secrets.token_hex(4)}"
    ecs.create_cluster(clusterName=name)
    yield name
    if ecs.describe_clusters(clusters=[name])["clusters"][0]["status"] == "INACTIVE":
        return
    for arn in ecs.list_services(cluster=name)["serviceArns"]:
        ecs.delete_service(cluster=name, service=arn, force=True)
    for arn in ecs.list_tasks(cluster=name)["taskArns"]:
        ecs.stop_task(cluster=name, task=arn)


@pytest.fixture
def image(server: Server) -> Any:
    """The name of an image that serves HTTP on port 8080 and has a shell, in version 1 or 2."""

    def named(version: int = 1) -> str:
        return f"web:v{version}" if server.runtime == "simulated" else test_image(f"v{version}")

    return named
