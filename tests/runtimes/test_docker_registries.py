"""Images of ECR, which go by other names here, and registries that want to know who pulls."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from tests.support.docker_runtime import bench, container, inspect, plan, run
from tests.support.images import docker, test_image
from tests.support.registry import Authentication, registry

from kecs.core.tasks.plan import RegistryLogin
from kecs.core.tasks.reports import Failed, Pulled

pytestmark = pytest.mark.docker

ECR = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
NOWHERE = "127.0.0.1:1"


@pytest.fixture
def name() -> str:
    return f"kecs-test/{secrets.token_hex(4)}"


@contextlib.contextmanager
def tagged(*repositories: str, version: str = "v1") -> Iterator[None]:
    """The test image under these names too."""
    for repository in repositories:
        status, answer = docker("POST", f"/images/{test_image(version)}/tag?repo={repository}&tag=1")
        assert status == 201, answer
    try:
        yield
    finally:
        for repository in repositories:
            docker("DELETE", f"/images/{repository}:1")


async def test_an_image_of_ecr_is_the_local_one_of_its_name(name: str) -> None:
    with tagged(name):
        async with bench() as on:
            task = plan(container(image=f"{ECR}/{name}:1"))
            (started,) = await run(on, task)
            pulled = await on.until(Pulled, task, "app")
            created = inspect(started.runtime_id)
    assert created["Config"]["Image"] == f"{name}:1"
    assert pulled.digest == created["Image"]


async def test_one_that_has_the_whole_name_comes_first(name: str) -> None:
    with tagged(name, version="v2"), tagged(f"{ECR}/{name}"):
        async with bench(ecr_registry=NOWHERE) as on:
            (started,) = await run(on, plan(container(image=f"{ECR}/{name}:1")))
            assert inspect(started.runtime_id)["Config"]["Image"] == f"{ECR}/{name}:1"


async def test_a_registry_that_stands_in_is_asked_for_what_is_not_there(name: str) -> None:
    async with bench(ecr_registry=NOWHERE) as on:
        task = plan(container(image=f"{ECR}/{name}:1"))
        on.runtime.pull(task, "app")
        failed = await on.until(Failed, task, "app")
    assert f"{NOWHERE}/v2/" in failed.reason


async def test_what_was_pulled_from_it_is_used(name: str) -> None:
    with tagged(f"{NOWHERE}/{name}"):
        async with bench(ecr_registry=NOWHERE) as on:
            (started,) = await run(on, plan(container(image=f"{ECR}/{name}:1")))
            assert inspect(started.runtime_id)["Config"]["Image"] == f"{NOWHERE}/{name}:1"


async def test_an_image_that_is_nowhere_has_the_name_of_the_definition_in_its_reason(name: str) -> None:
    async with bench(pull="never") as on:
        task = plan(container(image=f"{ECR}/{name}:1"))
        on.runtime.pull(task, "app")
        assert f"{ECR}/{name}:1" in (await on.until(Failed, task, "app")).reason


@pytest.mark.parametrize("authentication", ["basic", "token"])
async def test_a_registry_is_told_who_pulls(name: str, authentication: Authentication) -> None:
    with registry(name, authentication=authentication, login="alice:hunter2") as shop:
        async with bench() as on:
            task = plan(container(image=f"{shop.address}/{name}:1"))
            on.runtime.pull(replace(task, logins={"app": RegistryLogin("alice", "hunter2")}), "app")
            pulled = await on.until(Pulled, task, "app")
    assert pulled.digest == shop.digest
    assert set(shop.asked) == {"alice:hunter2"}
    assert any("/blobs/" in path for path in shop.served)


@pytest.mark.parametrize("authentication", ["basic", "token"])
@pytest.mark.parametrize("login", [None, RegistryLogin("alice", "hunter3")])
async def test_a_registry_that_lets_nobody_else_in(
    name: str, login: RegistryLogin | None, authentication: Authentication
) -> None:
    with registry(name, authentication=authentication, login="alice:hunter2") as shop:
        async with bench() as on:
            task = plan(container(image=f"{shop.address}/{name}:1"))
            on.runtime.pull(replace(task, logins={"app": login} if login else {}), "app")
            failed = await on.until(Failed, task, "app")
    assert set(shop.asked) == ({"alice:hunter3"} if login else set())
    assert not shop.served
    assert failed.reason.startswith("CannotPullContainerError: Error response from daemon: ")
    assert "unauthorized" in failed.reason or "no basic auth credentials" in failed.reason
    assert "hunter3" not in failed.reason
