"""Ports of simulated containers that really answer, on the event loops that KECS runs on."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.client
import inspect
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
import uvloop
from tests.runtimes.plans import make_plan

from kecs.control.clock import VirtualClock
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Provisioned, Pulled, Report, Started
from kecs.runtimes.simulated import SimulatedRuntime, network

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
T = TypeVar("T")
SERVER: dict[str, Any] = {"image": "shop/cart:7", "portMappings": [{"containerPort": 8080}]}


class Host:
    """A listening runtime in a running loop, and blocking HTTP clients in threads beside it."""

    def __init__(self) -> None:
        self.clock = VirtualClock(0.0)
        self.runtime = SimulatedRuntime(self.clock, listen=True)
        self.reports: list[Report] = []

    async def __aenter__(self) -> Host:
        await self.runtime.open(self.reports.append)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runtime.close()

    def run(self, plan: TaskPlan) -> str:
        """Start the task; its address."""
        self.runtime.provision(plan)
        self.clock.advance(1)
        for container in plan.containers:
            self.runtime.pull(plan, container.name or "")
            self.clock.advance(1)
            self.runtime.start(plan, container.name or "")
            self.clock.advance(1)
        (provisioned,) = (r for r in self.reports if isinstance(r, Provisioned) and r.task == plan.arn)
        assert provisioned.address is not None
        return provisioned.address

    async def notes(self, plan: TaskPlan, container: str = "app") -> list[str]:
        return [line.text async for line in self.runtime.logs(plan.arn, container)]


async def elsewhere(call: Callable[[], T]) -> T:
    """The call's result, from a thread."""
    return await asyncio.wait_for(asyncio.to_thread(call), 10)


def get(address: str, port: int = 8080) -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


@pytest.fixture(params=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        yield runner


def on_each_loop(scenario: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make the scenario a test on each kind of event loop."""

    @functools.wraps(scenario)
    def test(runner: asyncio.Runner, **arguments: Any) -> None:
        runner.run(scenario(**arguments))

    own = inspect.Parameter("runner", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    test.__signature__ = inspect.Signature([own, *inspect.signature(scenario).parameters.values()])  # type: ignore[attr-defined]
    return test


@on_each_loop
async def test_a_port_says_which_task_answers() -> None:
    async with Host() as host:
        plan = make_plan(SERVER)
        address = host.run(plan)
        assert address.startswith("127.")
        status, text = await elsewhere(lambda: get(address))
        assert status == 200
        for part in ("shop/cart:7", "app", plan.id, f"{plan.definition.family}:1"):
            assert part in text


@on_each_loop
async def test_a_connection_serves_many_requests_with_bodies() -> None:
    def talk(address: str) -> list[tuple[int, int]]:
        connection = http.client.HTTPConnection(address, 8080, timeout=5)
        results = []
        for method, body in [("GET", b""), ("POST", b"x" * 200_000), ("HEAD", b""), ("PUT", b"short"), ("GET", b"")]:
            connection.request(method, "/any?path", body)
            response = connection.getresponse()
            results.append((response.status, len(response.read())))
        connection.close()
        return results

    async with Host() as host:
        address = host.run(make_plan(SERVER))
        results = await elsewhere(lambda: talk(address))
        length = results[0][1]
        assert length > 0
        assert results == [(200, length), (200, length), (200, 0), (200, length), (200, length)]


@pytest.mark.parametrize(
    "request_text",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
@on_each_loop
async def test_a_last_request_closes_the_connection(request_text: bytes) -> None:
    def talk(address: str) -> bytes:
        with socket.create_connection((address, 8080), timeout=5) as connection:
            connection.sendall(request_text)
            return connection.makefile("rb").read()

    async with Host() as host:
        address = host.run(make_plan(SERVER))
        assert (await elsewhere(lambda: talk(address))).startswith(b"HTTP/1.1 200 OK\r\n")


@on_each_loop
async def test_pipelined_requests_are_all_answered() -> None:
    def talk(address: str) -> bytes:
        with socket.create_connection((address, 8080), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n" * 2 + b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            return connection.makefile("rb").read()

    async with Host() as host:
        address = host.run(make_plan(SERVER))
        assert (await elsewhere(lambda: talk(address))).count(b"HTTP/1.1 200 OK") == 3


@on_each_loop
async def test_an_exit_cuts_connections_and_frees_the_port_at_once() -> None:
    async with Host() as host:
        plan = make_plan(SERVER)
        address = host.run(plan)
        reader, writer = await asyncio.open_connection(address, 8080)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        host.runtime.exit_container(plan.arn, "app", 1)
        host.clock.advance(0)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, 8080))  # nobody has it any more
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 5)  # an end or a reset, no waiting
        writer.close()


@on_each_loop
async def test_a_port_that_another_process_has_is_noted_not_fatal() -> None:
    async with Host() as host:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            plan = make_plan({"portMappings": [{"containerPort": 80, "hostPort": port}]}, mode="bridge")
            host.run(plan)
            (started,) = (report for report in host.reports if isinstance(report, Started))
            assert started.network_bindings[0].host_port == port
            (note,) = await host.notes(plan)
            assert f"port {port} does not answer" in note


@on_each_loop
async def test_a_dynamic_port_that_another_process_has_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setattr(network, "DYNAMIC_PORTS", range(port, 65535))
        async with Host() as host:
            plan = make_plan(SERVER, mode="bridge")
            host.run(plan)
            (started,) = (report for report in host.reports if isinstance(report, Started))
            drawn = started.network_bindings[0].host_port
            assert drawn is not None
            assert drawn > port
            status, _ = await elsewhere(lambda: get("127.0.0.1", drawn))
            assert status == 200


@on_each_loop
async def test_no_more_ports_than_files_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "most_listeners", lambda: 2)
    async with Host() as host:
        plans = [make_plan(SERVER) for _ in range(3)]
        addresses = [host.run(plan) for plan in plans]
        assert [report for report in host.reports if isinstance(report, Pulled)]
        assert (await elsewhere(lambda: get(addresses[1])))[0] == 200
        assert "would take too many files" in (await host.notes(plans[2]))[0]
        host.runtime.release(plans[0])
        host.clock.advance(1)
        again = host.run(make_plan(SERVER))
        assert (await elsewhere(lambda: get(again)))[0] == 200


@on_each_loop
async def test_two_runtimes_keep_out_of_each_other_s_way() -> None:
    async with Host() as one, Host() as two:
        first, second = one.run(make_plan(SERVER)), two.run(make_plan(SERVER))
        assert first.split(".")[1] != second.split(".")[1]
        assert (await elsewhere(lambda: get(first)))[0] == 200
        assert (await elsewhere(lambda: get(second)))[0] == 200


@on_each_loop
async def test_closing_the_runtime_closes_its_ports() -> None:
    async with Host() as host:
        address = host.run(make_plan(SERVER))
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(address, 8080)
