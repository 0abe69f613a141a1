"""From lines to events, as the log driver `awslogs` makes them. Called by `control.logs.intake`.

A line is an event, unless the definition says how an event begins: then lines are joined, each with its line end, until
the next one that begins an event. What is too large for an event becomes several. Empty lines are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from kecs.core.logs.records import OVERHEAD, LogEvent

MOST_BYTES = 262_144 - OVERHEAD  # of an event
SHORT = MOST_BYTES // 4  # characters that are never too many


def joined(lines: Iterable[LogEvent], starts: re.Pattern[str]) -> tuple[list[LogEvent], int]:
    """The events that are complete, and of how many lines they are made. Those after them are one that has begun."""
    events: list[LogEvent] = []
    parts: list[str] = []
    at, size, complete = 0, 0, 0
    for seen, (time, text) in enumerate(lines):
        length = len(text.encode()) + 1
        if parts and (size + length > MOST_BYTES or starts.search(text)):
            events += split(LogEvent(at, "".join(parts)))
            parts.clear()
            size, complete = 0, seen
        if not parts:
            at = time
        parts.append(f"{text}\n")
        size += length
    return events, complete


def whole(begun: Sequence[LogEvent]) -> Iterator[LogEvent]:
    """The event that has begun, for which nobody waits any more."""
    if begun:
        yield from split(LogEvent(begun[0].at, "".join(f"{line.text}\n" for line in begun)))


def split(event: LogEvent) -> Iterator[LogEvent]:
    """The event in pieces that are not too large; no character is cut in two."""
    if len(event.text) <= SHORT or len(data := event.text.encode()) <= MOST_BYTES:
        if event.text:
            yield event
        return
    while data:
        end = min(MOST_BYTES, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        yield LogEvent(event.at, data[:end].decode())
        data = data[end:]
