"""The connection to the engine breaks, the engine restarts, KECS restarts: no exit is lost, and none is told twice.

KECS stops whatever the engine does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.docker_runtime import bench, container, inspect, plan, run
from tests.support.images import docker

from kecs.app import server
from kecs.app.options import ServerOptions
from kecs.aws.model import ecs as m
from kecs.core.tasks.reports import Exited, Failed, HealthChanged, Released

pytestmark = pytest.mark.docker

ENGINE = "/var/run/docker.sock"


class Proxy:
    """A socket in front of the engine's that can be cut, and mended again, or go silent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writers: set[asyncio.StreamWriter] = set()
        self._copies: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.silent = False

    async def mend(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def cut(self) -> None:
        """Drop every connection and accept none."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()
        await asyncio.gather(*self._copies, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(ENGINE)
        self._writers |= {writer, there_writer}
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            copy = asyncio.create_task(self._copy(source, sink))
            self._copies.add(copy)
            copy.add_done_callback(self._copies.discard)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if self.silent:
                    continue
                writer.write(data)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self._writers.discard(writer)


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Proxy]:
    if os.environ.get("DOCKER_HOST", f"unix://{ENGINE}") != f"unix://{ENGINE}":
        pytest.skip(f"the engine is not at {ENGINE}, where something could be put in front of it")
    made = Proxy(tmp_path / "docker.sock")
    await made.mend()
    yield made
    await made.cut()


async def test_an_exit_while_the_connection_is_down_is_reported(proxy: Proxy) -> None:
    async with bench(url=f"unix://{proxy.path}") as on:
        gone, removed, stays = plan(container()), plan(container()), plan(container())
        ids = [(await run(on, task))[0].runtime_id for task in (gone, removed, stays)]
        assert on.runtime.trouble is None
        await proxy.cut()
        docker("POST", f"/containers/{ids[0]}/kill?signal=KILL")
        docker("DELETE", f"/containers/{ids[1]}?force=1")
        while on.runtime.trouble is None:  # noqa: ASYNC110  a state to look at, no event to wait for
            await asyncio.sleep(0.01)
        await proxy.mend()
        assert (await on.until(Exited, gone)).exit_code == 137
        assert on.runtime.trouble is None
        assert (await on.until(Exited, removed)).exit_code in (137, None)
        on.runtime.stop(stays, "app", 30)
        assert (await on.until(Exited, stays)).exit_code == 0
        assert len([report for report in on.reports if isinstance(report, Exited)]) == 3


async def test_a_stop_and_a_release_wait_for_the_engine_to_come_back(proxy: Proxy) -> None:
    async with bench(url=f"unix://{proxy.path}") as on:
        task = plan(container())
        await run(on, task)
        await proxy.cut()
        on.runtime.stop(task, "app", 30)
        on.runtime.release(task)
        await asyncio.sleep(0)
        assert not [report for report in on.reports if isinstance(report, Exited | Released)]
        await proxy.mend()
        await on.until(Released, task)
        assert await on.runtime.inventory() == []


async def test_a_change_of_health_while_the_connection_is_down_is_reported(proxy: Proxy) -> None:
    check = m.HealthCheck(command=["CMD-SHELL", "test -e /well"], interval=1, retries=1)
    async with bench(url=f"unix://{proxy.path}") as on:
        task = plan(container(health_check=check))
        (started,) = await run(on, task)
        assert (await on.until(HealthChanged, task)).status == "UNHEALTHY"
        await proxy.cut()
        _, exec_ = docker("POST", f"/containers/{started.runtime_id}/exec", b'{"Cmd": ["touch", "/well"]}')
        docker("POST", f"/exec/{exec_['Id']}/start", b'{"Detach": true}')
        await becomes_healthy(started.runtime_id)
        on.reports.clear()
        await proxy.mend()
        assert (await on.until(HealthChanged, task)).status == "HEALTHY"


async def becomes_healthy(container_id: str) -> None:
    async with asyncio.timeout(30):
        while inspect(container_id)["State"]["Health"]["Status"] != "healthy":  # noqa: ASYNC110  Docker is asked
            await asyncio.sleep(0.1)


async def test_the_next_process_adopts_what_runs_and_hears_of_its_exit() -> None:
    async with bench(keep=True) as before:
        task = plan(
            container("server", port_mappings=[m.PortMapping(container_port=80)]),
            container("job", ["sh", "-c", "exit 6"]),
        )
        server, _ = await run(before, task)
        await before.until(Exited, task, "job")
    async with bench(before.instance) as after:
        (observed,) = await after.runtime.inventory()
        found = {c.name: c for c in observed.containers}
        assert (found["server"].state, found["job"].state) == ("running", "exited")
        assert found["server"].runtime_id == server.runtime_id
        assert found["server"].network_bindings == server.network_bindings
        assert found["job"].exit_code == 6
        assert observed.provisioned
        docker("POST", f"/containers/{server.runtime_id}/kill?signal=KILL")
        assert (await after.until(Exited, task, "server")).exit_code == 137
        assert await after.output(task, "server") == ["ready"]


async def test_an_awsvpc_task_keeps_its_address_and_cannot_lose_its_network_unnoticed() -> None:
    async with bench(keep=True) as before:
        task = plan(container(), mode="awsvpc")
        await run(before, task)
        address = before.reports[0].address  # type: ignore[union-attr]
    async with bench(before.instance, keep=True) as after:
        (observed,) = await after.runtime.inventory()
        assert observed.provisioned
        assert (observed.address, bool(observed.mac_address)) == (address, True)
    name = f"kecs-dev-web-7-ecs.pause-{task.id[:12]}"
    docker("POST", f"/containers/{name}/kill?signal=KILL")
    async with bench(before.instance) as after:
        (observed,) = await after.runtime.inventory()
        assert not observed.provisioned
        after.runtime.start(task, "app")
        assert "the task's network has stopped" in (await after.until(Failed, task)).reason


async def test_an_exit_between_the_inventory_and_its_answer_is_not_lost() -> None:
    async with bench(keep=True) as before:
        task = plan(container())
        (started,) = await run(before, task)
    async with bench(before.instance) as after:
        looking = asyncio.create_task(after.runtime.inventory())
        await asyncio.to_thread(docker, "POST", f"/containers/{started.runtime_id}/kill?signal=KILL")
        (observed,) = await looking
        if observed.containers[0].state == "running":
            assert (await after.until(Exited, task)).exit_code == 137
        else:
            assert observed.containers[0].exit_code == 137


async def test_out_of_memory_is_told_apart_from_a_kill() -> None:
    async with bench() as on:
        starved = plan(container(command=["tail", "/dev/zero"], memory=16))
        killed = plan(container(memory=16))
        for task in (starved, killed):
            on.runtime.start(task, "app")
        exited = await on.until(Exited, starved)
        assert (exited.exit_code, exited.out_of_memory) == (137, True)
        (of_killed,) = [c for t in await on.runtime.inventory() if t.task == killed.arn for c in t.containers]
        docker("POST", f"/containers/{of_killed.runtime_id}/kill?signal=KILL")
        exited = await on.until(Exited, killed)
        assert (exited.exit_code, exited.out_of_memory) == (137, False)


@pytest.mark.parametrize("how", ["gone", "silent"])
async def test_kecs_stops_without_the_engine(
    proxy: Proxy, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{proxy.path}")
    monkeypatch.setattr(server, "FAREWELL", 0.5)
    async with asyncio.timeout(20):
        async with server.answering(ServerOptions(port=0, runtime="docker", instance="stops-without", data_dir=None)):
            if how == "gone":
                await proxy.cut()
            else:
                proxy.silent = True
    assert "Not all that instance stops-without has made could be removed: " in caplog.text
    if how == "gone":
        await proxy.mend()
