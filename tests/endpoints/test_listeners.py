"""KECS on the gateways of containers' networks; a second loopback address stands for a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from kecs.endpoints.listeners import HTTP, Listeners

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


async def test_a_gateway_may_come_later(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_there(*_: object, **__: object) -> socket.socket:
        raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    async with listeners(f"http://127.0.0.1:{port}") as opened:
        with monkeypatch.context() as before:
            before.setattr(socket, "create_server", not_there)
            assert await opened.at(GATEWAY) == f"http://{GATEWAY}:{port}"
        assert await greeting(await opened.at(GATEWAY)) == b"kecs"


async def test_a_kecs_that_listens_everywhere_is_there_already(port: int) -> None:
    async with listeners(f"http://0.0.0.0:{port}") as opened:
        assert await opened.at(GATEWAY) == f"http://{GATEWAY}:{port}"
        with pytest.raises(ConnectionRefusedError):
            await greeting(f"http://{GATEWAY}:{port}")
        assert opened.url == f"http://127.0.0.1:{port}"


async def test_an_address_that_sdks_know_is_claimed_with_the_port_that_they_know(port: int) -> None:
    if not may_have(HTTP):
        pytest.skip(f"port {HTTP} takes a privilege here, or somebody has it")
    async with listeners(f"http://127.0.0.1:{port}") as first, listeners(f"http://127.0.0.1:{port}") as second:
        assert await first.claim(GATEWAY) == await first.claim(GATEWAY) == f"http://{GATEWAY}"
        assert await second.claim(GATEWAY) == f"http://{GATEWAY}:{port}"
        assert await greeting(f"http://{GATEWAY}:{HTTP}") == await greeting(f"http://{GATEWAY}:{port}") == b"kecs"


async def test_an_address_of_another_machine_cannot_be_claimed(port: int) -> None:
    for host in ("127.0.0.1", "0.0.0.0"):
        async with listeners(f"http://{host}:{port}") as opened:
            assert await opened.claim(ELSEWHERE) is None


async def test_what_containers_were_told_is_true_again_after_a_restart(port: int) -> None:
    told = f"http://{GATEWAY}:{port}"
    async with listeners("http://127.0.0.1:1") as opened:
        await opened.resume(told)
        await opened.resume(told)
        assert await opened.at(GATEWAY) == await opened.claim(GATEWAY) == told
        assert await greeting(told) == b"kecs"


async def test_its_own_address_had_another_port_before_the_restart(port: int) -> None:
    told = f"http://{GATEWAY}:{port}"
    async with listeners(f"http://{GATEWAY}:1") as opened:
        await opened.resume(f"http://{GATEWAY}:1")
        await opened.resume(told)
        assert await greeting(told) == b"kecs"
        assert await opened.at(GATEWAY) == f"http://{GATEWAY}:1"


async def test_what_somebody_else_has_now_is_left_to_them(port: int, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server((GATEWAY, port)):
        async with listeners("http://127.0.0.1:1") as opened:
            await opened.resume(f"http://{GATEWAY}:{port}")
            assert await opened.at(GATEWAY) == f"http://{GATEWAY}:1"
    assert f"no longer find KECS at http://{GATEWAY}:{port}" in caplog.text


async def test_whoever_comes_before_kecs_is_open_waits(port: int) -> None:
    opened, url = asyncio.Event(), f"http://127.0.0.1:{port}"
    waiting = Listeners(url, Greeting, opened=opened)
    try:
        caller = asyncio.create_task(greeting(await waiting.at(GATEWAY)))
        done, _ = await asyncio.wait([caller], timeout=0.05)
        assert not done
        opened.set()
        assert await caller == b"kecs"
    finally:
        await waiting.close()


def may_have(port: int) -> bool:
    try:
        socket.create_server((GATEWAY, port)).close()
    except OSError:
        return False
    return True


async def test_who_may_not_have_the_port_has_another_there(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.create_server

    def unprivileged(address: tuple[str, int], **options: int) -> socket.socket:
        if address[1] == HTTP:
            raise PermissionError(errno.EACCES, "Permission denied")
        return create(address, **options)

    monkeypatch.setattr(socket, "create_server", unprivileged)
    async with listeners(f"http://127.0.0.1:{port}") as opened:
        assert await opened.claim(GATEWAY) == f"http://{GATEWAY}:{port}"
        assert await greeting(f"http://{GATEWAY}:{port}") == b"kecs"
    async with listeners(f"http://0.0.0.0:{port}") as everywhere:
        assert await everywhere.claim(GATEWAY) == f"http://{GATEWAY}:{port}"
