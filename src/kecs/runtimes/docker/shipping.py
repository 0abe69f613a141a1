"""What containers write, read from Docker for `runtimes.shipping`. `runtime` makes one with the first such.

Docker keeps it in a file of its own for each container.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime

from kecs.ports.logs import Intake, Outlet
from kecs.runtimes.docker.engine import Engine, EngineError, EngineGone
from kecs.runtimes.reading import LineReader
from kecs.runtimes.shipping import PAUSE, PIECE, RETRY, OutputLost, Shipping

UNREAD = 100_000  # lines that may be left when the stream of a container has ended


def docker_shipping(engine: Engine, intake: Intake) -> Shipping:
    return Shipping(DockerOutput(engine), intake)


class DockerOutput:
    """See runtimes.shipping.Engine; a source is a container's id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def runs(self, source: str) -> bool:
        try:
            return await self._runs(source)
        except EngineError:
            return False

    async def follow(self, source: str, to: Outlet, mark: str) -> str | None:
        try:
            return await self._follow(source, to, mark)
        except EngineError as error:
            raise OutputLost(error.message) from error

    async def _follow(self, container: str, to: Outlet, mark: str) -> str | None:
        """Raises EngineError."""
        try:
            inspected = await self._engine.call("GET", f"containers/{container}/json")
        except EngineGone:
            await asyncio.sleep(RETRY)
            return mark
        framed = not inspected["Config"]["Tty"]
        reader = LineReader(mark, framed=framed)
        try:
            async with aclosing(self._pieces(container, reader, follow=True)) as pieces:
                async for piece in pieces:
                    to.write(reader.feed(piece))
                    await asyncio.sleep(0 if len(piece) >= PIECE else PAUSE)
            if await self._runs(container):
                return reader.mark
            # Older engines end the stream of a container that exits before its last lines.
            read, reader = reader.count, LineReader(reader.mark, framed=framed)
            async with aclosing(self._pieces(container, reader, follow=False, tail=read + UNREAD)) as pieces:
                async for piece in pieces:
                    to.write(reader.feed(piece))
        except EngineGone:
            await asyncio.sleep(RETRY)
            return reader.mark
        to.write(reader.end())
        return None

    async def _runs(self, container: str) -> bool:
        """Raises EngineError."""
        return bool((await self._engine.call("GET", f"containers/{container}/json"))["State"]["Running"])

    async def _pieces(self, container: str, reader: LineReader, **how: bool | int) -> AsyncGenerator[bytes]:
        """What Docker has for the reader. Raises EngineError."""
        since = _seconds(reader.since) if reader.since else 0
        params = {"stdout": True, "stderr": True, "timestamps": True, "since": since, **how}
        async with self._engine.stream("GET", f"containers/{container}/logs", params=params) as content:
            async for piece in content.iter_any():
                yield piece


def _seconds(stamp: str) -> str:
    """Docker's parameter for a time: seconds since the epoch, to the nanosecond."""
    return f"{int(datetime.fromisoformat(stamp).timestamp())}.{stamp[20:29]}"
