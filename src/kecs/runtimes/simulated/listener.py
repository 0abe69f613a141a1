"""A port of a simulated container that really answers HTTP, so that a client can see which tasks serve.

`network` opens one per TCP port of a running container and closes it when the container exits. Binding happens in the
constructor, with no coroutine, so the port is there when the container is reported as started. A container that a
function stands for has `HeldPort`s instead: they are its own to listen on.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import resource
import socket
import struct
import weakref
from collections.abc import Callable, Iterator
from typing import cast

BACKLOG = 64  # connections that wait to be accepted
LONGEST_HEAD = 65536  # bytes of a request before its body


def most_listeners() -> int:
    """How many ports may be open at once: half of the files that the process may open, the rest is KECS's own."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 100_000 if soft == resource.RLIM_INFINITY else soft // 2


class Listener:
    """A listening socket that answers every request with the same text. Raises OSError when it cannot be bound."""

    def __init__(self, loop: asyncio.AbstractEventLoop, address: str, port: int, page: str) -> None:
        self._loop = loop
        self._answer = _answer(page)
        self._connections: set[asyncio.Transport] = set()
        self._accepting: set[asyncio.Task[object]] = set()
        self._socket = _listening(address, port)
        loop.add_reader(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Give the port back and cut what is connected to it."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        for task in self._accepting:
            task.cancel()
        for transport in list(self._connections):
            transport.abort()

    def descriptors(self) -> Iterator[int]:
        """Of its sockets that are open."""
        yield self._socket.fileno()
        for transport in self._connections:
            if not transport.is_closing():
                yield transport.get_extra_info("socket").fileno()

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:  # the client has gone, or the process is out of files: it stays in the backlog
            return
        connection.setblocking(False)
        task: asyncio.Task[object] = self._loop.create_task(
            self._loop.connect_accepted_socket(lambda: _Responder(self._answer, self._connections), connection)
        )
        self._accepting.add(task)

        def accepted(_: object) -> None:
            self._accepting.discard(task)
            if task.cancelled():  # maybe before it has begun: then nobody else closes it
                connection.close()

        task.add_done_callback(accepted)


class HeldPort:
    """A port of a function's: until it listens, connections are reset. Raises OSError when it cannot be bound."""

    def __init__(self, loop: asyncio.AbstractEventLoop, address: str, port: int) -> None:
        self._loop = loop
        self._connected: Callable[[socket.socket], None] | None = None
        self._connections: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._socket = _listening(address, port)
        loop.add_reader(self._socket.fileno(), self._accept)

    def accept(self, connected: Callable[[socket.socket], None]) -> None:
        """Call this with each connection, on the event loop's thread. Raises OSError when somebody listens already."""
        if self._connected is not None:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        self._connected = connected

    def refuse(self) -> None:
        """Listen no more; connections that are there stay."""
        self._connected = None

    def close(self) -> None:
        """Give the port back and cut what is connected to it."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)

    def descriptors(self) -> Iterator[int]:
        """Of its sockets that are open."""
        yield self._socket.fileno()
        yield from (connection.fileno() for connection in self._connections if connection.fileno() >= 0)

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:  # the client has gone, or the process is out of files: it stays in the backlog
            return
        if self._connected is None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return
        connection.setblocking(True)
        self._connections.add(connection)
        self._connected(connection)


def _listening(address: str, port: int) -> socket.socket:
    made = socket.socket()
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


class _Responder(asyncio.Protocol):
    """One connection: reads requests, answers each."""

    def __init__(self, answer: bytes, connections: set[asyncio.Transport]) -> None:
        self._answer = answer
        self._connections = connections
        self._buffer = bytearray()
        self._body_left = 0
        self._last = self._head_only = False  # of the request whose body is being read

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by type
        self._connections.add(self._transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while not self._transport.is_closing():
            if self._body_left:
                taken = min(self._body_left, len(self._buffer))
                del self._buffer[:taken]
                self._body_left -= taken
                if self._body_left:
                    return
                self._reply()
                continue
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > LONGEST_HEAD:
                    self._transport.abort()
                return
            head = bytes(self._buffer[:end]).lower()
            del self._buffer[: end + 4]
            self._read_head(head)
            if not self._body_left:
                self._reply()

    def _read_head(self, head: bytes) -> None:
        request, *lines = head.split(b"\r\n")
        headers = dict(line.split(b":", 1) for line in lines if b":" in line)
        length = headers.get(b"content-length", b"0").strip()
        self._body_left = int(length) if length.isdigit() else 0
        connection = headers.get(b"connection", b"").strip()
        # A chunked body is not taken apart: the answer comes at once and ends the connection.
        self._last = (
            connection == b"close"
            or b"transfer-encoding" in headers
            or (request.endswith(b"http/1.0") and connection != b"keep-alive")
        )
        self._head_only = request.startswith(b"head ")

    def _reply(self) -> None:
        head, _, body = self._answer.partition(b"\r\n\r\n")
        last = b"\r\nConnection: close" if self._last else b""
        self._transport.write(head + last + b"\r\n\r\n" + (b"" if self._head_only else body))
        if self._last:
            self._transport.close()


def _answer(page: str) -> bytes:
    body = page.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body
