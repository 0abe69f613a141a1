"""The agent's end of a data channel: handshake, order, acknowledgements, what is sent again. No socket, no clock.

`connection` hands it what has arrived and sends what it has to say. The client numbers its input from 0 and gets each
message acknowledged; what comes out of order waits for what is missing. The agent numbers its output from 0 likewise
and sends the oldest message again that has not been acknowledged in time.

What is typed waits here and in `connection` for a command that reads slowly or not at all. There is an end to it: input
that finds no room is not acknowledged, so the client holds it and sends it again.
"""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from kecs.endpoints.sessions.messages import (
    ACKNOWLEDGE,
    CLOSED,
    FIN,
    INPUT,
    OUTPUT,
    SYN,
    Message,
    Payload,
    decode,
    encode,
)

AGENT_VERSION = "3.3.0.0"  # of SSM Agent; clients look at it for features that ECS Exec has no use for
SESSION_TYPE = "InteractiveCommands"
MOST_DATA = 1024  # bytes of output in a message, as the agent has it
MOST_WAITING = 1024 * 1024  # bytes of input, of either kind: for one that is missing, and for the terminal to take it
WINDOW = 200  # output messages that may be on their way
SEND_AGAIN = 1.0  # seconds without an acknowledgement
GIVE_UP = 60.0  # seconds without an acknowledgement
NONSENSE = (
    ValueError,
    LookupError,
    TypeError,
    OverflowError,
    RecursionError,
)  # what comes of JSON that says something else
_OVERHEAD: Final = 100  # bytes that a message takes beside its payload: empty ones count, too
_TERMINATE: Final = 2  # flag: the client ends the session
_LENGTHS: Final = {0b1100: 2, 0b1101: 2, 0b1110: 3, 0b1111: 4}  # of characters of UTF-8, by how their first bytes begin
_MOST_OF_A_CHARACTER: Final = 4


class Data(NamedTuple):
    """Input for the terminal."""

    data: bytes


class Size(NamedTuple):
    """The client's window has this size from now on."""

    columns: int
    rows: int


class Terminate(NamedTuple):
    """The client ends the session."""


Event = Data | Size | Terminate


class _Sent(NamedTuple):
    data: bytes
    first: float  # seconds since the epoch
    last: float


class DataChannel:
    """One channel, from its opening to its end."""

    def __init__(self, session: str, ids: Callable[[], uuid.UUID]) -> None:
        """`session` is the session's id, `ids` gives ids for messages."""
        self._session = session
        self._ids = ids
        self._outbox: list[bytes] = []
        self._unacknowledged: OrderedDict[int, _Sent] = OrderedDict()
        self._next = 0  # number of the next output
        self._begun = b""  # of a character whose end the terminal has not shown yet
        self._expected = 0  # number of the next input
        self._waiting: dict[int, Message] = {}
        self._early = 0  # bytes of these
        self._untaken = 0  # bytes of input that the terminal has not taken yet
        self._opened_at = 0.0
        self._agreed = False  # the client has answered the handshake
        self.shaken = False  # hands: output may flow

    def open(self, now: float) -> None:
        """Ask the client what it can do."""
        self._opened_at = now
        wanted = {"ActionType": "SessionType", "ActionParameters": {"SessionType": SESSION_TYPE, "Properties": None}}
        self._stream(
            Payload.HANDSHAKE_REQUEST, _json({"AgentVersion": AGENT_VERSION, "RequestedClientActions": [wanted]}), now
        )

    def receive(self, data: bytes, now: float) -> list[Event]:
        """What a message of the client's means. Raises ValueError for bytes that are none."""
        message = decode(data)
        if message.type == ACKNOWLEDGE:
            self._unacknowledged.pop(_number(message.payload), None)
            return []
        if message.type != INPUT:
            return []  # to the service in between, or of newer versions
        if message.sequence < self._expected or message.sequence in self._waiting:
            self._acknowledge(message, now)
            return []  # it has come before
        ends = self._untaken >= MOST_WAITING and _ends(message)  # nobody has to wait for what the command does not read
        if not (ends or self._has_room(message)):
            return []  # not acknowledged, so it comes again
        self._acknowledge(message, now)
        if ends:
            return [Terminate()]
        self._waiting[message.sequence] = message
        self._early += _size_of(message.payload)
        events: list[Event] = []
        while (following := self._waiting.pop(self._expected, None)) is not None:
            self._expected += 1
            self._early -= _size_of(following.payload)
            events += self._meaning(following, now)
        self._untaken += sum(map(_weight, events))
        return events

    def taken(self, event: Event) -> None:
        """The terminal has taken this, so there is room for more."""
        self._untaken -= _weight(event)

    def output(self, data: bytes, now: float) -> None:
        """Send what the terminal shows. No character is in two messages: clients may show each by itself."""
        data = self._begun + data
        while end := _whole(data):
            self._stream(Payload.DATA, data[:end], now)
            data = data[end:]
        self._begun = data

    def exited(self, code: int, now: float) -> None:
        """Say how the command ended, in the agent's words for it."""
        if self._begun:
            self._stream(Payload.DATA, self._begun, now)
        self._stream(Payload.EXIT_CODE, b"EXIT_CODE: %d" % code, now)

    def close(self, reason: str, now: float) -> None:
        """Say that the channel ends; without a `reason` all is well."""
        closed = {
            "MessageType": CLOSED,
            "MessageId": str(self._ids()),
            "DestinationId": self._session,
            "SessionId": self._session,
            "SchemaVersion": 1,
            "CreatedDate": str(int(now * 1000)),
            "Output": reason,
        }
        self._send(Message(CLOSED, self._next, self._ids(), now, _json(closed), flags=FIN))

    def outgoing(self) -> list[bytes]:
        """What is to be sent now."""
        sent, self._outbox = self._outbox, []
        return sent

    def tick(self, now: float) -> None:
        """Time has passed: the oldest message may have to be sent again."""
        if self._unacknowledged:
            number, sent = next(iter(self._unacknowledged.items()))
            if now - sent.last >= SEND_AGAIN:
                self._unacknowledged[number] = sent._replace(last=now)
                self._outbox.append(sent.data)

    def abandoned(self, now: float) -> bool:
        """Whether the client has ceased to acknowledge."""
        return bool(self._unacknowledged) and now - next(iter(self._unacknowledged.values())).first >= GIVE_UP

    @property
    def full(self) -> bool:
        """Whether output had better wait until the client has caught up."""
        return len(self._unacknowledged) >= WINDOW

    @property
    def drained(self) -> bool:
        """Whether the client has got everything."""
        return not self._unacknowledged

    def _has_room(self, message: Message) -> bool:
        """What is next may always fill what is left of the terminal's room, or nothing would go on."""
        if message.sequence == self._expected:
            return self._untaken < MOST_WAITING
        return self._early + _size_of(message.payload) <= MOST_WAITING

    def _meaning(self, message: Message, now: float) -> list[Event]:
        if message.payload_type == Payload.HANDSHAKE_RESPONSE:
            self._complete(now)
            return []
        self.shaken = True  # older clients know nothing of a handshake
        match message.payload_type:
            case Payload.DATA:
                return [Data(message.payload)]
            case Payload.SIZE:
                return _size(message.payload)
            case Payload.FLAG if _ends(message):
                return [Terminate()]
        return []

    def _complete(self, now: float) -> None:
        if not self._agreed:
            self._agreed = self.shaken = True
            took = int((now - self._opened_at) * 1e9)
            done = {"HandshakeTimeToComplete": took, "CustomerMessage": ""}
            self._stream(Payload.HANDSHAKE_COMPLETE, _json(done), now)

    def _acknowledge(self, message: Message, now: float) -> None:
        content = {
            "AcknowledgedMessageType": message.type,
            "AcknowledgedMessageId": str(message.id),
            "AcknowledgedMessageSequenceNumber": message.sequence,
            "IsSequentialMessage": True,
        }
        self._send(Message(ACKNOWLEDGE, 0, self._ids(), now, _json(content), flags=SYN | FIN))

    def _stream(self, kind: Payload, payload: bytes, now: float) -> None:
        number, self._next = self._next, self._next + 1
        data = self._send(Message(OUTPUT, number, self._ids(), now, payload, kind, SYN if number == 0 else 0))
        self._unacknowledged[number] = _Sent(data, now, now)

    def _send(self, message: Message) -> bytes:
        data = encode(message)
        self._outbox.append(data)
        return data


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


def _whole(data: bytes) -> int:
    """How much of it a message may have: whole characters of UTF-8. What is no UTF-8 is taken as it is."""
    end = min(len(data), MOST_DATA)
    for begin in range(end - 1, max(end - _MOST_OF_A_CHARACTER, -1), -1):
        if data[begin] & 0b1100_0000 != 0b1000_0000:  # a character begins here
            return begin if begin + _LENGTHS.get(data[begin] >> 4, 1) > end else end
    return end


def _number(payload: bytes) -> int:
    """The number that an acknowledgement names; -1 where it names none."""
    try:
        found = json.loads(payload)["AcknowledgedMessageSequenceNumber"]
    except NONSENSE:
        return -1
    return found if isinstance(found, int) else -1


def _ends(message: Message) -> bool:
    """Whether the client ends the session with it."""
    return message.payload_type == Payload.FLAG and int.from_bytes(message.payload) == _TERMINATE


def _size_of(payload: bytes) -> int:
    """Bytes that a message with it takes."""
    return len(payload) + _OVERHEAD


def _weight(event: Event) -> int:
    return _size_of(event.data) if isinstance(event, Data) else _OVERHEAD


def _size(payload: bytes) -> list[Event]:
    """Nothing for a size that makes no sense: a terminal goes on with the one it has."""
    try:
        found = json.loads(payload)
        columns, rows = int(found["cols"]), int(found["rows"])
    except NONSENSE:
        return []
    return [Size(columns, rows)] if 0 < columns < 65536 and 0 < rows < 65536 else []
