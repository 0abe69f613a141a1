"""A gateway on a loopback port, in front of a kernel on the simulated runtime whose time stands still."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.scenarios.world import World

from kecs.app.console import KernelConsole
from kecs.app.http import HttpServer
from kecs.aws.model import ecs as m
from kecs.gateway.admin import admin_app
from kecs.ports.companion import Around

TARGET = m.TARGET_PREFIX


@dataclass
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["__type"])


class Connection:
    """A client's end of one connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def reply(self, *, head_only: bool = False) -> Reply:
        """The next answer, which has a length unless its body is a stream (then the body is left to read)."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = 0 if head_only else int(headers.get("content-length", 0))
        return Reply(int(first.split()[1]), headers, await self.reader.readexactly(length))

    async def ended(self) -> bytes:
        """What still comes before the server closes."""
        return await self.reader.read()

    async def close(self) -> None:
        self.writer.transport.abort()  # whether or not the other side still reads
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return


class Gateway:
    """The server's end."""

    def __init__(self, world: World, server: HttpServer, port: int, leave: Callable[[], Any]) -> None:
        self.world = world
        self.server = server
        self.port = port
        self.stop = leave  # ends the server; waits until it has
        self._connections: list[Connection] = []

    async def connect(self) -> Connection:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", self.port))
        self._connections.append(connection)
        return connection

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()

    def clusters(self) -> list[str]:
        return [cluster.name for cluster in self.world.kernel.store.clusters]


@asynccontextmanager
async def serving(host: str | None = None, around: Around | None = None) -> AsyncIterator[Gateway]:
    world = World()
    console = KernelConsole(world.kernel, "test")
    listener = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(world.kernel.endpoint, lambda: admin_app(console, host), world.kernel.ids.uuid, host, around)
    listening = server.listening(listener)
    await listening.__aenter__()
    stopped = False

    async def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            await listening.__aexit__(None, None, None)

    gateway = Gateway(world, server, listener.getsockname()[1], stop)
    try:
        yield gateway
    finally:
        await stop()
        await gateway.close()
        listener.close()


def request(
    operation: str = "ListClusters",
    body: bytes = b"{}",
    *headers: str,
    version: str = "1.1",
    length: bool = True,
) -> bytes:
    """An AWS request as it stands on the wire."""
    lines = [f"POST / HTTP/{version}", "Host: 127.0.0.1:5373", f"X-Amz-Target: {TARGET}.{operation}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def create(name: str, *headers: str) -> bytes:
    return request("CreateCluster", json.dumps({"clusterName": name}).encode(), *headers)


def chunked(body: bytes, size: int) -> bytes:
    """The body in chunks, with an extension and a trailer."""
    chunks = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x;note=1\r\n%b\r\n" % (len(c), c) for c in chunks) + b"0\r\nX-Trailer: 1\r\n\r\n"


HEALTH = b"GET /_kecs/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
