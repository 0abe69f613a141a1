"""KECS on the gateways of containers' networks; a second loopback address stands for a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from kecs.endpoints.listeners import Listeners

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address only")

GATEWAY = "127.0.0.2"
ELSEWHERE = "192.0.2.77"  # no machine has it (RFC 5737)


class Greeting(asyncio.Protocol):
    """Stands for KECS's own protocol."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(b"kecs")  # type: ignore[attr-defined]
        transport.close()


async def greeting(url: str) -> bytes:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    said = await reader.read()
    writer.close()
    await writer.wait_closed()
    return said


@contextlib.asynccontextmanager
async def listeners(url: str) -> AsyncIterator[Listeners]:
    opened = Listeners(url, Greeting)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def port() -> int:
    with socket.create_server((GATEWAY, 0)) as found:
        return int(found.getsockname()[1])


async def test_it_listens_on_a_gateway_at_its_own_port_once(port: int) -> None:
    async with listeners(f"http://127.0.0.1:{port}") as opened:
        urls = await asyncio.gather(*(opened.at(GATEWAY) for _ in range(3)))
        assert set(urls) == {f"http://{GATEWAY}:{port}"}
        assert await greeting(urls[0]) == b"kecs"
    with pytest.raises(ConnectionRefusedError):
        await greeting(urls[0])


async def test_where_its_port_is_taken_another_will_do(port: int) -> None:
    with socket.create_server((GATEWAY, port)):
        async with listeners(f"http://127.0.0.1:{port}") as opened:
            url = await opened.at(GATEWAY)
            assert url != f"http://{GATEWAY}:{port}"
            assert await greeting(url) == b"kecs"


@pytest.mark.parametrize("host", [ELSEWHERE, "host.docker.internal"])
async def test_what_is_no_address_of_this_machine_may_lead_here_by_itself(host: str, port: int) -> None:
    async with listeners(f"http://127.0.0.1:{port}") as opened:
        assert await opened.at(host) == f"http://{host}:{port}"


async def test_a_kecs_that_listens_everywhere_is_there_already(port: int) -> None:
    async with listeners(f"http://0.0.0.0:{port}") as opened:
        assert await opened.at(GATEWAY) == f"http://{GATEWAY}:{port}"
        with pytest.raises(ConnectionRefusedError):
            await greeting(f"http://{GATEWAY}:{port}")
        assert opened.url == f"http://127.0.0.1:{port}"
