"""The connection: AWS requests are answered right here, everything else goes to uvicorn.

An AWS request is small, has its answer at once (handlers never wait), and there are a great many of them; so the path
from its last byte to the answer's first is one call, with no task, queue or scope in between. What has no target
header (the admin API, streams, a browser) hands its connection over to uvicorn's own protocol for good, which answers
AWS requests too, through `gateway.http`. httptools parses for both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

import httptools

from kecs.gateway.ecs import Answer, EcsEndpoint

MOST_BODY = 16 * 1024 * 1024  # bytes; AWS takes far less, so that a mistake does not fill the memory
MOST_HEAD = 64 * 1024  # bytes of request line and headers
TOO_LARGE = Answer(413, b'{"__type":"RequestEntityTooLargeException","message":"The request is too large."}')
MALFORMED = Answer(400, b'{"__type":"SerializationException","message":"The request is not HTTP."}')
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Handover(Protocol):
    """Takes over a connection with what has been read from it."""

    def __call__(self, transport: asyncio.Transport, data: bytes) -> None: ...


class GatewayProtocol(asyncio.Protocol):
    """One connection, until it is handed over."""

    def __init__(
        self, ecs: EcsEndpoint, request_id: Callable[[], str], handover: Handover, open_ones: set[GatewayProtocol]
    ) -> None:
        self._ecs = ecs
        self._request_id = request_id
        self._handover = handover
        self._open = open_ones
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._between = True  # two requests, or before the first one
        self._head = b""  # of a request whose headers have not come completely

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a server's transports read and write
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._transport = None
        self._open.discard(self)

    def close(self) -> None:
        """Close the connection; nothing is ever half answered."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._between:
            data = self._head + data
            end = data.find(b"\r\n\r\n")
            if end < 0 and len(data) <= MOST_HEAD:
                self._head = data
                return
            self._head = b""
            if not _is_aws(data[:end] if end >= 0 else data):
                self._hand_over(data)
                return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._answer(MALFORMED, keep_alive=False)

    # -- called by the parser ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._between = False
        self._target = b""
        self._authorization: bytes | None = None
        self._expects = False
        self._body: list[bytes] = []
        self._size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        match name.lower():
            case b"x-amz-target":
                self._target = value
            case b"authorization":
                self._authorization = value
            case b"expect":
                self._expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        if self._expects and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MOST_BODY:
            self._answer(TOO_LARGE, keep_alive=False)
        elif self._transport is not None:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._between = True
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        answer = self._ecs.answer(self._target, self._authorization, body)
        self._answer(answer, keep_alive=self._parser.should_keep_alive())

    # ---------------------------------------------------------------------------------------------------------------

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
        if not keep_alive:
            transport.close()

    def _hand_over(self, data: bytes) -> None:
        transport, self._transport = self._transport, None
        self._open.discard(self)
        if transport is not None:
            self._handover(transport, data)


def _is_aws(head: bytes) -> bool:
    return b"\r\nx-amz-target:" in head.lower()
