"""The network over which containers reach 169.254.170.2, on a real engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace
from tests.support.docker_runtime import Bench, bench, container, inspect, plan, run
from tests.support.images import docker

from kecs.aws.model import ecs as m
from kecs.core.inside.names import KEY_BYTES, Names
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Provisioned
from kecs.endpoints.listeners import Listeners
from kecs.runtimes.docker.link import HOST, NAME

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker-link")]

ROLE = "arn:aws:iam::000000000000:role/app"
ASK = "wget -qO- ${AWS_CONTAINER_CREDENTIALS_FULL_URI-http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}"


class Answering(asyncio.Protocol):
    """Stands for KECS: says which path was asked for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        path = data.split(b" ", 2)[1]
        self._transport.write(b"HTTP/1.0 200 OK\r\n\r\n" + path)  # type: ignore[attr-defined]
        self._transport.close()


@contextlib.asynccontextmanager
async def on_the_link() -> AsyncIterator[Bench]:
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        names = Names(bytes(KEY_BYTES))
        async with bench(endpoint=Listeners(url, Answering, names=names)) as on:
            yield on


def task_of(script: str, mode: str, role: str | None = ROLE) -> TaskPlan:
    return plan(container(command=["sh", "-c", script]), mode=mode, task_role_arn=role)


async def said(on: Bench, task: TaskPlan) -> str:
    await run(on, task)
    await on.until(Exited, task, "app")
    return "\n".join(await on.output(task))


async def answers(host: str, port: int) -> bool:
    """Whether a server there comes to answer."""
    for _ in range(200):
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            answer = await reader.read()
            writer.close()
            return answer.startswith(b"HTTP/1.")
        await asyncio.sleep(0.05)
    return False


def network() -> dict[str, object] | None:
    status, found = docker("GET", f"/networks/{NAME}")
    return found if status == 200 else None


@pytest.mark.parametrize("mode", ["awsvpc", "bridge", "host"])
async def test_containers_find_their_credentials_where_sdks_look(mode: str) -> None:
    async with on_the_link() as on:
        task = task_of(ASK, mode)
        name = Names(bytes(KEY_BYTES)).credentials(task.arn)
        assert await said(on, task) == f"/v2/credentials/{name}"


async def test_two_kecs_share_the_address() -> None:
    """The first has port 80; containers of the second are told of another."""
    async with on_the_link() as first, on_the_link() as second:
        usual = "echo ${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI-none}"
        before = await said(first, task_of(usual, "bridge"))
        assert before.startswith("/v2/credentials/"), "another KECS on this machine has the port"
        variables = "echo ${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI-none} $AWS_CONTAINER_CREDENTIALS_FULL_URI"
        ask = "wget -qO- $AWS_CONTAINER_CREDENTIALS_FULL_URI"
        told, path = (await said(second, task_of(f"{variables}; {ask}", "awsvpc"))).split("\n")
        url = told.removeprefix("none ")
        assert url.startswith(f"http://{HOST}:")
        assert url.endswith(path)


async def test_nobody_without_a_role_is_in_it() -> None:
    async with on_the_link() as on:
        assert await said(on, task_of("env | grep -c CREDENTIALS; ip addr | grep -c 169.254", "bridge", None)) == "0\n0"
        for lonely in (container(command=["env"]), container(command=["env"], disable_networking=True)):
            mode = "bridge" if lonely.disable_networking else "none"
            assert "CREDENTIALS" not in await said(on, plan(lonely, mode=mode, task_role_arn=ROLE))


async def test_it_leads_nowhere_else_and_not_to_other_tasks() -> None:
    async with on_the_link() as on:
        sleeping = replace(task_of("sleep 60", "bridge"), id="0" * 32)
        (started,) = await run(on, sleeping)
        networks = inspect(started.runtime_id)["NetworkSettings"]["Networks"]
        other = networks[NAME]["IPAddress"]
        script = f"ip route | grep default; ping -c1 -W1 {other} >/dev/null || echo alone"
        gateway, alone = (await said(on, task_of(script, "bridge"))).split("\n")
        assert "169.254" not in gateway
        assert alone == "alone"


async def test_published_ports_and_addresses_stay_what_they_are() -> None:
    serves = ["sh", "-c", "httpd -f -p 8080 -h /www"]
    port = [m.PortMapping(container_port=8080, host_port=0)]
    async with on_the_link() as on:
        bridge = plan(container(command=serves, port_mappings=port), task_role_arn=ROLE)
        (started,) = await run(on, bridge)
        (binding,) = started.network_bindings
        assert await answers("127.0.0.1", binding.host_port or 0)
        vpc = plan(container(command=serves), mode="awsvpc", task_role_arn=ROLE)
        await run(on, vpc)
        provisioned = await on.until(Provisioned, vpc)
        assert not (provisioned.address or "169.254").startswith("169.254")
        assert await answers(provisioned.address or "", 8080)


async def test_it_goes_with_the_last_kecs_and_comes_again() -> None:
    async with on_the_link() as on:
        await said(on, task_of(ASK, "bridge"))
        assert network() is not None
        assert docker("DELETE", f"/networks/{NAME}")[0] == 204  # as another KECS does when nobody is in it
        assert (await said(on, task_of(ASK, "awsvpc"))).startswith("/v2/credentials/")
    assert network() is None


async def test_where_the_address_cannot_be_had_credentials_are_variables() -> None:
    """Somebody else's network has the addresses."""
    ranges = {"Config": [{"Subnet": "169.254.170.0/24", "Gateway": "169.254.170.1"}]}
    body = json.dumps({"Name": "kecs-test-in-the-way", "Internal": True, "IPAM": ranges})
    assert docker("POST", "/networks/create", body.encode())[0] == 201
    try:
        async with on_the_link() as on:
            found = await said(on, task_of("echo $AWS_ACCESS_KEY_ID ${AWS_SESSION_TOKEN:+token}", "awsvpc"))
            assert found.startswith("ASIA")
            assert found.endswith("KECS token")
    finally:
        docker("DELETE", "/networks/kecs-test-in-the-way")
