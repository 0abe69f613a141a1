"""One Docker Engine behind two verbs, `call` and `stream`; every other module of this package talks to it through here.

aiodocker finds the engine (URL, contexts, TLS) and speaks HTTP. Its convenience methods cost extra round trips and drop
what KECS needs (which stream a log line came from, what a filter matched), so this uses the layer beneath them. All
that can go wrong comes out as an EngineError.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiodocker
import aiohttp
from aiodocker.execs import Exec

from kecs.ports.runtime import RuntimeForbidden, RuntimeUnavailable

ANSWER_WITHIN = 10.0  # seconds that the first answer may take; a daemon that is up answers in milliseconds
AT_ONCE = 16  # requests; what they cost is mostly forking runc, and more at once only makes each one slower
_CONNECTION_LOST = 900  # aiodocker's status for a request that never got an answer

UNWANTED: ContextVar[Callable[[], bool]] = ContextVar("UNWANTED", default=lambda: False)
"""Whether nobody wants what is being done any more; it then ends at its next turn instead of asking the engine."""


class EngineError(Exception):
    """The engine refused. `status` is HTTP's, `message` Docker's own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class EngineGone(EngineError):
    """The engine did not answer: it restarts, or the connection dropped. What was asked may have been done."""

    def __init__(self, message: str) -> None:
        super().__init__(_CONNECTION_LOST, message)


class Engine:
    """A connection pool to one Docker Engine."""

    def __init__(self, url: str | None) -> None:
        """`url` is a DOCKER_HOST value; None looks where the docker command looks. Needs a running event loop."""
        try:
            self._docker = aiodocker.Docker(url=url)
        except (AssertionError, ValueError, aiodocker.DockerError) as error:
            why = str(error) or "neither DOCKER_HOST nor a local socket names one"
            raise RuntimeUnavailable(f"no Docker Engine found: {why}") from error
        # aiohttp would let a hundred slow pulls and log followers keep everybody else waiting for a connection.
        self._docker.connector._limit = 0  # noqa: SLF001  the limit has no public setter, and ssh:// has no constructor
        self._turn = asyncio.Semaphore(AT_ONCE)
        self.url = url or self._docker.docker_host

    async def connect(self) -> dict[str, Any]:
        """What /info says, once the engine answers. Raises RuntimeUnavailable in one line."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                info: dict[str, Any] = await self.call("GET", "info")
        except TimeoutError:
            raise RuntimeUnavailable(f"the Docker Engine at {self.url} does not answer; is it running?") from None
        except EngineError as error:
            if closed := _closed_socket(self._docker.connector):
                raise RuntimeForbidden(closed) from error
            reason = " ".join(error.message.split())
            raise RuntimeUnavailable(f"no Docker Engine answers: {reason}") from error
        return info

    async def close(self) -> None:
        if "_unchunked" in vars(self):
            await self._unchunked.session.close()
        await self._docker.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        patient: bool = False,
    ) -> Any:
        """One request, its JSON answer decoded. `patient` ones may take long and do not count as work of the engine."""
        if patient:
            return await self._call(method, path, params, body)
        async with self._turn:
            if UNWANTED.get()():
                raise asyncio.CancelledError
            return await self._call(method, path, params, body)

    async def _call(self, method: str, path: str, params: Mapping[str, Any] | None, body: Any) -> Any:
        try:
            return await self._docker._query_json(path, method, params=_query(params), data=body)  # noqa: SLF001  see the module
        except aiodocker.DockerError as error:
            raise _engine_error(error) from error
        except (aiohttp.ClientError, OSError) as error:
            raise EngineGone(str(error) or type(error).__name__) from error

    def exec(self, process: str, *, terminal: bool) -> Exec:
        """The process of this id, made by an exec request, to be run; whether that is at a terminal."""
        return Exec(self._docker, process, tty=terminal)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """One request whose answer is read as it comes, for as long as it takes; leaving the block hangs up."""
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/x-tar", **(headers or {})}
        async with _read(self._docker, method, path, params=_query(params), data=body, headers=headers) as response:
            yield response.content

    @asynccontextmanager
    async def output(self, path: str, *, params: Mapping[str, Any]) -> AsyncIterator[Output]:
        """One GET whose answer goes on and on in small writes of the engine's; leaving the block hangs up."""
        async with _read(self._unchunked, "GET", path, params=_query(params)) as response:
            yield Output(response)

    @cached_property
    def _unchunked(self) -> aiodocker.Docker:
        """The same engine, asked in HTTP 1.0: in 1.1 each of its writes is a chunk, which costs more than its text."""
        docker = copy.copy(self._docker)
        docker.session = aiohttp.ClientSession(
            connector=docker.connector, connector_owner=False, version=aiohttp.HttpVersion10
        )
        return docker

    async def progress(
        self,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A POST that answers with lines of progress, read to their end; an error among them is raised."""
        async with self.stream("POST", path, params=params, body=body, headers=headers) as content:
            async for line in content:
                if not line.strip():
                    continue
                said = json.loads(line)
                if "error" in said:
                    raise EngineError(500, str(said["error"]))


class Output:
    """An answer that is read when its reader wants to: what comes meanwhile waits in the socket, at no cost."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._content = response.content
        self._connection = response.connection  # None: it has come as a whole

    async def read(self) -> bytes:
        """What is there, or the next that comes; nothing at the end. Raises EngineGone."""
        transport = self._connection.transport if self._connection is not None else None
        if transport is None:
            return await self._content.readany()
        transport.resume_reading()
        try:
            return await self._content.readany()
        finally:
            transport.pause_reading()


@asynccontextmanager
async def _read(docker: aiodocker.Docker, method: str, path: str, **how: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    try:
        async with docker._query(path, method, timeout=None, **how) as response:  # noqa: SLF001  see the module
            try:
                yield response
            finally:
                response.close()
    except aiodocker.DockerError as error:
        raise _engine_error(error) from error
    except (aiohttp.ClientError, OSError) as error:
        raise EngineGone(str(error) or type(error).__name__) from error


def _closed_socket(connector: aiohttp.BaseConnector) -> str | None:
    """What to do about a socket that this user may not use; None where that is not what is wrong."""
    if not isinstance(connector, aiohttp.UnixConnector):
        return None
    path = Path(connector.path)
    if not path.is_socket() or os.access(path, os.R_OK | os.W_OK):
        return None
    group = path.stat().st_gid
    return (
        f"the Docker socket {path} is there, but user {os.getuid()} may not use it: that takes the group {group} "
        f"(in a container: docker run --group-add {group})"
    )


def _query(params: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Query parameters as Docker reads them: JSON for filters, 1 and 0 for truth."""
    if params is None:
        return None
    return {
        key: json.dumps(value) if isinstance(value, dict) else str(int(value) if isinstance(value, bool) else value)
        for key, value in params.items()
    }


def _engine_error(error: aiodocker.DockerError) -> EngineError:
    return EngineGone(error.message) if error.status == _CONNECTION_LOST else EngineError(error.status, error.message)


async def host_address(url: str) -> str:
    """The IPv4 address of the machine that the engine publishes ports on."""
    parts = urlsplit(url)
    if parts.scheme not in ("tcp", "http", "https", "ssh") or not parts.hostname:
        return "127.0.0.1"
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, None, family=socket.AF_INET)
    except OSError as error:
        raise RuntimeUnavailable(f"the Docker Engine's host {parts.hostname} has no IPv4 address: {error}") from error
    return str(found[0][4][0])


def seconds(stamp: str | None) -> float | None:
    """Docker's RFC 3339 time as seconds since the epoch; None for its zero time."""
    if not stamp or stamp.startswith("0001-"):
        return None
    return datetime.fromisoformat(stamp).timestamp()
