"""What containers write, read from Docker for `runtimes.shipping`. `runtime` makes one with the first such.

Docker keeps it in a file of its own for each container.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from kecs.ports.logs import Intake, Outlet
from kecs.runtimes.docker.engine import Engine, EngineError, EngineGone, Output
from kecs.runtimes.reading import LineReader
from kecs.runtimes.shipping import PAUSE, PIECE, RETRY, OutputLost, Shipping, Source

LINES = 128  # that a pause may be worth; a socket has room for about twice as many
UNREAD = 100_000  # lines that may be left when the stream of a container has ended


def docker_shipping(engine: Engine, intake: Intake) -> Shipping:
    return Shipping(DockerOutput(engine), intake)


class DockerOutput:
    """See runtimes.shipping.Engine; a container is called by its id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def runs(self, source: Source) -> bool:
        try:
            return await self._runs(source.id)
        except EngineError:
            return False

    async def follow(self, source: Source, to: Outlet, mark: str) -> str | None:
        try:
            return await self._follow(source.id, to, mark)
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
            async with self._output(container, reader, follow=True) as output:
                await _read_on(output, reader, to)
            if await self._runs(container):
                return reader.mark
            # Older engines end the stream of a container that exits before its last lines.
            read, reader = reader.count, LineReader(reader.mark, framed=framed)
            async with self._output(container, reader, follow=False, tail=read + UNREAD) as output:
                while piece := await output.read():
                    to.write(reader.feed(piece))
        except EngineGone:
            await asyncio.sleep(RETRY)
            return reader.mark
        to.write(reader.end())
        return None

    async def _runs(self, container: str) -> bool:
        """Raises EngineError."""
        return bool((await self._engine.call("GET", f"containers/{container}/json"))["State"]["Running"])

    def _output(self, container: str, reader: LineReader, **how: bool | int) -> AbstractAsyncContextManager[Output]:
        """What Docker has for the reader. Raises EngineError."""
        since = _seconds(reader.since) if reader.since else 0
        params = {"stdout": True, "stderr": True, "timestamps": True, "since": since, **how}
        return self._engine.output(f"containers/{container}/logs", params=params)


async def _read_on(output: Output, reader: LineReader, to: Outlet) -> None:
    """Until the end. The faster lines come, the shorter are the pauses: Docker waits when the socket is full. There is
    none while all that comes has been read before."""
    loop = asyncio.get_running_loop()
    before = loop.time()
    while piece := await output.read():
        lines = reader.feed(piece)
        to.write(lines)
        since, before = before, loop.time()
        pause = (before - since) / max(len(lines) / LINES, len(piece) / PIECE)
        await asyncio.sleep(min(PAUSE, pause) if lines else 0)


def _seconds(stamp: str) -> str:
    """Docker's parameter for a time: seconds since the epoch, to the nanosecond."""
    return f"{int(datetime.fromisoformat(stamp).timestamp())}.{stamp[20:29]}"
