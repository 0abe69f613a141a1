"""A client of Session Manager's data channel, written from its documentation and strict about all of it.

Nothing here comes from KECS: the format is read and written with `struct`, and whatever an agent may not do fails an
assertion. https://github.com/aws/session-manager-plugin describes the messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import struct
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

TYPES = {"output_stream_data", "acknowledge", "channel_closed"}
SECONDS = 20  # that anything may take


class SessionClient:
    """One session. `screen` is what the terminal has shown, `exit_code` and `closed` are set at its end."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, handshake: bool = True, mute: bool = False) -> None:
        self._socket = socket
        self._handshake = handshake
        self.mute = mute  # it acknowledges nothing
        self.screen = ""
        self.exit_code: int | None = None
        self.closed: dict[str, Any] | None = None
        self.acknowledged: set[int] = set()
        self.handshakes: list[int] = []  # payload types, in their order
        self.repeated = 0  # messages that came again
        self._expected = 0
        self._sent = 0
        self._news = asyncio.Event()

    async def type(self, text: str) -> int:
        """Type into the terminal; the message's number."""
        return await self._input(1, text.encode())

    async def resize(self, columns: int, rows: int) -> int:
        return await self._input(3, json.dumps({"cols": columns, "rows": rows}).encode())

    async def terminate(self) -> int:
        return await self._input(10, struct.pack(">I", 2))

    async def sees(self, text: str) -> None:
        """Wait until the terminal has shown this."""
        await self._until(lambda: text in self.screen, f"{text!r} on the screen")

    async def is_acknowledged(self, number: int) -> None:
        await self._until(lambda: number in self.acknowledged, f"an acknowledgement of {number}")

    async def comes_again(self) -> None:
        """Wait until a message has come that came before."""
        await self._until(lambda: self.repeated > 0, "message that comes again")

    async def ends(self) -> None:
        await self._until(lambda: self.closed is not None, "the channel's end")

    async def read(self) -> None:
        """Take in what the agent sends, until the socket closes."""
        async for message in self._socket:
            assert message.type == aiohttp.WSMsgType.BINARY
            await self._take(message.data)
            self._news.set()

    async def raw(self, data: bytes) -> None:
        await self._socket.send_bytes(data)

    def message(self, number: int, kind: int, payload: bytes, name: str = "input_stream_data") -> bytes:
        identity = uuid.uuid4().bytes
        head = struct.pack(">I32sIQqQ", 116, name.encode().ljust(32), 1, int(time.time() * 1000), number, 0)
        digest = hashlib.sha256(payload).digest()
        return head + identity[8:] + identity[:8] + digest + struct.pack(">II", kind, len(payload)) + payload

    async def _input(self, kind: int, payload: bytes) -> int:
        number, self._sent = self._sent, self._sent + 1
        await self.raw(self.message(number, kind, payload))
        return number

    async def _take(self, data: bytes) -> None:
        length, name, version, created, number, flags = struct.unpack_from(">I32sIQqQ", data)
        identity = uuid.UUID(bytes=data[72:80] + data[64:72])
        kind, size = struct.unpack_from(">II", data, 112)
        payload = data[120:]
        assert (length, version, size) == (116, 1, len(payload))
        assert name == name.rstrip(b" ").ljust(32)
        assert abs(created / 1000 - time.time()) < 3600
        assert identity.version == 4
        assert data[80:112] == hashlib.sha256(payload).digest()
        what = name.decode().strip()
        assert what in TYPES
        if what == "acknowledge":
            content = json.loads(payload)
            assert content["AcknowledgedMessageType"] == "input_stream_data"
            assert content["IsSequentialMessage"] is True
            uuid.UUID(content["AcknowledgedMessageId"])
            self.acknowledged.add(content["AcknowledgedMessageSequenceNumber"])
        elif what == "channel_closed":
            self.closed = json.loads(payload)
        else:
            await self._output(number, flags, kind, identity, payload)

    async def _output(self, number: int, flags: int, kind: int, identity: uuid.UUID, payload: bytes) -> None:
        assert self.closed is None, "output after the end"
        assert number <= self._expected, "TCP keeps the order, so nothing is missing"
        assert (flags & 1) == (number == 0)
        if self.mute:
            self.repeated += number < self._expected
        else:
            content = {
                "AcknowledgedMessageType": "output_stream_data",
                "AcknowledgedMessageId": str(identity),
                "AcknowledgedMessageSequenceNumber": number,
                "IsSequentialMessage": True,
            }
            await self.raw(self.message(0, 0, json.dumps(content).encode(), "acknowledge"))
        if number < self._expected:
            return
        self._expected += 1
        if kind in (5, 7):
            self.handshakes.append(kind)
        if kind == 5 and self._handshake:
            (action,) = json.loads(payload)["RequestedClientActions"]
            assert action["ActionType"] == "SessionType"
            assert action["ActionParameters"]["SessionType"] == "InteractiveCommands"
            done = {"ActionType": "SessionType", "ActionStatus": 1, "ActionResult": None, "Error": ""}
            response = {"ClientVersion": "1.2.463.0", "ProcessedClientActions": [done], "Errors": None}
            await self._input(6, json.dumps(response).encode())
        elif kind == 1:
            assert 0 < len(payload) <= 1024
            self.screen += payload.decode(errors="replace")
        elif kind == 12:
            self.exit_code = int(payload.decode().removeprefix("EXIT_CODE: "))

    async def _until(self, holds: Any, what: str) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {what} in {SECONDS} s; the screen is {self.screen[-2000:]!r}") from None


@contextlib.asynccontextmanager
async def connected(session: dict[str, str], **options: bool) -> AsyncIterator[SessionClient]:
    """A client of the session in ExecuteCommand's answer."""
    async with aiohttp.ClientSession() as http, http.ws_connect(session["streamUrl"]) as socket:
        opening = {
            "MessageSchemaVersion": "1.0",
            "RequestId": str(uuid.uuid4()),
            "TokenValue": session["tokenValue"],
            "ClientId": str(uuid.uuid4()),
            "ClientVersion": "1.2.463.0",
        }
        await socket.send_str(json.dumps(opening))
        client = SessionClient(socket, **options)
        reading = asyncio.ensure_future(client.read())
        try:
            yield client
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
