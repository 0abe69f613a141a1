"""What an engine sends of a container's output, as lines, with marks from which reading can go on.

The runtimes' `shipping` calls it: Docker's with its frames, Kubernetes' with plain lines.

Reading goes on by time, and times do not tell lines apart: two may have the same one, and those of the two streams may
be stored in another order than they were made. So a mark is the time of an earlier chunk, long enough ago that nothing
from before it can still come, the newest time that has been read, and how many chunks have been read from the earlier
one on. Chunks newer than all that were read are new, whatever their number: a log that is rotated loses its beginning.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from kecs.ports.logs import Line

_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr"}
_USUAL = 30  # characters of a time
_HEADER = 8  # bytes: stream, three zeros, length
_LONG_ENOUGH = 1000  # milliseconds within which an engine stores what a container has written
_END = ord("\n")  # of a line
_PART = 8192  # bytes: where engines cut long lines, or at twice of it
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class LineReader:
    """Reads the output of one container from a mark on, in whatever pieces it comes."""

    def __init__(self, mark: str, *, framed: bool) -> None:
        """`mark`: that of the last line that is not wanted any more; "" when all are. `framed` output comes in Docker's
        frames, other output as it is."""
        stamps, _, counts = mark.partition(" ")
        skipped, *wanted = map(int, counts.split() or "0")
        self._given = mark
        self._anchor, _, self._read_to = stamps.partition(",")
        self._skipped, self._wanted = skipped, set(wanted)
        self._framed = framed
        self._rest = b""
        self._begun: dict[str, _Begun] = {}  # by stream: the line whose end has not come
        self._count = 0  # of chunks from the anchor on
        self._newest = ""
        self._next, self._next_at, self._next_count = "", 0, 0  # what becomes the anchor when it is old enough
        self._second, self._second_at = "", 0

    @property
    def since(self) -> str:
        """The time from which the engine has to send, in RFC 3339, with nanoseconds; "": from the beginning. It may
        send what is older, too."""
        return self._anchor

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
        return " ".join([self._stamps(), str(self._count), *wanted])

    def feed(self, data: bytes) -> list[Line]:
        """The lines that are complete with this piece."""
        data = self._rest + data
        lines: list[Line] = []
        at = 0
        while True:
            at = self._take_usual(data, at, lines)
            if not self._framed:
                end = data.find(b"\n", at) + 1
                if not end:
                    break
                stream, chunk, at = "stdout", _one_stamp(data[at:end]), end
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
        lines = self.feed(b"\n") if self._rest and not self._framed else []
        for stream in list(self._begun):
            begun = self._begun.pop(stream)
            lines.append(Line(begun.at, _text(begun.text), self.mark))
        return lines

    def _take_usual(self, data: bytes, at: int, lines: list[Line]) -> int:
        """Take the chunks from `at` on, as long as they are as nearly all are: whole lines, none older than the one
        before it, and nothing to be decided. `feed` does the same with any. Where the first other one begins."""
        if self._begun or self._skipped or not self._next:
            return at
        newest = max(self._newest, self._read_to)
        known, time = "", 0  # the milliseconds of the last stamp
        count = self._count
        while True:
            if self._framed:
                begin = at + _HEADER
                end = begin + int.from_bytes(data[at + 4 : begin], "big")
                if end > len(data):
                    break
            else:
                begin, end = at, data.find(b"\n", at) + 1
                if not _USUAL + 1 < end - begin <= _PART:
                    break
            stamp = data[begin : begin + _USUAL].decode("latin-1")
            if data[begin + _USUAL - 1 : begin + _USUAL + 1] != b"Z " or stamp < newest or data[end - 1] != _END:
                break
            if stamp[:23] != known:
                if stamp[:20] != f"{self._second}." or not stamp[20:29].isdecimal():
                    break
                known, time = stamp[:23], self._second_at + int(stamp[20:23])
                if time >= self._next_at + _LONG_ENOUGH:
                    break
            count += 1
            newest = stamp
            text = data[begin + _USUAL + 1 : end]
            lines.append(Line(time, _text(text), f"{self._anchor},{stamp} {count}"))
            at = end
        if count > self._count:
            self._next_count += count - self._count
            self._count, self._newest = count, newest
        return at

    def _take(self, stream: str, chunk: bytes) -> Line | None:
        """The line that ends with this chunk. Docker cuts a long line into chunks, each with a time of its own."""
        stamp, _, text = chunk.partition(b" ")
        at = self._counted(stamp)
        if at is None:
            return None
        if self._skipped >= self._count and self._count not in self._wanted:
            return None
        begun = self._begun.pop(stream, None)
        if not text.endswith(b"\n"):
            before = begun or _Begun(at, b"", ())
            self._begun[stream] = _Begun(before.at, before.text + text, (*before.chunks, self._count))
            return None
        if begun is not None:
            at, text = begun.at, begun.text + text
        return Line(at, _text(text), self.mark if self._begun else f"{self._stamps()} {self._count}")

    def _counted(self, given: bytes) -> int | None:
        """The time of the next chunk, milliseconds since the epoch; None for what is no chunk, or an older one."""
        if not _STAMP.fullmatch(given):
            return None  # the end of a line that has begun before
        stamp = given.decode()
        if len(stamp) != _USUAL or stamp[-1] != "Z":
            stamp = _as_usual(stamp)
        if stamp < self._anchor:
            return None
        if stamp > self._read_to != "":
            self._skipped = 0
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

    def _stamps(self) -> str:
        return f"{self._anchor},{max(self._newest, self._read_to)}"


class _Begun(NamedTuple):
    """A line whose end has not come: when it began, what of it has, and the numbers of its chunks."""

    at: int
    text: bytes
    chunks: tuple[int, ...]


def _one_stamp(line: bytes) -> bytes:
    """The line without the times that some engines put before each part of a long one."""
    begin = line.find(b" ") + 1
    if len(line) - begin <= _PART:
        return line
    at = begin + _PART
    while at < len(line):
        if stamp := _STAMP.match(line, at):
            line = line[:at] + line[stamp.end() + 1 :]
        at += _PART
    return line


def _as_usual(stamp: str) -> str:
    """A time as Docker writes it; others have an offset, and as many digits as they need."""
    whole = datetime.fromisoformat(stamp).astimezone(UTC)
    digits = re.match(r"\.?(\d*)", stamp[19:])
    fraction = digits[1] if digits else ""
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{fraction.ljust(9, '0')}Z"


def _milliseconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp() * 1000)


def _text(line: bytes) -> str:
    return line.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace")
