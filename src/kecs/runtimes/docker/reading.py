"""What Docker sends of a container's output, as lines, with marks from which reading can go on. `shipping` calls it.

Reading goes on by time, and times do not tell lines apart: two may have the same one, and those of the two streams may
be stored in another order than they were made. So a mark is the time of an earlier chunk, long enough ago that nothing
from before it can still come, and how many chunks have been read that are not older.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from kecs.ports.logs import Line

_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr"}
_USUAL = 30  # characters of a time
_HEADER = 8  # bytes: stream, three zeros, length
_LONG_ENOUGH = 1000  # milliseconds within which Docker stores what a container has written


class LineReader:
    """Reads the output of one container from a mark on, in whatever pieces it comes."""

    def __init__(self, mark: str, *, terminal: bool) -> None:
        """`mark`: that of the last line that is not wanted any more; "" when all are. A `terminal` has no frames."""
        stamp, _, counts = mark.partition(" ")
        skipped, *wanted = map(int, counts.split() or "0")
        self._given = mark
        self._anchor, self._skipped, self._wanted = stamp, skipped, set(wanted)
        self._terminal = terminal
        self._rest = b""
        self._begun: dict[str, _Begun] = {}  # by stream: the line whose end has not come
        self._count = 0  # of chunks from the anchor on
        self._newest = ""
        self._next, self._next_at, self._next_count = "", 0, 0  # what becomes the anchor when it is old enough
        self._second, self._second_at = "", 0

    @property
    def since(self) -> str | None:
        """Docker's parameter: where it has to begin."""
        return f"{_milliseconds(self._anchor) // 1000}.{self._anchor[20:29]}" if self._anchor else None

    @property
    def count(self) -> int:
        """How many chunks from where it began have been read."""
        return self._count

    @property
    def mark(self) -> str:
        """Of all that has been read; chunks of lines whose end has not come are wanted again."""
        if self._count < self._skipped:  # it has not come as far as it was before
            return self._given
        wanted = [str(index) for begun in self._begun.values() for index in begun.chunks]
        return " ".join([self._anchor, str(self._count), *wanted])

    def feed(self, data: bytes) -> list[Line]:
        """The lines that are complete with this piece."""
        data = self._rest + data
        lines: list[Line] = []
        at = 0
        while True:
            if self._terminal:
                end = data.find(b"\n", at) + 1
                if not end:
                    break
                stream, chunk, at = "stdout", data[at:end], end
            else:
                begin = at + _HEADER
                end = begin + int.from_bytes(data[at + 4 : begin], "big")
                if len(data) < begin or len(data) < end:
                    break
                stream, chunk, at = _STREAMS[data[at]], data[begin:end], end
            if (line := self._take(stream, chunk)) is not None:
                lines.append(line)
        self._rest = data[at:]
        return lines

    def end(self) -> list[Line]:
        """The container has exited: what came without a line end."""
        lines = self.feed(b"\n") if self._terminal and self._rest else []
        for stream in list(self._begun):
            begun = self._begun.pop(stream)
            lines.append(Line(begun.at, _text(begun.text), self.mark))
        return lines

    def _take(self, stream: str, chunk: bytes) -> Line | None:
        """The line that ends with this chunk. Docker cuts a long line into chunks, each with a time of its own."""
        stamp, _, text = chunk.partition(b" ")
        at = self._counted(stamp.decode())
        if self._skipped >= self._count and self._count not in self._wanted:
            return None
        begun = self._begun.pop(stream, None)
        if not text.endswith(b"\n"):
            before = begun or _Begun(at, b"", ())
            self._begun[stream] = _Begun(before.at, before.text + text, (*before.chunks, self._count))
            return None
        if begun is not None:
            at, text = begun.at, begun.text + text
        return Line(at, _text(text), self.mark if self._begun else f"{self._anchor} {self._count}")

    def _counted(self, stamp: str) -> int:
        """The time of the next chunk, milliseconds since the epoch."""
        if len(stamp) != _USUAL or stamp[-1] != "Z":
            stamp = _as_usual(stamp)
        if stamp[:19] != self._second:
            self._second, self._second_at = stamp[:19], _milliseconds(f"{stamp[:19]}Z")
        at = self._second_at + int(stamp[20:23])
        self._count += 1
        self._next_count += stamp >= self._next
        if self._next and at >= self._next_at + _LONG_ENOUGH and not self._begun and self._count > self._skipped:
            self._anchor, self._count, self._next, self._skipped = self._next, self._next_count, "", 0
        if not self._next and stamp > self._newest:
            self._next, self._next_at, self._next_count = stamp, at, 1
        self._newest = max(self._newest, stamp)
        return at


class _Begun(NamedTuple):
    """A line whose end has not come: when it began, what of it has, and the numbers of its chunks."""

    at: int
    text: bytes
    chunks: tuple[int, ...]


def _as_usual(stamp: str) -> str:
    """A time as Docker writes it; Podman's have an offset, and as many digits as they need."""
    whole = datetime.fromisoformat(stamp).astimezone(UTC)
    digits = re.match(r"\.?(\d*)", stamp[19:])
    fraction = digits[1] if digits else ""
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{fraction.ljust(9, '0')}Z"


def _milliseconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp() * 1000)


def _text(line: bytes) -> str:
    return line.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace")
