"""A WebSocket joined to a terminal by a data channel: an ASGI application for scopes of type `websocket`.

`gateway.http` calls it for the stream URL of ExecuteCommand's answer. The client's first message is text, and has the
session's token; from then on messages are binary. Time here is the client's, so it is real.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from typing import Any

from kecs.core.tasks.exec import PATH
from kecs.endpoints.sessions.channel import NONSENSE, Data, DataChannel, Event, Size, Terminate
from kecs.ports.terminal import SessionRefused, Terminal, Terminals

TICK = 0.25  # seconds between two looks at what has to be sent again
TOKEN_WITHIN = 30.0  # seconds
DRAINED_WITHIN = 5.0  # seconds that the client gets to acknowledge the last output
_REFUSED = 1008  # WebSocket's code for what a policy forbids
_NORMAL = 1000


class _Gone(Exception):
    """The client has gone away."""


class SessionApp:
    """Every session."""

    def __init__(self, terminals: Terminals) -> None:
        self._terminals = terminals

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        session = scope["path"].removeprefix(PATH)
        with contextlib.suppress(_Gone):
            await _received(receive)  # websocket.connect
            await send({"type": "websocket.accept"})
            try:
                async with asyncio.timeout(TOKEN_WITHIN):
                    token = _token(await _received(receive))
                terminal = await self._terminals.open(session, token)
            except (SessionRefused, TimeoutError, ValueError) as error:
                reason = str(error) or "the client sent no token"
                await send({"type": "websocket.close", "code": _REFUSED, "reason": reason[:120]})
                return
            try:
                await _Joined(session, terminal, receive, send).run()
            finally:
                await terminal.close()


class _Joined:
    """A session that runs: tasks for either direction, for what is typed, and for time.

    What is typed waits in a queue of its own: a command that does not read must not keep acknowledgements from coming.
    The channel sees to it that the queue does not grow without end.
    """

    def __init__(self, session: str, terminal: Terminal, receive: Any, send: Any) -> None:
        self._terminal = terminal
        self._receive = receive
        self._send = send
        self._channel = DataChannel(session, uuid.uuid4)
        self._turn = asyncio.Event()  # something has been received, or time has passed
        self._sending = asyncio.Lock()  # messages keep their order
        self._typed: asyncio.Queue[Data | Size] = asyncio.Queue()

    async def run(self) -> None:
        """Until the command ends, the client ends the session, or it is gone."""
        self._channel.open(time.time())
        await self._flush()
        works = (self._inward(), self._typing(), self._outward(), self._time())
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._end()

    async def _inward(self) -> None:
        """From the client, until it ends the session."""
        while True:
            data = (await _received(self._receive)).get("bytes")
            events: list[Event] = []
            if data is not None:
                with contextlib.suppress(ValueError):  # no message; the agent lets go of it too
                    events = self._channel.receive(data, time.time())
            self._turn.set()
            await self._flush()
            for event in events:
                if isinstance(event, Terminate):
                    return
                self._typed.put_nowait(event)

    async def _typing(self) -> None:
        """To the terminal."""
        while True:
            match event := await self._typed.get():
                case Data(typed):
                    await self._terminal.write(typed)
                case Size(columns, rows):
                    await self._terminal.resize(columns, rows)
            self._channel.taken(event)

    async def _outward(self) -> None:
        """From the terminal to the client, until the command has ended."""
        await self._until(lambda: self._channel.shaken)
        while shown := await self._terminal.read():
            self._channel.output(shown, time.time())
            await self._flush()
            await self._until(lambda: not self._channel.full)
        self._channel.exited(await self._terminal.exit_code(), time.time())
        await self._flush()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAINED_WITHIN):
                await self._until(lambda: self._channel.drained)

    async def _time(self) -> None:
        while not self._channel.abandoned(time.time()):
            await asyncio.sleep(TICK)
            self._channel.tick(time.time())
            self._turn.set()
            await self._flush()

    async def _until(self, holds: Any) -> None:
        while not holds():
            self._turn.clear()
            await self._turn.wait()

    async def _flush(self) -> None:
        async with self._sending:
            for data in self._channel.outgoing():
                await self._send({"type": "websocket.send", "bytes": data})

    async def _end(self) -> None:
        self._channel.close("", time.time())
        await self._flush()
        await self._send({"type": "websocket.close", "code": _NORMAL})


async def _received(receive: Any) -> dict[str, Any]:
    message: dict[str, Any] = await receive()
    if message["type"] == "websocket.disconnect":
        raise _Gone
    return message


def _token(message: dict[str, Any]) -> str:
    """The token that a client opens its data channel with. Raises ValueError."""
    try:
        token = json.loads(message.get("text") or "")["TokenValue"]
    except NONSENSE:
        raise ValueError("the first message has to be JSON with a TokenValue") from None
    if not isinstance(token, str):
        raise ValueError("TokenValue is a text")
    return token
