"""Task definitions that say for which platform they are, and images for that one and others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.docker_runtime import bench, container, plan, run
from tests.support.images import docker, test_image

from kecs.aws.model import ecs as m
from kecs.core.tasks.reports import Exited, Failed, Pulled
from kecs.runtimes.docker import pause

pytestmark = pytest.mark.docker

DOCKERS = {"x86_64": "amd64", "aarch64": "arm64"}
GIVEN: dict[str, m.CPUArchitecture] = {"x86_64": "X86_64", "aarch64": "ARM64"}


def machine() -> str:
    return str(docker("GET", "/info")[1]["Architecture"])


def other() -> str:
    return next(architecture for architecture in GIVEN if architecture != machine())


@pytest.fixture
def other_image() -> Iterator[str]:
    """An image for the processor that this machine does not have."""
    name = "kecs/other:1"
    archive = pause.archive(other()).replace(pause.IMAGE.encode(), name.encode())  # as long, so it stays an archive
    status, answer = docker("POST", "/images/load?quiet=1", archive, "application/x-tar")
    assert status == 200, answer
    yield name
    docker("DELETE", f"/images/{name}")


def platform(architecture: str, family: m.OSFamily = "LINUX") -> m.RuntimePlatform:
    return m.RuntimePlatform(cpu_architecture=GIVEN[architecture], operating_system_family=family)


async def test_an_image_for_the_platform_runs() -> None:
    async with bench() as on:
        task = plan(container(command=["uname", "-m"]), runtime_platform=platform(machine()))
        await run(on, task)
        await on.until(Exited, task, "app")
        assert await on.output(task) == [machine()]


@pytest.mark.parametrize("launch", ["EC2", "FARGATE"])
async def test_an_image_for_another_processor_cannot_be_pulled(launch: str) -> None:
    wanted = f"linux/{DOCKERS[other()]}"
    reasons = {
        "EC2": f"Error response from daemon: no matching manifest for {wanted} in the manifest list entries",
        "FARGATE": (
            "pull image manifest has been retried 7 time(s): "
            f"image Manifest does not contain descriptor matching platform '{wanted}'"
        ),
    }
    for policy in ("missing", "never"):
        async with bench(pull=policy) as on:
            task = plan(container(image=test_image("v1")), launch=launch, runtime_platform=platform(other()))
            on.runtime.pull(task, "app")
            failed = await on.until(Failed, task, "app")
        assert failed.reason == f"CannotPullContainerError: {reasons[launch]}"


async def test_a_windows_task_does_not_get_a_linux_image() -> None:
    async with bench(pull="never") as on:
        windows = platform("x86_64", "WINDOWS_SERVER_2022_CORE")
        task = plan(container(), launch="FARGATE", runtime_platform=windows)
        on.runtime.pull(task, "app")
        assert "matching platform 'windows/amd64'" in (await on.until(Failed, task, "app")).reason


async def test_an_image_for_the_other_processor_is_what_such_a_task_wants(other_image: str) -> None:
    async with bench(pull="never") as on:
        task = plan(container(image=other_image), runtime_platform=platform(other()))
        on.runtime.pull(task, "app")
        await on.until(Pulled, task, "app")
        task = plan(container(image=other_image), runtime_platform=platform(machine()))
        on.runtime.pull(task, "app")
        assert f"linux/{DOCKERS[machine()]}" in (await on.until(Failed, task, "app")).reason


async def test_whoever_does_not_say_gets_what_is_there(other_image: str) -> None:
    async with bench(pull="never") as on:
        task = plan(container(image=other_image))
        on.runtime.pull(task, "app")
        await on.until(Pulled, task, "app")
