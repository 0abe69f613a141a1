"""Black holes in the ports of simulated containers, as those who want to connect to them see them."""

from __future__ import annotations

import asyncio
import socket
import sys
from ipaddress import ip_network

import pytest
from tests.runtimes.plans import make_plan
from tests.runtimes.test_simulated_ports import SERVER, Host, elsewhere, get, on_each_loop, runner  # noqa: F401

from kecs.core.inside.network_faults import BlackHole, Fault, Latency, PacketLoss, rivals
from kecs.ports.fault_injection import Injector, Unsupported
from kecs.ports.program import Process
from kecs.runtimes.simulated.functions import Functions
from kecs.runtimes.simulated.listener import Listener

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")

HOLE = BlackHole(8080, "tcp", "ingress")
SHORT = 0.2  # seconds, in which a connection within a machine is made a thousand times
ANYBODY = (ip_network("0.0.0.0/0"),)


async def start(injector: Injector, task: str, fault: Fault) -> None:
    """Bring it about, where nothing is in its way."""
    assert not await injector.start(task, fault, rivals(fault)) & rivals(fault)


def hangs(address: str, port: int = 8080, source: str = "127.0.0.1") -> bool:
    """Whether nobody answers who wants to connect, be it with a refusal."""
    try:
        socket.create_connection((address, port), SHORT, (source, 0)).close()
    except TimeoutError:
        return True
    return False


@on_each_loop
async def test_nothing_comes_in_until_it_ends() -> None:
    async with Host() as host:
        plan = make_plan(SERVER)
        address, injector = host.run(plan), host.runtime.insight().injector()
        assert injector is not None
        await start(injector, plan.arn, HOLE)
        assert await injector.running(plan.arn) == {"ingress-tcp-8080"}
        assert await injector.start(plan.arn, HOLE, rivals(HOLE)) == {"ingress-tcp-8080"}
        assert await elsewhere(lambda: hangs(address))
        await injector.stop(plan.arn, HOLE.name)
        assert await injector.running(plan.arn) == frozenset()
        assert (await elsewhere(lambda: get(address)))[0] == 200


@on_each_loop
async def test_a_connection_that_is_there_falls_silent_and_recovers() -> None:
    async with Host() as host:
        plan = make_plan(SERVER)
        address, injector = host.run(plan), host.runtime.insight().injector()
        assert injector is not None
        with await elsewhere(lambda: socket.create_connection((address, 8080), 10)) as client:
            await elsewhere(lambda: answer_on(client))
            await start(injector, plan.arn, HOLE)
            client.settimeout(SHORT)
            with pytest.raises(TimeoutError):
                await elsewhere(lambda: answer_on(client))
            await injector.stop(plan.arn, HOLE.name)
            client.settimeout(10)  # TCP sends what was lost again
            assert (await elsewhere(lambda: client.recv(1000))).startswith(b"HTTP/1.1 200")


def answer_on(client: socket.socket) -> bytes:
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    return client.recv(1000)


@on_each_loop
async def test_who_is_spared_and_which_ports() -> None:
    async with Host() as host:
        mapped = {"portMappings": [{"containerPort": 8080}, {"containerPort": 8081}]}
        plan, other = make_plan(SERVER | mapped), make_plan(SERVER)
        address, of_other = host.run(plan), host.run(other)
        injector = host.runtime.insight().injector()
        assert injector is not None
        spared = (ip_network("127.0.0.64/26"), ip_network("127.0.1.1/32"), ip_network("::/0"))
        await start(injector, plan.arn, HOLE._replace(spared=spared))
        for source, struck in (("127.0.0.65", False), ("127.0.1.1", False), ("127.0.1.2", True), ("127.0.0.1", True)):
            assert await elsewhere(lambda source=source: hangs(address, source=source)) is struck, source
        assert not await elsewhere(lambda: hangs(address, 8081))
        assert not await elsewhere(lambda: hangs(of_other))


@on_each_loop
async def test_a_container_that_starts_again_is_in_the_same_network() -> None:
    async with Host() as host:
        plan = make_plan(SERVER, {"name": "beside", "image": "app:1"})
        address, injector = host.run(plan), host.runtime.insight().injector()
        assert injector is not None
        await start(injector, plan.arn, HOLE)
        host.runtime.exit_container(plan.arn, "app", 1)
        host.clock.advance(1)
        host.runtime.restart(plan, "app")
        host.clock.advance(1)
        assert await elsewhere(lambda: hangs(address))


@on_each_loop
async def test_a_function_of_a_test_behind_its_port() -> None:
    async with Host() as host:
        host.runtime.functions = Functions(host.clock, asyncio.get_running_loop(), 5)

        def serve(process: Process) -> None:
            process.listen(8080, socket.socket.close)
            process.sleep(None)

        host.runtime.functions.bind("shop/*", serve)
        plan = make_plan(SERVER)
        address, injector = host.run(plan), host.runtime.insight().injector()
        assert injector is not None
        await start(injector, plan.arn, HOLE)
        assert await elsewhere(lambda: hangs(address))
        await injector.stop(plan.arn, HOLE.name)
        assert not await elsewhere(lambda: hangs(address))


@pytest.mark.parametrize(
    "fault",
    [
        HOLE._replace(traffic="egress"),
        HOLE._replace(protocol="udp"),
        Latency(1, 0, ANYBODY),
        PacketLoss(1, ANYBODY),
    ],
)
async def test_what_simulated_containers_have_no_network_for(fault: Fault) -> None:
    async with Host() as host:
        plan = make_plan(SERVER)
        host.run(plan)
        injector = host.runtime.insight().injector()
        assert injector is not None
        with pytest.raises(Unsupported):
            await start(injector, plan.arn, fault)
        assert await injector.running(plan.arn) == frozenset()


async def test_more_who_are_spared_than_the_kernel_takes() -> None:
    async with Host() as host:
        plan = make_plan(SERVER)
        address, injector = host.run(plan), host.runtime.insight().injector()
        assert injector is not None
        many = tuple(ip_network((0x0A000000 + number, 32)) for number in range(5000))
        with pytest.raises(Unsupported, match="the kernel takes no such filter"):
            await start(injector, plan.arn, HOLE._replace(spared=many))
        assert await injector.running(plan.arn) == frozenset()
        assert not await elsewhere(lambda: hangs(address))


async def test_a_connection_that_is_closed_meanwhile_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Host() as host:
        plan = make_plan(SERVER)
        address, injector = host.run(plan), host.runtime.insight().injector()
        assert injector is not None
        descriptors = Listener.descriptors
        with socket.socket() as closed:
            gone = closed.fileno()
        monkeypatch.setattr(Listener, "descriptors", lambda self: iter((gone, *descriptors(self))))
        await start(injector, plan.arn, HOLE)
        assert await elsewhere(lambda: hangs(address))
        await injector.stop(plan.arn, HOLE.name)
        assert (await elsewhere(lambda: get(address)))[0] == 200
