"""Bodies as they were before they were packed for the way: what `Content-Encoding` says is undone here.

`gateway.protocol` and `gateway.http` call it for requests that have that header; most have not.
"""

from __future__ import annotations

import zlib

from kecs.gateway.endpoint import Answer

MOST_BODY = 16 * 1024 * 1024  # bytes, packed or not; AWS takes far less, so that a mistake does not fill the memory
TOO_LARGE = Answer(413, b'{"__type":"RequestEntityTooLargeException","message":"The request is too large."}')
_DAMAGED = Answer(400, b'{"__type":"SerializationException","message":"The body is not what its encoding says."}')
_UNKNOWN = Answer(415, b'{"__type":"UnsupportedMediaTypeException","message":"The content encoding is not supported."}')
_EITHER_HEADER = zlib.MAX_WBITS | 32  # zlib tells gzip and deflate apart by their first bytes


def unpacked(body: bytes, encoding: bytes) -> bytes | Answer:
    """The body without its content encoding; or the refusal to answer."""
    match encoding.strip().lower():
        case b"identity" | b"":
            return body
        case b"gzip" | b"x-gzip" | b"deflate":
            return _inflated(body)
        case _:  # several of them included: no client packs twice, only who means harm
            return _UNKNOWN


def _inflated(body: bytes) -> bytes | Answer:
    stream = zlib.decompressobj(_EITHER_HEADER)
    try:
        plain = stream.decompress(body, MOST_BODY + 1)
    except zlib.error:
        return _DAMAGED
    if len(plain) > MOST_BODY:
        return TOO_LARGE
    return plain if stream.eof and not stream.unused_data else _DAMAGED
