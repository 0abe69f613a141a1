from __future__ import annotations

import hashlib
import uuid

import pytest

from kecs.endpoints.sessions.messages import Message, Payload, decode, encode

ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
MESSAGE = Message("output_stream_data", 7, ID, 1_700_000_000.123, b"hello", Payload.DATA, 1)


def test_every_field_has_its_place():
    data = encode(MESSAGE)
    assert data[:4] == (116).to_bytes(4)  # without the length of the payload
    assert data[4:36] == b"output_stream_data              "
    assert data[36:40] == (1).to_bytes(4)
    assert data[40:48] == (1_700_000_000_123).to_bytes(8)
    assert data[48:56] == (7).to_bytes(8)
    assert data[56:64] == (1).to_bytes(8)
    assert data[64:80].hex() == "8899aabbccddeeff0011223344556677"  # the halves are the wrong way round
    assert data[80:112] == hashlib.sha256(b"hello").digest()
    assert data[112:116] == (1).to_bytes(4)
    assert data[116:120] == (5).to_bytes(4)
    assert data[120:] == b"hello"


def test_there_and_back():
    assert decode(encode(MESSAGE)) == MESSAGE


def test_a_type_padded_with_zeros_on_the_left_is_the_same_type():
    data = encode(MESSAGE)
    assert decode(data[:4] + b"input_stream_data".rjust(32, b"\0") + data[36:]).type == "input_stream_data"


def test_a_longer_header_of_a_later_version():
    data = encode(MESSAGE)
    longer = (120).to_bytes(4) + data[4:116] + b"more" + data[116:]
    assert decode(longer).payload == b"hello"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(encode(MESSAGE)[:119], id="no whole header"),
        pytest.param(encode(MESSAGE)[:-1], id="a payload that is cut off"),
        pytest.param((4).to_bytes(4) + encode(MESSAGE)[4:], id="a header that is too short"),
        pytest.param((2**31).to_bytes(4) + encode(MESSAGE)[4:], id="a header that is too long"),
    ],
)
def test_bytes_that_are_no_message(data: bytes):
    with pytest.raises(ValueError, match="bytes"):
        decode(data)
