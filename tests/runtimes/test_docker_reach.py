"""Where containers of each network mode are told that KECS is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from tests.support.docker_runtime import Bench, bench, container, plan, run
from tests.support.images import docker

from kecs.core.tasks.reports import Exited

pytestmark = pytest.mark.docker

SAYS = ["sh", "-c", "echo ${AWS_ENDPOINT_URL-none}"]


class Told:
    """See ports.endpoint.TaskEndpoint: listens nowhere."""

    url = "http://kecs"
    names = None

    async def at(self, host: str) -> str:
        return f"http://{host}"

    async def claim(self, host: str) -> str | None:
        return f"http://{host}"

    async def resume(self, url: str) -> None:
        return

    async def close(self) -> None:
        return


@contextlib.asynccontextmanager
async def reachable() -> AsyncIterator[Bench]:
    async with bench(endpoint=Told()) as on:
        yield on


async def said(on: Bench, mode: str, **fields: bool) -> str:
    task = plan(container(command=SAYS, **fields), mode=mode)
    await run(on, task)
    await on.until(Exited, task, "app")
    (line,) = await on.output(task)
    return line


def gateway(network: str) -> str:
    status, found = docker("GET", f"/networks/{quote(network)}")
    assert status == 200, found
    return str(found["IPAM"]["Config"][0]["Gateway"])


async def test_each_network_has_its_own_way() -> None:
    async with reachable() as on:
        assert await said(on, "awsvpc") == f"http://{gateway(f'kecs-{on.instance}')}"
        assert await said(on, "bridge") == f"http://{gateway('bridge')}"
        assert await said(on, "host") == "http://kecs"
        assert await said(on, "none") == "none"
        assert await said(on, "bridge", disable_networking=True) == "none"


async def test_a_network_that_was_made_anew_is_looked_at_again() -> None:
    async with reachable() as on:
        await said(on, "awsvpc")
        await on.runtime.discard()
        network = f"kecs-{on.instance}"
        ranges = {"Config": [{"Subnet": "10.219.7.0/24", "Gateway": "10.219.7.254"}]}
        body = json.dumps({"Name": network, "Labels": {"io.kecs.instance": on.instance}, "IPAM": ranges})
        assert docker("POST", "/networks/create", body.encode())[0] == 201
        assert await said(on, "awsvpc") == "http://10.219.7.254"
