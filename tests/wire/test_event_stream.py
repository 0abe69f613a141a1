"""Frames of event streams, as botocore reads them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from kecs.aws.event_stream import event, exception

JSON = "application/json"


def read(data: bytes) -> list[tuple[dict[str, str], bytes]]:
    buffer: Any = EventStreamBuffer()  # its stub has numbers for headers
    buffer.add_data(data)
    return [(message.headers, message.payload) for message in buffer]


@given(st.lists(st.binary(max_size=1000), max_size=5))
def test_messages_follow_each_other(payloads: list[bytes]) -> None:
    headers = {":message-type": "event", ":event-type": "sessionUpdate", ":content-type": JSON}
    found = read(b"".join(event("sessionUpdate", payload) for payload in payloads))
    assert found == [(headers, payload) for payload in payloads]


def test_an_error_says_so() -> None:
    headers = {":message-type": "exception", ":exception-type": "SessionTimeoutException", ":content-type": JSON}
    assert read(exception("SessionTimeoutException", b"{}")) == [(headers, b"{}")]


@pytest.mark.parametrize("place", [0, 9, 20, -20, -1])
def test_what_is_broken_is_noticed(place: int) -> None:
    data = bytearray(event("x", b"some text that is long enough"))
    data[place] ^= 1
    with pytest.raises(Exception, match=r"(?i)checksum|length"):
        read(bytes(data))
