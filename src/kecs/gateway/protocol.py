"""The connection: AWS requests are answered right here, everything else goes to uvicorn.

An AWS request is small, has its answer at once (handlers never wait), and there are a great many of them; so the path
from its last byte to its answer is one call, with no task, queue or scope in between; the answers of one turn of the
event loop are sent together (`gateway.outbox`). What is no POST with a target header (the admin API, streams, a
browser), or is for a service that a companion answers for, hands its connection over to uvicorn's own protocol for
good, which answers AWS requests too, through `gateway.http`; so does every request while faults of calls are set.
httptools parses for both.

The head of a request is looked at as a whole before the parser gets it, and the parser gets one request at a time:
whatever stands behind a request may be one that has to be handed over.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

import httptools

from kecs.gateway.bodies import MOST_BODY, TOO_LARGE, unpacked
from kecs.gateway.endpoint import STREAMED, Answer, Endpoint, Streamed, is_our_target
from kecs.gateway.guard import refusal
from kecs.gateway.outbox import Outbox
from kecs.gateway.plain import PlainReader

MOST_HEAD = 64 * 1024  # bytes of request line and headers
TOO_LONG_HEAD = Answer(431, b'{"__type":"RequestEntityTooLargeException","message":"The headers are too large."}')
MALFORMED = Answer(400, b'{"__type":"SerializationException","message":"The request is not HTTP."}')
FOREIGN_PAGE = Answer(
    403, b'{"__type":"AccessDeniedException","message":"A web page on another origin caused this request."}'
)
TARGET = b"\r\nx-amz-target:"
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
# An offer to go on in another protocol, which may be let go; httptools would take the request's body for that protocol.
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
_HTTP_2 = re.compile(rb"\r\nupgrade:[ \t]*h2c[ \t]*(?=\r\n)", re.IGNORECASE)


def on_the_wire(answer: Answer, request_id: str, *, keep_alive: bool) -> bytes:
    """The whole HTTP answer."""
    head = b"%bContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\nx-amzn-RequestId: %b\r\n%b\r\n" % (
        _STATUS_LINES[answer.status],
        len(answer.body),
        request_id.encode(),
        b"" if keep_alive else b"Connection: close\r\n",
    )
    return head + answer.body


class Handover(Protocol):
    """Takes over a connection with what has been read from it."""

    def __call__(self, transport: asyncio.Transport, data: bytes) -> None: ...


class GatewayProtocol(asyncio.Protocol):
    """One connection, until it is handed over."""

    def __init__(
        self,
        endpoint: Endpoint,
        request_id: Callable[[], str],
        handover: Handover,
        outbox: Outbox,
        open_ones: set[GatewayProtocol],
        host: str | None = None,
        *,
        accompanied: bool = False,
    ) -> None:
        """`host` is the name or address that KECS was told to listen on; `accompanied`: whoever takes over a connection
        has answers for other APIs too."""
        self._endpoint = endpoint
        self._request_id = request_id
        self._handover = handover
        self._outbox = outbox
        self._open = open_ones
        self._host = host
        self._accompanied = accompanied
        self._transport: asyncio.Transport | None = None
        self._plain = PlainReader(min(MOST_HEAD, MOST_BODY))
        self._unsent = b""  # answers that the outbox will have sent
        self._between = True  # two requests, or before the first one
        self._head = b""  # of a request whose headers have not come completely
        self._paused = False  # the client does not read its answers
        self._over = False  # nothing that still comes is of interest

    @functools.cached_property
    def _parser(self) -> httptools.HttpRequestParser:
        """Most connections never need it."""
        return httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a server's transports read and write
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._transport, self._over = None, True
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
        self._over = True
        self.send()
        if self._transport is not None:
            self._transport.close()

    def send(self) -> None:
        """Write the answers that are held back."""
        data, self._unsent = self._unsent, b""
        if data and self._transport is not None:
            self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        plain = self._plain.read(data) if self._between and not self._head and not self._over else None
        if plain is not None and self._endpoint.faults is None:
            answer = self._endpoint.answer(*plain)
            if type(answer) is not Answer and (self._accompanied or type(answer) is Streamed):
                self._hand_over(data)
                return
            if not self._unsent:
                self._outbox.add(self)
            self._unsent += on_the_wire(answer, self._request_id(), keep_alive=True)
            return
        try:
            while data and not self._over:
                data = self._begin(data) if self._between else self._go_on(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(MALFORMED)

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
        name = head.lower().find(TARGET)
        faulty = self._endpoint.faults is not None  # what goes wrong is seen to there
        if (
            faulty
            or not (head.startswith(b"POST ") and name > 0)
            or self._is_elsewhere(head[name + len(TARGET) : head.find(b"\r\n", name + 2)].strip())
        ):
            self._hand_over(_HTTP_2.sub(b"", head) + data[end:])
            return b""
        try:
            self._parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            self._parser = httptools.HttpRequestParser(self)
            self._parser.feed_data(_UPGRADE.sub(b"", head))
        return data[end:]

    def _is_elsewhere(self, target: bytes) -> bool:
        """Whether a request with this target is answered by who takes connections over."""
        return target in STREAMED or (self._accompanied and not is_our_target(target))

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
        self._headers: dict[bytes, bytes] = {}
        self._left: int | None = None  # bytes of the body that are still to come; None: it comes in chunks
        self._size = 0
        self._body: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        headers, self._headers = self._headers, {}  # what comes behind the body is no header
        self._target = headers.get(b"x-amz-target", b"").rstrip()
        self._authorization = headers.get(b"authorization")
        self._encoding = headers.get(b"content-encoding")
        self._foreign = b"origin" in headers and refusal(headers.items(), self._host) is not None
        length = headers.get(b"content-length")
        self._left = None if length is None else int(length)
        if self._left is not None and self._left > MOST_BODY:
            self._refuse(TOO_LARGE)
        elif headers.get(b"expect", b"").lower() == b"100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._between = True
        if self._over or self._parser.should_upgrade():
            return
        if self._foreign:
            answer = FOREIGN_PAGE  # it made its own name point to this machine, else it could not add a target header
        else:
            answer = self._answer_of(self._body[0] if len(self._body) == 1 else b"".join(self._body))
        keep_alive = self._parser.should_keep_alive()
        self._answer(answer, keep_alive=keep_alive)
        if not keep_alive:
            self.close()

    # ---------------------------------------------------------------------------------------------------------------

    def _answer_of(self, body: bytes) -> Answer:
        plain = body if self._encoding is None else unpacked(body, self._encoding)
        return plain if isinstance(plain, Answer) else self._endpoint.answer(self._target, self._authorization, plain)

    def _answer(self, answer: Answer, *, keep_alive: bool) -> None:
        self._unsent += on_the_wire(answer, self._request_id(), keep_alive=keep_alive)
        self.send()

    def _refuse(self, answer: Answer) -> None:
        """Answer at once and let go of whatever else comes; the client closes.

        Closing here, with unread bytes on their way, would reset the connection before the client has the answer.
        """
        if not self._over:
            self._over = True
            self._head = b""
            self._answer(answer, keep_alive=False)
            if self._transport is not None:
                self._transport.write_eof()

    def _hand_over(self, data: bytes) -> None:
        self.send()
        transport, self._transport, self._over = self._transport, None, True
        self._open.discard(self)
        if transport is not None:
            if self._paused:
                transport.resume_reading()
            self._handover(transport, data)
