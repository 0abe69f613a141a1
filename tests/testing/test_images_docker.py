"""The same test with functions in test mode and with real images of the same names on Docker."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from tests.support.images import test_image
from tests.testing.fakes import call

from kecs.testing import CannotFake, Container, TaskDefinitionBuilder, address_of, start_server, wait_for_task

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


@pytest.mark.parametrize("mode", ["bridge", "awsvpc"])
@pytest.mark.parametrize("runtime", ["simulated", pytest.param("docker", marks=pytest.mark.docker)])
def test_an_image_answers_wherever_it_runs(runtime: Any, mode: str) -> None:
    image = test_image("v1") if runtime == "docker" else "kecs-test/busybox:v1"
    with start_server(runtime=runtime) as server:

        @server.image("kecs-test/busybox:*", only_simulated=True)
        def web(container: Container) -> None:
            container.serve(8080, lambda _: "v1")

        client = server.ecs_client()
        web_definition = TaskDefinitionBuilder("web").with_container("web", image, ports=[8080])
        answer = client.run_task(
            taskDefinition=web_definition.with_members(networkMode=mode).register(client),
            **({"networkConfiguration": NETWORK} if mode == "awsvpc" else {}),
        )
        task = answer["tasks"][0]["taskArn"]
        wait_for_task(client, "default", task)
        url = address_of(client, "default", task, 8080)
        for _ in server.clock.passing(30):  # the process in the container may still be starting
            with contextlib.suppress(OSError):
                assert call(url) == (200, b"v1")
                return
        pytest.fail(f"{url} does not answer")


@pytest.mark.docker
def test_real_images_are_not_replaced() -> None:
    with start_server(runtime="docker") as server, pytest.raises(CannotFake, match="only_simulated=True"):
        server.image("kecs-test/busybox:*")(lambda _: None)
