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

ANY_ADDRESS = ("0.0.0.0", "::")
_NOT_OURS = (errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM)

log = logging.getLogger(__name__)


class Listeners:
    """The addresses on which one KECS is there for containers."""

    def __init__(self, url: str, connection: Callable[[], asyncio.Protocol]) -> None:
        """`url`: where KECS listens anyway. `connection` makes the protocol of one more connection to it."""
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._connection = connection
        self._servers: dict[str, asyncio.Server] = {}
        self._urls: dict[str, str] = {}
        self._one_by_one = asyncio.Lock()

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self._host in ANY_ADDRESS else self._host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    async def at(self, host: str) -> str:
        """See ports.endpoint.TaskEndpoint. A name, and an address of another machine, may lead here all the same: by a
        port that Docker publishes, or as Docker Desktop forwards it."""
        if self._host in ANY_ADDRESS or host == self._host:
            return f"http://{host}:{self._port}"
        async with self._one_by_one:
            if host not in self._urls:
                self._urls[host] = f"http://{host}:{await self._listen(host)}"
        return self._urls[host]

    async def close(self) -> None:
        for server in self._servers.values():
            server.close()
        self._servers.clear()
        self._urls.clear()

    async def _listen(self, host: str) -> int:
        """The port on which KECS is at `host` now: its own, if nobody else has that there."""
        if not _is_address(host):
            return self._port
        loop = asyncio.get_running_loop()
        for port in (self._port, 0):
            try:
                listener = socket.create_server((host, port), backlog=128)
            except OSError as error:
                if error.errno == errno.EADDRINUSE and port:
                    continue
                if error.errno not in _NOT_OURS:
                    log.warning("containers may not reach KECS at %s: %s", host, error)
                return self._port
            self._servers[host] = await loop.create_server(self._connection, sock=listener)
            return int(listener.getsockname()[1])
        return self._port


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
