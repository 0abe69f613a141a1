from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kecs.endpoints.sessions.channel import (
    GIVE_UP,
    MOST_DATA,
    MOST_WAITING,
    SEND_AGAIN,
    WINDOW,
    Data,
    DataChannel,
    Size,
    Terminate,
)
from kecs.endpoints.sessions.messages import ACKNOWLEDGE, CLOSED, INPUT, OUTPUT, Message, Payload, decode, encode

AGREED = json.dumps({"ClientVersion": "1.2.0.0", "ProcessedClientActions": [], "Errors": None}).encode()


def opened() -> DataChannel:
    channel = DataChannel("session-1", uuid.uuid4)
    channel.open(0.0)
    return channel


def sent(channel: DataChannel) -> list[Message]:
    return [decode(data) for data in channel.outgoing()]


def typed(number: int, payload: bytes, kind: int = Payload.DATA) -> bytes:
    return encode(Message(INPUT, number, uuid.uuid4(), 0.0, payload, kind))


def acknowledgement(number: int) -> bytes:
    content = {"AcknowledgedMessageType": OUTPUT, "AcknowledgedMessageSequenceNumber": number}
    return encode(Message(ACKNOWLEDGE, 0, uuid.uuid4(), 0.0, json.dumps(content).encode()))


def test_a_handshake_comes_first():
    channel = opened()
    (request,) = sent(channel)
    assert (request.type, request.sequence, request.flags) == (OUTPUT, 0, 1)
    assert request.payload_type == Payload.HANDSHAKE_REQUEST
    assert not channel.shaken
    channel.receive(typed(0, AGREED, Payload.HANDSHAKE_RESPONSE), 0.5)
    acknowledged, complete = sent(channel)
    assert acknowledged.type == ACKNOWLEDGE
    assert complete.payload_type == Payload.HANDSHAKE_COMPLETE
    assert json.loads(complete.payload)["HandshakeTimeToComplete"] == 500_000_000
    assert channel.shaken


def test_a_client_that_knows_no_handshake():
    channel = opened()
    assert channel.receive(typed(0, b"ls\r"), 0.0) == [Data(b"ls\r")]
    assert channel.shaken


def test_a_client_that_is_ahead_of_its_handshake_still_gets_its_end():
    channel = opened()
    channel.receive(typed(0, b'{"cols": 80, "rows": 24}', Payload.SIZE), 0.0)
    channel.receive(typed(1, AGREED, Payload.HANDSHAKE_RESPONSE), 0.0)
    assert Payload.HANDSHAKE_COMPLETE in [message.payload_type for message in sent(channel)]


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=5))
def test_input_is_in_order_and_comes_once(order: list[int], again: list[int]):
    channel = opened()
    events = [event for number in [*order, *again] for event in channel.receive(typed(number, b"%d" % number), 0.0)]
    assert events == [Data(b"%d" % number) for number in range(6)]
    acknowledged = [json.loads(m.payload) for m in sent(channel) if m.type == ACKNOWLEDGE]
    numbers = [content["AcknowledgedMessageSequenceNumber"] for content in acknowledged]
    assert numbers == [*order, *again]  # what comes again was not acknowledged as far as the client knows


def test_what_input_can_be():
    channel = opened()
    assert channel.receive(typed(0, b'{"cols": 132, "rows": 43}', Payload.SIZE), 0.0) == [Size(132, 43)]
    assert channel.receive(typed(1, b'{"cols": -1, "rows": 43}', Payload.SIZE), 0.0) == []
    assert channel.receive(typed(2, b"nonsense", Payload.SIZE), 0.0) == []
    assert channel.receive(typed(3, (2).to_bytes(4), Payload.FLAG), 0.0) == [Terminate()]
    assert channel.receive(typed(4, (1).to_bytes(4), Payload.FLAG), 0.0) == []
    assert channel.receive(encode(Message("start_publication", 0, uuid.uuid4(), 0.0, b"")), 0.0) == []


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b'{"cols": 1e400, "rows": 1}', b'{"cols": NaN, "rows": 1}', b"[" * 60_000, b"\xff"]
)
def test_what_makes_no_sense_is_let_go_of(payload: bytes):
    channel = opened()
    assert channel.receive(typed(0, payload, Payload.SIZE), 0.0) == []
    assert channel.receive(encode(Message(ACKNOWLEDGE, 0, uuid.uuid4(), 0.0, payload)), 0.0) == []
    assert channel.receive(typed(1, b"on"), 0.0) == [Data(b"on")]


def test_output_goes_in_pieces():
    channel = opened()
    sent(channel)
    channel.output(b"x" * (MOST_DATA + 1), 0.0)
    first, second = sent(channel)
    assert [(m.sequence, len(m.payload), m.flags) for m in (first, second)] == [(1, MOST_DATA, 0), (2, 1, 0)]


@given(st.text(st.sampled_from("aé€😀"), min_size=1, max_size=1500), st.integers(1, 1500))
def test_no_character_is_in_two_pieces(text: str, length: int):
    channel = opened()
    sent(channel)
    shown = text.encode()
    for begin in range(0, len(shown), length):
        channel.output(shown[begin : begin + length], 0.0)
    pieces = [message.payload for message in sent(channel)]
    assert "".join(piece.decode() for piece in pieces) == text
    assert all(len(piece) <= MOST_DATA for piece in pieces)


@given(st.binary(max_size=3000), st.integers(1, 1500))
def test_what_is_no_text_comes_as_it_is(shown: bytes, length: int):
    channel = opened()
    sent(channel)
    for begin in range(0, len(shown), length):
        channel.output(shown[begin : begin + length], 0.0)
    channel.exited(0, 0.0)
    *pieces, code = sent(channel)
    assert b"".join(message.payload for message in pieces) == shown
    assert code.payload_type == Payload.EXIT_CODE


def test_the_oldest_is_sent_again_until_it_is_acknowledged():
    channel = opened()
    channel.output(b"hello", 0.0)
    sent(channel)
    channel.tick(SEND_AGAIN - 0.01)
    assert sent(channel) == []
    channel.tick(SEND_AGAIN)
    assert [m.sequence for m in sent(channel)] == [0]
    channel.receive(acknowledgement(0), SEND_AGAIN)
    channel.tick(SEND_AGAIN)
    assert [m.sequence for m in sent(channel)] == [1]
    channel.receive(acknowledgement(1), SEND_AGAIN)
    channel.tick(10 * SEND_AGAIN)
    assert sent(channel) == []
    assert channel.drained


def test_acknowledgements_that_mean_nothing():
    channel = opened()
    for payload in (b"", b"[]", b"{}", b'{"AcknowledgedMessageSequenceNumber": "0"}'):
        assert channel.receive(encode(Message(ACKNOWLEDGE, 0, uuid.uuid4(), 0.0, payload)), 0.0) == []
    assert not channel.drained


def test_a_client_that_acknowledges_nothing():
    channel = opened()
    assert not channel.full
    channel.output(b"x" * MOST_DATA * WINDOW, 0.0)
    assert channel.full
    assert not channel.abandoned(GIVE_UP - 0.01)
    assert channel.abandoned(GIVE_UP)


def test_the_end():
    channel = opened()
    sent(channel)
    channel.exited(3, 0.0)
    channel.close("", 1.0)
    code, closed = sent(channel)
    assert (code.payload_type, code.payload) == (Payload.EXIT_CODE, b"EXIT_CODE: 3")
    assert closed.type == CLOSED
    content = json.loads(closed.payload)
    assert (content["SessionId"], content["CreatedDate"], content["Output"]) == ("session-1", "1000", "")


def test_input_that_finds_no_room_is_not_acknowledged_and_comes_again():
    channel = opened()
    piece = b"x" * 1024
    events = [channel.receive(typed(number, piece), 0.0) for number in range(3 * MOST_WAITING // len(piece))]
    taken_in = [event for (event,) in filter(None, events)]
    assert MOST_WAITING * 0.9 < len(taken_in) * len(piece) <= MOST_WAITING
    acknowledged = [message for message in sent(channel) if message.type == ACKNOWLEDGE]
    early = len(acknowledged) - len(taken_in)  # behind the first one that had no room
    assert MOST_WAITING * 0.9 < early * len(piece) <= MOST_WAITING
    again = typed(len(taken_in), piece)
    assert channel.receive(again, 0.0) == []
    channel.taken(taken_in[0])
    assert channel.receive(again, 0.0) == [Data(piece)] * (1 + early)


def test_what_comes_too_early_is_bounded_and_never_in_the_way_of_what_is_missing():
    channel = opened()
    early = range(1, 3 * MOST_WAITING // 1000)
    for number in early:
        assert channel.receive(typed(number, b"x" * 1000), 0.0) == []
    acknowledged = len([message for message in sent(channel) if message.type == ACKNOWLEDGE])
    assert MOST_WAITING * 0.9 < acknowledged * 1000 <= MOST_WAITING
    assert len(channel.receive(typed(0, b"first"), 0.0)) == acknowledged + 1


def test_empty_messages_are_bounded_too():
    channel = opened()
    taken_in = [event for number in range(MOST_WAITING // 90) for event in channel.receive(typed(number, b""), 0.0)]
    assert len(taken_in) < MOST_WAITING // 90


def test_whoever_wants_to_go_need_not_wait_for_room():
    channel = opened()
    channel.receive(typed(0, b"x" * MOST_WAITING), 0.0)
    assert channel.receive(typed(1, b"\0\0\0\2", Payload.FLAG), 0.0) == [Terminate()]


def test_an_end_behind_what_has_no_room_is_one_all_the_same():
    channel = opened()
    for number in range(3 * MOST_WAITING // 1000):
        channel.receive(typed(number, b"x" * 1000), 0.0)
    assert channel.receive(typed(number + 1, b"\0\0\0\2", Payload.FLAG), 0.0) == [Terminate()]


def test_what_came_early_is_acknowledged_again_and_counts_once():
    channel = opened()
    for _ in range(3 * MOST_WAITING // 1000):
        channel.receive(typed(1, b"x" * 1000), 0.0)
    assert len(sent(channel)) == 1 + 3 * MOST_WAITING // 1000
    assert channel.receive(typed(0, b"a"), 0.0) == [Data(b"a"), Data(b"x" * 1000)]
