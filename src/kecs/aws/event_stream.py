"""Answers that go on as a stream of events: how each of them is framed. `gateway.streams` sends what is made here.

A message is its length, the length of its headers, a checksum of both, the headers, a payload and a checksum of all.
https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
from zlib import crc32

CONTENT_TYPE = b"application/vnd.amazon.eventstream"
_STRING = 7  # the type of a header's value
_CHECKSUMS = 16  # bytes of a message that are no headers and no payload


def event(name: str, payload: bytes) -> bytes:
    """An event with JSON in it: `name` is the member of the stream's shape, or initial-response for the first."""
    return _message({":message-type": "event", ":event-type": name, ":content-type": "application/json"}, payload)


def exception(code: str, payload: bytes) -> bytes:
    """One of the stream's errors, which ends it."""
    return _message(
        {":message-type": "exception", ":exception-type": code, ":content-type": "application/json"}, payload
    )


def _message(headers: dict[str, str], payload: bytes) -> bytes:
    head = b"".join(
        struct.pack(f">B{len(name)}sBH{len(value)}s", len(name), name.encode(), _STRING, len(value), value.encode())
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", _CHECKSUMS + len(head) + len(payload), len(head))
    message = b"".join([prelude, struct.pack(">I", crc32(prelude)), head, payload])
    return message + struct.pack(">I", crc32(message))
