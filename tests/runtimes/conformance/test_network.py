"""Addresses and ports in each network mode, and that they really answer."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from tests.runtimes.conformance.harness import Harness
from tests.runtimes.plans import make_plan

from kecs.core.tasks.reports import Exited


def server(port: int, **fields: Any) -> dict[str, Any]:
    """A container that speaks HTTP on that port."""
    return {
        "command": ["httpd", "-f", "-p", str(port)],
        "portMappings": [{"containerPort": port}],
        "linuxParameters": {"initProcessEnabled": True},
        **fields,
    }


async def test_awsvpc_gives_every_task_an_address_of_its_own(harness: Harness) -> None:
    plans = make_plan(server(8080)), make_plan(server(8080))
    for plan in plans:
        started = await harness.run(plan)
        assert started.network_bindings == (), "awsvpc never publishes ports on the host"
    first, second = [await harness.address(plan) for plan in plans]
    assert first != second
    for address in (first, second):
        assert await harness.comes_to_answer(address, 8080)


async def test_an_awsvpc_task_has_a_mac_address(harness: Harness) -> None:
    harness.needs("tell MAC addresses")
    assert (await harness.provision(make_plan(server(8080)))).mac_address is not None


async def test_containers_of_an_awsvpc_task_share_its_address(harness: Harness) -> None:
    plan = make_plan(server(8080, name="one"), server(8081, name="two"))
    await harness.run(plan)
    address = await harness.address(plan)
    assert await harness.comes_to_answer(address, 8080)
    assert await harness.comes_to_answer(address, 8081)


async def test_containers_of_an_awsvpc_task_share_localhost(harness: Harness) -> None:
    harness.needs("run any program")
    client = {"command": ["sh", "-c", "until wget -qO- http://127.0.0.1:8080/version; do sleep 0.1; done 2>/dev/null"]}
    served = server(8080, name="server", command=["httpd", "-f", "-p", "8080", "-h", "/"])
    plan = make_plan(served, client, mode="awsvpc")
    await harness.run(plan)
    await harness.until(Exited, plan, "app")
    assert await harness.output(plan) == ["v1"]


async def test_a_port_is_silent_once_its_container_has_exited(harness: Harness) -> None:
    plan = make_plan(server(8080, name="goes", stopTimeout=2), server(8081, name="stays", stopTimeout=2))
    await harness.run(plan)
    address = await harness.address(plan)
    assert await harness.comes_to_answer(address, 8080)
    assert await harness.comes_to_answer(address, 8081)
    harness.runtime.stop(plan, "goes", 2)
    await harness.until(Exited, plan, "goes")
    assert not await harness.answers(address, 8080)
    assert await harness.answers(address, 8081)


async def test_bridge_draws_host_ports_where_none_is_given(harness: Harness) -> None:
    mappings = [{"containerPort": 8080}, {"containerPort": 9090, "hostPort": 0, "protocol": "udp"}]
    plan = make_plan(server(8080, portMappings=mappings), mode="bridge")
    other = make_plan(server(8080), mode="bridge")
    tcp, udp = (await harness.run(plan)).network_bindings
    assert (tcp.container_port, tcp.protocol) == (8080, "tcp")
    assert (udp.container_port, udp.protocol) == (9090, "udp")
    assert tcp.bind_ip
    (again,) = (await harness.run(other)).network_bindings
    assert tcp.host_port is not None
    assert again.host_port is not None
    one, two = (await harness.address(plan), tcp.host_port), (await harness.address(other), again.host_port)
    assert one != two
    assert await harness.comes_to_answer(*one)
    assert await harness.comes_to_answer(*two)


async def test_bridge_with_a_fixed_host_port(harness: Harness) -> None:
    port = free_port()
    plan = make_plan(server(8080, portMappings=[{"containerPort": 8080, "hostPort": port}]), mode="bridge")
    started = await harness.run(plan)
    assert [(b.container_port, b.host_port) for b in started.network_bindings] == [(8080, port)]
    address = await harness.address(plan)
    assert await harness.comes_to_answer(address, port)


async def test_a_host_port_belongs_to_one_container_at_a_time(harness: Harness) -> None:
    harness.needs("refuse a port that is taken")
    mappings = [{"containerPort": 8080, "hostPort": free_port()}]
    first = make_plan(server(8080, portMappings=mappings), mode="bridge")
    second = make_plan(server(8080, portMappings=mappings), mode="bridge")
    await harness.run(first)
    await harness.provision(second)
    failed = await harness.fails_to_start(second)
    assert failed.reason.startswith("CannotStartContainerError: ")
    assert "port is already allocated" in failed.reason
    await harness.release(second)
    await harness.release(first)
    third = make_plan(server(8080, portMappings=mappings), mode="bridge")
    assert (await harness.run(third)).network_bindings[0].host_port == mappings[0]["hostPort"]


async def test_host_mode_uses_the_ports_of_the_host(harness: Harness) -> None:
    port = free_port()
    plan = make_plan(server(port), mode="host")
    started = await harness.run(plan)
    assert [(b.container_port, b.host_port) for b in started.network_bindings] == [(port, port)]
    address = await harness.address(plan)
    assert await harness.comes_to_answer(address, port)


@pytest.mark.parametrize("mode", ["bridge", "none"])
async def test_a_job_needs_no_port(harness: Harness, mode: str) -> None:
    plan = make_plan({"command": ["sh", "-c", "echo done; exit 4"]}, mode=mode)
    assert (await harness.finish(plan)).exit_code == 4
    assert await harness.output(plan) == ["done"]


def free_port() -> int:
    """A port of this machine that nobody listens on, outside of what Docker draws from."""
    for port in range(28_000, 28_500):
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
