"""Images: what the policy asks of a registry, and a registry that is slow, wrong or not there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from tests.support.docker_runtime import bench, container, plan, run
from tests.support.images import docker, test_image

from kecs.core.tasks.reports import Exited, Failed, Provisioned, Pulled, Released

pytestmark = pytest.mark.docker


class Registry:
    """A registry on loopback, without TLS, that says it is one and never answers a request for a manifest."""

    def __init__(self) -> None:
        self.asked = 0  # requests for manifests
        self._news = asyncio.Event()
        self._connections: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while line := (await reader.read(4096)).partition(b"\r\n")[0]:
                if b" /v2/ " in line:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                elif b"/manifests/" in line:
                    self.asked += 1
                    self._news.set()
                else:
                    break  # TLS, which the engine tries first
        except ConnectionError:
            pass
        finally:
            writer.close()
            self._connections.discard(writer)

    async def until_asked(self) -> None:
        async with asyncio.timeout(30):
            await self._news.wait()

    async def hang_up(self) -> None:
        """Older engines do not stop a pull by themselves when nobody waits for it any more."""
        for writer in list(self._connections):
            writer.transport.abort()
        async with asyncio.timeout(30):
            while self._connections:  # noqa: ASYNC110  a few turns of the loop
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def hanging_registry() -> AsyncIterator[tuple[Registry, str]]:
    """The registry and the name of an image in it."""
    registry = Registry()
    server = await asyncio.start_server(registry.serve, "127.0.0.1", 0)
    try:
        yield registry, f"127.0.0.1:{server.sockets[0].getsockname()[1]}/kecs-test/slow:1"
    finally:
        server.close()
        await registry.hang_up()
        await server.wait_closed()


async def test_a_slow_pull_holds_up_nothing_and_is_forgotten_with_its_task() -> None:
    async with hanging_registry() as (registry, image), bench() as on:
        slow = plan(container("slow", image=image), container("fast", ["true"]))
        on.runtime.provision(slow)
        on.runtime.pull(slow, "slow")
        await registry.until_asked()
        on.runtime.pull(slow, "fast")
        on.runtime.start(slow, "fast")
        await on.until(Exited, slow, "fast")
        await run(on, plan(container(command=["true"])))
        on.runtime.release(slow)
        await on.until(Released, slow)
        await registry.hang_up()
        await run(on, plan(container(command=["true"])))
        assert not [report for report in on.reports if isinstance(report, Failed)]


async def test_a_stopped_pull_is_forgotten() -> None:
    async with hanging_registry() as (registry, image), bench() as on:
        task = plan(container(image=image))
        on.runtime.pull(task, "app")
        await registry.until_asked()
        on.runtime.stop(task, "app", 1)
        await run(on, plan(container(command=["true"])))
        await registry.hang_up()
        await run(on, plan(container(command=["true"])))
        assert not [report for report in on.reports if report.task == task.arn]


async def test_many_slow_pulls_leave_the_connection_to_the_engine_free() -> None:
    async with hanging_registry() as (_, image), bench() as on:
        for n in range(120):
            on.runtime.pull(plan(container(image=f"{image}{n}")), "app")
        await run(on, plan(container(command=["true"])))


async def test_closing_gives_up_what_is_being_pulled() -> None:
    async with hanging_registry() as (registry, image):
        async with bench(keep=True) as on:
            on.runtime.pull(plan(container(image=image)), "app")
            await registry.until_asked()
        assert on.reports == []


@pytest.mark.parametrize(
    ("launch", "start"),
    [
        ("EC2", "CannotPullContainerError: Error response from daemon: "),
        (
            "FARGATE",
            (
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                "failed to resolve ref 127.0.0.1:1/kecs-test/x:latest: "
            ),
        ),
    ],
)
async def test_a_registry_that_is_not_there(launch: str, start: str) -> None:
    async with bench() as on:
        task = plan(container(image="127.0.0.1:1/kecs-test/x"), launch=launch)
        on.runtime.pull(task, "app")
        failed = await on.until(Failed, task, "app")
        assert failed.reason.startswith(start)
        assert "connection refused" in failed.reason


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("Kecs/X", "invalid reference format: repository name must be lowercase"),
        ("https://kecs.test/x", "invalid reference format"),
    ],
)
async def test_a_name_that_no_image_has(image: str, problem: str) -> None:
    async with bench() as on:
        task = plan(container(image=image))
        on.runtime.pull(task, "app")
        failed = await on.until(Failed, task, "app")
        assert failed.reason == f"CannotPullContainerError: Error response from daemon: {problem}"


async def test_always_asks_the_registry_even_for_an_image_that_is_there() -> None:
    local = "127.0.0.1:1/kecs-test/here:1"
    docker("POST", f"/images/{test_image('v1')}/tag?repo=127.0.0.1:1/kecs-test/here&tag=1")
    try:
        async with bench(pull="always") as on:
            task = plan(container(image=local))
            on.runtime.pull(task, "app")
            assert "connection refused" in (await on.until(Failed, task, "app")).reason
        async with bench() as on:
            task = plan(container(image=local))
            on.runtime.pull(task, "app")
            assert (await on.until(Pulled, task, "app")).digest
    finally:
        docker("DELETE", f"/images/{local}")


async def test_never_asks_no_registry() -> None:
    async with hanging_registry() as (registry, image), bench(pull="never") as on:
        task = plan(container("missing", image=image), container("here"))
        on.runtime.provision(task)
        await on.until(Provisioned, task)
        on.runtime.pull(task, "here")
        await on.until(Pulled, task, "here")
        on.runtime.pull(task, "missing")
        failed = await on.until(Failed, task, "missing")
        assert failed.reason.startswith("CannotPullContainerError: ")
        assert "No such image" in failed.reason
        assert registry.asked == 0
