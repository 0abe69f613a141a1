"""Listens where containers can reach it, on the gateways of their networks; see ports.endpoint.TaskEndpoint.

`app.runtimes` makes it for the Docker runtime, which asks for an address when it starts the first container in a
network: a KECS without such containers listens on its own address only. What connects is served as on KECS's own port,
so whatever the gateway answers (AWS's APIs, paths of the application) containers can ask for.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from kecs.core.inside.names import Names

ANY_ADDRESS = ("0.0.0.0", "::")
BACKLOG = 128  # connections
HTTP = 80  # a port of its own in SDKs: they look for credentials nowhere else unless they are told to
_NOT_OURS = (errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM)

log = logging.getLogger(__name__)


class Listeners:
    """The addresses on which one KECS is there for containers."""

    def __init__(
        self,
        url: str,
        connection: Callable[[], asyncio.Protocol],
        *,
        names: Names | None = None,
        opened: asyncio.Event | None = None,
    ) -> None:
        """`url`: where KECS listens anyway. `connection` makes the protocol of one more connection to it, from when it
        is `opened`; until then they wait."""
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._connection = connection
        self.names = names
        self._opened = opened
        self._servers: list[tuple[socket.socket, asyncio.Task[None]]] = []
        self._urls: dict[str, str] = {}
        self._one_by_one = asyncio.Lock()

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self._host in ANY_ADDRESS else self._host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    async def at(self, host: str) -> str:
        """See ports.endpoint.TaskEndpoint. A name, and an address of another machine, may lead here all the same: by a
        port that Docker publishes, or as Docker Desktop forwards it. An address may become this machine's, too."""
        there = f"http://{host}:{self._port}"
        if self._host in ANY_ADDRESS or host == self._host:
            return there
        async with self._one_by_one:
            if host not in self._urls and (port := self._listen(host)) is not None:
                self._urls[host] = f"http://{host}:{port}"
        return self._urls.get(host, there)

    async def claim(self, host: str) -> str | None:
        """See ports.endpoint.TaskEndpoint."""
        async with self._one_by_one:
            if host not in self._urls:
                port = self._claimed(host)
                if port is None:
                    return None
                self._urls[host] = f"http://{host}" if port == HTTP else f"http://{host}:{port}"
        return self._urls[host]

    async def resume(self, url: str) -> None:
        """See ports.endpoint.TaskEndpoint."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or HTTP
        there = host in self._urls or (port == self._port and self._host in (host, *ANY_ADDRESS))
        if there or not _is_address(host):
            return
        try:
            self._serve(socket.create_server((host, port), backlog=BACKLOG))
        except OSError as error:
            log.warning("containers that were told so no longer find KECS at %s: %s", url, error)
        else:
            self._urls[host] = url

    async def close(self) -> None:
        for _, serving in self._servers:
            serving.cancel()
        await asyncio.gather(*(serving for _, serving in self._servers), return_exceptions=True)
        for listener, _ in self._servers:
            listener.close()  # of one that has not begun to serve
        self._servers.clear()
        self._urls.clear()

    def _listen(self, host: str) -> int | None:
        """The port on which KECS is at `host` now: its own, if nobody else has that there. None: it is not."""
        if not _is_address(host):
            return None
        for port in (self._port, 0):
            try:
                listener = socket.create_server((host, port), backlog=BACKLOG)
            except OSError as error:
                if error.errno == errno.EADDRINUSE and port:
                    continue
                if error.errno not in _NOT_OURS:
                    log.warning("containers may not reach KECS at %s: %s", host, error)
                return None
            self._serve(listener)
            return int(listener.getsockname()[1])
        return None

    def _claimed(self, host: str) -> int | None:
        """The port on which KECS is at `host` now; None when that is no address of this machine."""
        for port in (HTTP, self._port, 0):
            if port == self._port and self._host in ANY_ADDRESS:
                return port  # it is there: the address is this machine's, or the first port had said so
            try:
                listener = socket.create_server((host, port), backlog=BACKLOG)
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    return None
                continue  # somebody else has the port, or it takes a privilege to have it
            self._serve(listener)
            return int(listener.getsockname()[1])
        return None

    def _serve(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()

        async def serving() -> None:
            if self._opened is not None:
                await self._opened.wait()
            server = await loop.create_server(self._connection, sock=listener)
            try:
                await loop.create_future()  # for ever
            finally:
                server.close()

        self._servers.append((listener, loop.create_task(serving())))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
