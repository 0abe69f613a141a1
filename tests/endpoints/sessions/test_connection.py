"""A session whose command does not read: what is typed waits, up to a limit, and nothing of it is lost."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from tests.scenarios.world import World

from kecs.core.tasks.exec import PATH
from kecs.endpoints.sessions.channel import MOST_WAITING
from kecs.endpoints.sessions.connection import SessionApp
from kecs.endpoints.sessions.messages import ACKNOWLEDGE, INPUT, Message, Payload, decode, encode
from kecs.runtimes.simulated.terminal import SimulatedTerminal

PIECE = b"x" * 1024
PIECES = 3 * MOST_WAITING // len(PIECE)


class Stubborn:
    """See ports.terminal.Terminal and Terminals. It takes what is typed when `reads` is set."""

    def __init__(self) -> None:
        self.reads = asyncio.Event()
        self.got = 0
        self.closed = False

    async def open(self, _session: str, _token: str) -> Stubborn:
        return self

    async def read(self) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    async def write(self, data: bytes) -> None:
        await self.reads.wait()
        self.got += len(data)

    async def resize(self, _columns: int, _rows: int) -> None:
        raise AssertionError

    async def exit_code(self) -> int:
        raise AssertionError

    async def close(self) -> None:
        self.closed = True


class Client:
    """The other end of the WebSocket."""

    def __init__(self, terminal: Stubborn) -> None:
        self.acknowledged: set[int] = set()
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1)
        self.ended = asyncio.create_task(
            SessionApp(terminal)({"type": "websocket", "path": f"{PATH}s"}, self._sent.get, self._receive)
        )

    async def open(self) -> None:
        await self._sent.put({"type": "websocket.connect"})
        await self._sent.put({"type": "websocket.receive", "text": json.dumps({"TokenValue": "t"})})

    async def say(self, number: int, payload: bytes, kind: int = Payload.DATA) -> None:
        """Returns when everything that was said before has been received."""
        data = encode(Message(INPUT, number, uuid.uuid4(), 0.0, payload, kind))
        await self._sent.put({"type": "websocket.receive", "bytes": data})

    async def _receive(self, message: dict[str, Any]) -> None:
        if (data := message.get("bytes")) and (said := decode(data)).type == ACKNOWLEDGE:
            self.acknowledged.add(json.loads(said.payload)["AcknowledgedMessageSequenceNumber"])


async def test_what_is_typed_waits_up_to_a_limit_and_arrives() -> None:
    terminal = Stubborn()
    client = Client(terminal)
    await client.open()
    for number in range(PIECES):
        await client.say(number, PIECE)
    assert 0 < len(client.acknowledged) * len(PIECE) <= 2 * MOST_WAITING
    terminal.reads.set()
    async with asyncio.timeout(10):
        while len(client.acknowledged) < PIECES:  # as a client does that gets no acknowledgement
            await client.say(min({*range(PIECES)} - client.acknowledged), PIECE)
        await client.say(PIECES, b"\0\0\0\2", Payload.FLAG)
        await client.ended
    assert terminal.got == PIECES * len(PIECE)


async def test_a_session_ends_whose_command_reads_nothing() -> None:
    terminal = Stubborn()
    client = Client(terminal)
    await client.open()
    for number in range(PIECES):
        await client.say(number, PIECE)
    await client.say(PIECES, b"\0\0\0\2", Payload.FLAG)
    async with asyncio.timeout(10):
        await client.ended
    assert terminal.closed
    assert terminal.got == 0


async def test_a_simulated_terminal_waits_for_whoever_reads_what_it_shows() -> None:
    terminal = SimulatedTerminal(World().clock, ["sh"], {})
    typing = asyncio.create_task(terminal.write(b"y\x7f" * 10_000))
    shown = b""
    while not typing.done():
        shown += await terminal.read()
    await terminal.close()
    assert shown.startswith(b"# y\b \b")
    while piece := await terminal.read():
        shown += piece
    assert len(shown) == 2 + 4 * 10_000


async def test_a_simulated_terminal_lets_go_of_what_is_typed_at_its_end() -> None:
    terminal = SimulatedTerminal(World().clock, ["sh"], {})
    typing = asyncio.create_task(terminal.write(b"y" * 10_000))
    await asyncio.sleep(0)
    assert not typing.done()
    await terminal.close()
    await typing
