"""Containers' output, read from Docker as long as the container exists. Called by `runtime` and `removal`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime

import aiohttp

from kecs.ports.runtime import LogLine
from kecs.runtimes.docker.engine import Engine, EngineError

_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr"}
_HEADER = 8  # bytes: stream, three zeros, length


async def output(engine: Engine, container: str, *, follow: bool, tail: int | None) -> AsyncGenerator[LogLine]:
    """The output of a container that Docker still has. Ends early when the connection or the container goes."""
    params: dict[str, bool | int] = {"stdout": True, "stderr": True, "timestamps": True, "follow": follow}
    if tail is not None:
        params["tail"] = tail
    try:
        terminal = (await engine.call("GET", f"containers/{container}/json"))["Config"]["Tty"]
        async with engine.stream("GET", f"containers/{container}/logs", params=params) as content:
            parts: dict[str, tuple[float, bytes]] = {}
            async with aclosing(_lines(content) if terminal else _frames(content)) as chunks:
                async for stream, chunk in chunks:
                    line = join(parts, stream, chunk)
                    if line is not None:
                        yield line
            for stream, (at, text) in parts.items():  # what came without a line end before the container exited
                yield LogLine(at=at, stream=stream, text=_text(text))
    except EngineError:
        return  # a log driver that keeps nothing, or the container was removed meanwhile


def join(parts: dict[str, tuple[float, bytes]], stream: str, chunk: bytes) -> LogLine | None:
    """The line that ends with this chunk. Docker cuts a long line into chunks, each with a time of its own."""
    at, text = _timed(chunk)
    begun = parts.pop(stream, None)
    if begun is not None:
        at, text = begun[0], begun[1] + text
    if text.endswith(b"\n"):
        return LogLine(at=at, stream=stream, text=_text(text))
    parts[stream] = (at, text)
    return None


async def _frames(content: aiohttp.StreamReader) -> AsyncGenerator[tuple[str, bytes]]:
    """Docker's multiplexed stream: a frame for each chunk of a line."""
    while not content.at_eof():
        try:
            header = await content.readexactly(_HEADER)
            chunk = await content.readexactly(int.from_bytes(header[4:], "big"))
        except EOFError:
            return
        yield _STREAMS[header[0]], chunk


async def _lines(content: aiohttp.StreamReader) -> AsyncGenerator[tuple[str, bytes]]:
    """The stream of a container with a terminal: lines as they are."""
    rest = b""
    async for data in content.iter_any():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield "stdout", line + b"\n"
    if rest:
        yield "stdout", rest


def _timed(chunk: bytes) -> tuple[float, bytes]:
    stamp, _, text = chunk.partition(b" ")
    return datetime.fromisoformat(stamp.decode()).timestamp(), text


def _text(line: bytes) -> str:
    return line.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace")
