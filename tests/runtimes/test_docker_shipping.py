"""At which pace output is read from Docker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kecs.runtimes.docker import shipping
from kecs.runtimes.reading import LineReader

LINES = [f"2026-01-01T00:00:00.{number:09}Z {number}\n".encode() for number in range(1000)]


class Output:
    """What Docker sends of a container, a line at a time."""

    def __init__(self) -> None:
        self._pieces = iter([*LINES, b""])

    async def read(self) -> bytes:
        return next(self._pieces)


class Outlet:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def write(self, lines: list[Any]) -> None:
        self.texts += [line.text for line in lines]


@pytest.mark.parametrize("read", [0, 999])
def test_nothing_is_waited_for_while_lines_come_that_have_been_read(read: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before, pauses = LineReader("", framed=False), []
    before.feed(b"".join(LINES[:read]))
    to, reader = Outlet(), LineReader(before.mark if read else "", framed=False)
    sleep = asyncio.sleep

    async def paused(delay: float) -> None:
        pauses.append(delay)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", paused)
    asyncio.run(shipping._read_on(Output(), reader, to))  # type: ignore[arg-type]
    assert to.texts == [str(number) for number in range(read, 1000)]
    assert sum(pause > 0 for pause in pauses) == 1000 - read
