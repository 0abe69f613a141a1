"""The connection: AWS requests are answered right here, everything else goes to uvicorn.

An AWS request is small, has its answer at once (handlers never wait), and there are a great many of them; so the path
from its last byte to the answer's first is one call, with no task, queue or scope in between. What is no POST with a
target header (the admin API, streams, a browser) hands its connection over to uvicorn's own protocol for good, which
answers AWS requests too, through `gateway.http`. httptools parses for both.

The head of a request is looked at as a whole before the parser gets it, and the parser gets one request at a time:
whatever stands behind a request may be one that has to be handed over.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

import httptools

from kecs.gateway.ecs import Answer, EcsEndpoint
from kecs.gateway.guard import refusal

MOST_BODY = 16 * 1024 * 1024  # bytes; AWS takes far less, so that a mistake does not fill the memory
MOST_HEAD = 64 * 1024  # bytes of request line and headers
TOO_LARGE = Answer(413, b'{"__type":"RequestEntityTooLargeException","message":"The request is too large."}')
TOO_LONG_HEAD = Answer(431, b'{"__type":"RequestEntityTooLargeException","message":"The headers are too large."}')
MALFORMED = Answer(400, b'{"__type":"SerializationException","message":"The request is not HTTP."}')
FOREIGN_PAGE = Answer(
    403, b'{"__type":"AccessDeniedException","message":"A web page on another origin caused this request."}'
)
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_HTTP_2 = re.compile(rb"\r\nupgrade:[ \t]*h2c[ \t]*(?=\r\n)", re.IGNORECASE)
"""An offer to go on in HTTP/2, which may be let go; httptools would take the request's body for HTTP/2."""


class Handover(Protocol):
    """Takes over a connection with what has been read from it."""

    def __call__(self, transport: asyncio.Transport, data: bytes) -> None: ...


class GatewayProtocol(asyncio.Protocol):
    """One connection, until it is handed over."""

    def __init__(
        self,
        ecs: EcsEndpoint,
        request_id: Callable[[], str],
        handover: Handover,
        open_ones: set[GatewayProtocol],
        host: str | None = None,
    ) -> None:
        """`host` is the name or address that KECS was told to listen on."""
        self._ecs = ecs
        self._request_id = request_id
        self._handover = handover
        self._open = open_ones
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._between = True  # two requests, or before the first one
        self._head = b""  # of a request whose headers have not come completely
        self._paused = False  # the client does not read its answers
        self._refused = False  # nothing that still comes is of interest

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a server's transports read and write
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._transport = None
        self._open.discard(self)

    def pause_writing(self) -> None:
        self._paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        if self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        """Close the connection; nothing is ever half answered."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            while data and self._is_wanted():
                data = self._begin(data) if self._between else self._go_on(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(MALFORMED)

    def _is_wanted(self) -> bool:
        return not self._refused and self._transport is not None and not self._transport.is_closing()

    def _begin(self, data: bytes) -> bytes:
        """Take the head of the next request, once it is there as a whole. Gives what stands behind it."""
        data = self._head + data
        end = data.find(b"\r\n\r\n") + 4
        if end > MOST_HEAD or (end < 4 and len(data) > MOST_HEAD):
            self._refuse(TOO_LONG_HEAD)
            return b""
        if end < 4:
            self._head = data
            if not (data[:1].isalpha() or data[:1] == b"\r"):  # TLS, most likely: it would wait for an answer for ever
                self._refuse(MALFORMED)
            return b""
        self._head = b""
        head = data[:end]
        lower = head.lower()
        if b"\r\nupgrade:" in lower:
            head, rest = _HTTP_2.sub(b"", head), data[end:]
            data, end = head + rest, len(head)
        if not (lower.startswith(b"post ") and b"\r\nx-amz-target:" in lower):
            self._hand_over(data)
            return b""
        self._parser.feed_data(head)
        return data[end:]

    def _go_on(self, data: bytes) -> bytes:
        """Take what belongs to the body. Gives what stands behind it."""
        # In chunks, a body ends with a line: the parser gets one line at a time.
        end = data.find(b"\n") + 1 if self._left is None else self._left
        piece = data[:end] if end else data
        self._size += len(piece)
        if self._size > MOST_BODY:
            self._refuse(TOO_LARGE)
            return b""
        if self._left is not None:
            self._left -= len(piece)
        self._parser.feed_data(piece)
        return data[len(piece) :]

    # -- called by the parser ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._between = False
        self._in_head = True
        self._target = b""
        self._authorization: bytes | None = None
        self._origin: bytes | None = None
        self._named_host = b""
        self._expects = False
        self._left: int | None = None  # bytes of the body that are still to come; None: it comes in chunks
        self._body: list[bytes] = []
        self._size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return
        match name.lower():
            case b"x-amz-target":
                self._target = value.rstrip()
            case b"authorization":
                self._authorization = value
            case b"content-length":
                self._left = int(value)
            case b"host":
                self._named_host = value
            case b"origin":
                self._origin = value
            case b"expect":
                self._expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._left is not None and self._left > MOST_BODY:
            self._refuse(TOO_LARGE)
        elif self._expects and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._between = True
        if not self._is_wanted():
            return
        if self._origin is not None and self._comes_from_elsewhere(self._origin):
            answer = FOREIGN_PAGE
        else:
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            answer = self._ecs.answer(self._target, self._authorization, body)
        keep_alive = self._parser.should_keep_alive()
        self._answer(answer, keep_alive=keep_alive)
        if not keep_alive and self._transport is not None:
            self._transport.close()

    # ---------------------------------------------------------------------------------------------------------------

    def _comes_from_elsewhere(self, origin: bytes) -> bool:
        """Whether a web page on another origin sent this: one that knows how to make this host look like its own."""
        return refusal(((b"host", self._named_host), (b"origin", origin)), self._host) is not None

    def _answer(self, answer: Answer, *, keep_alive: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        head = b"%bContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\nx-amzn-RequestId: %b\r\n%b\r\n" % (
            _STATUS_LINES[answer.status],
            len(answer.body),
            self._request_id().encode(),
            b"" if keep_alive else b"Connection: close\r\n",
        )
        transport.write(head + answer.body)

    def _refuse(self, answer: Answer) -> None:
        """Answer at once and let go of whatever else comes; the client closes.

        Closing here, with unread bytes on their way, would reset the connection before the client has the answer.
        """
        if self._refused:
            return
        self._refused = True
        self._head = b""
        self._answer(answer, keep_alive=False)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def _hand_over(self, data: bytes) -> None:
        transport, self._transport = self._transport, None
        self._open.discard(self)
        if transport is not None:
            if self._paused:
                transport.resume_reading()
            self._handover(transport, data)
