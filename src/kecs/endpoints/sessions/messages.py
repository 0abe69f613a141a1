"""The binary messages of Session Manager's data channel, to and from bytes. `channel` uses them.

A message is a header of fixed length and a payload. Numbers are big endian; the two halves of a message's UUID are the
wrong way round; the type is padded with blanks (some clients pad with zeros, and on the left).
"""

from __future__ import annotations

import hashlib
import struct
import uuid
from enum import IntEnum
from typing import Final, NamedTuple

INPUT: Final = "input_stream_data"
OUTPUT: Final = "output_stream_data"
ACKNOWLEDGE: Final = "acknowledge"
CLOSED: Final = "channel_closed"

SYN = 1  # flag: the first message of a stream
FIN = 2  # flag: the last one

# Length of the header, type, schema version, created at (ms), sequence number, flags, id, digest, payload's type; then
# the payload's length, which does not count as part of the header.
_HEADER = struct.Struct(">I32sIQqQ16s32sI")
_LENGTH = struct.Struct(">I")
_SCHEMA = 1


class Payload(IntEnum):
    """What a stream message carries."""

    DATA = 1
    SIZE = 3
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    FLAG = 10
    EXIT_CODE = 12


class Message(NamedTuple):
    """One message. `payload_type` counts for messages of streams; 0 elsewhere."""

    type: str
    sequence: int
    id: uuid.UUID
    created_at: float  # seconds since the epoch
    payload: bytes
    payload_type: int = 0
    flags: int = 0


def encode(message: Message) -> bytes:
    """The message as it goes over the wire."""
    head = _HEADER.pack(
        _HEADER.size,
        message.type.encode().ljust(32),
        _SCHEMA,
        int(message.created_at * 1000),
        message.sequence,
        message.flags,
        message.id.bytes[8:] + message.id.bytes[:8],
        hashlib.sha256(message.payload).digest(),
        message.payload_type,
    )
    return head + _LENGTH.pack(len(message.payload)) + message.payload


def decode(data: bytes) -> Message:
    """The message that these bytes are. Raises ValueError.

    The digest is not checked: TCP has seen to the bytes, and there are clients that get it wrong.
    """
    if len(data) < _HEADER.size + _LENGTH.size:
        raise ValueError(f"a message has at least {_HEADER.size + _LENGTH.size} bytes, not {len(data)}")
    length, kind, _, created, sequence, flags, identity, _, payload_type = _HEADER.unpack_from(data)
    begin = length + _LENGTH.size
    if length < _HEADER.size or begin > len(data):
        raise ValueError(f"the header cannot have {length} bytes")
    (size,) = _LENGTH.unpack_from(data, length)
    if size != len(data) - begin:
        raise ValueError(f"the payload has {len(data) - begin} bytes and not {size}")
    return Message(
        type=kind.strip(b"\0 ").decode("ascii", errors="replace"),
        sequence=sequence,
        id=uuid.UUID(bytes=identity[8:] + identity[:8]),
        created_at=created / 1000,
        payload=data[begin:],
        payload_type=payload_type,
        flags=flags,
    )
