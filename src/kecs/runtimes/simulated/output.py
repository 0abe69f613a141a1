"""The output of a simulated container: its last lines, and who waits for more. The runtime answers logs() from it.

Lines of a course are not delivered by timers; they are taken up when somebody looks. So a container that prints every
second costs nothing while nobody reads it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from kecs.ports.clock import Clock
from kecs.ports.runtime import LogLine
from kecs.runtimes.simulated.course import Course

if TYPE_CHECKING:
    from kecs.ports.logs import Outlet

KEPT_LINES = 1_000  # a container's last lines; Docker keeps more, tests seldom read so many
SHIPPED_LINES = 100_000  # of an endless loop, that are taken up at once where all of them go somewhere else, too


class Output:
    """What a container has printed. `ended` is set when no more can come."""

    def __init__(self) -> None:
        self.ended = False
        self.outlet: Outlet | None = None  # where lines go beside
        self.count = 0  # of all lines ever written, those that are no longer kept included
        self._lines: deque[LogLine] = deque(maxlen=KEPT_LINES)
        self._course: Course | None = None
        self._started_at = 0.0
        self._taken_until = -1.0  # seconds of the course
        self._waiting: list[Callable[[], None]] = []

    def follow(self, course: Course, started_at: float) -> None:
        """From now on the lines of this course belong to the output."""
        self._course = course
        self._started_at = started_at
        self._taken_until = -1.0
        self.wake()

    def write(self, at: float, text: str, stream: str = "stderr") -> None:
        """Add a line that no course foresaw."""
        self.take_up(at)
        self._append(LogLine(at=at, stream=stream, text=text))
        self.wake()

    def take_up(self, now: float) -> None:
        """Add what the course has printed by now."""
        if self._course is None:
            return
        until = now - self._started_at
        most = KEPT_LINES if self.outlet is None else SHIPPED_LINES
        for line in self._course.lines_between(self._taken_until, until, most):
            self._append(LogLine(at=self._started_at + line.at, stream=line.stream, text=line.text))
        self._taken_until = max(self._taken_until, until)

    def end(self, now: float) -> None:
        """The container has exited: nothing follows."""
        self.take_up(now)
        self._course = None
        self.ended = True
        if self.outlet is not None:
            self.outlet.end()
            self.outlet = None
        self.wake()

    def lines(self, after: int) -> list[LogLine]:
        """The lines after the first `after` ones, as far as they are kept."""
        kept = list(self._lines)
        return kept[max(0, len(kept) - (self.count - after)) :] if after < self.count else []

    def next_at(self) -> float | None:
        """When the course prints its next line."""
        if self._course is None:
            return None
        at = self._course.next_line_after(self._taken_until)
        return None if at is None else self._started_at + at

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when something happened that no clock foresaw; returns how to end that."""
        self._waiting.append(callback)
        return lambda: self._waiting.remove(callback)

    def wake(self) -> None:
        for callback in list(self._waiting):
            callback()

    def _append(self, line: LogLine) -> None:
        self._lines.append(line)
        self.count += 1
        if self.outlet is not None:
            self._ship(line)

    def _ship(self, line: LogLine) -> None:
        from kecs.ports.logs import Line  # it is loaded by now

        assert self.outlet is not None
        self.outlet.write((Line(int(line.at * 1000), line.text),))


NONE = Output()  # of a container that is not there
NONE.ended = True


async def read(output: Output, clock: Clock, *, follow: bool, tail: int | None) -> AsyncIterator[LogLine]:
    """See ports.runtime.Runtime.logs."""
    output.take_up(clock.now())
    seen = 0 if tail is None else max(0, output.count - tail)
    while True:
        lines, seen, ended = output.lines(seen), output.count, output.ended
        for line in lines:
            yield line
        if not follow or (ended and seen == output.count):
            return
        if seen == output.count:
            await _more(output, clock)
        output.take_up(clock.now())


async def _more(output: Output, clock: Clock) -> None:
    """Wait until the output may have another line, or an end."""
    happened = asyncio.Event()
    forget = output.on_change(happened.set)
    at = output.next_at()
    timer = clock.call_at(at, happened.set) if at is not None else None
    try:
        await happened.wait()
    finally:
        forget()
        if timer is not None:
            timer.cancel()
