"""The short way of a request: of the shape that AWS's clients send, and there as a whole.

Nearly every request is one, so `gateway.protocol` tries this first. What has any other shape is left alone, for the
careful way to take from its first byte.
"""

from __future__ import annotations

from typing import NamedTuple

import httptools

_START = b"POST / HTTP/1.1\r\n"
_UNUSUAL = frozenset(
    (b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"origin", b"sec-fetch-site", b"connection")
)
"""Headers that change how a request is read, answered or judged."""


class Plain(NamedTuple):
    """What KECS reads of a request."""

    target: bytes
    authorization: bytes | None
    body: bytes


class PlainReader:
    """Reads the plain requests of one connection."""

    def __init__(self, most: int) -> None:
        """A request of more than `most` bytes is not plain."""
        self._most = most
        self._parser = httptools.HttpRequestParser(self)

    def read(self, data: bytes) -> Plain | None:
        """The request, if `data` is exactly one plain request; nothing is kept between two calls."""
        if len(data) > self._most or not data.startswith(_START):
            return None
        self._target: bytes | None = None
        self._authorization: bytes | None = None
        self._body = b""
        self._complete = 0
        self._usual = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._usual = False
        if self._usual and self._complete == 1 and self._target is not None:
            return Plain(self._target, self._authorization, self._body)
        self._parser = httptools.HttpRequestParser(self)  # the other one stands in the middle of something
        return None

    # -- called by the parser ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._complete:
            self._usual = False  # a second request behind the first

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"x-amz-target":
            self._target = value.rstrip()
        elif name == b"authorization":
            self._authorization = value
        elif name in _UNUSUAL and (name != b"connection" or value.lower() != b"keep-alive"):
            self._usual = False

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._complete += 1
