"""What a simulated container does from its start on: the plan that `commands` reads off a command and the runtime acts.

All times are seconds after the container's start, so one course serves every container with the same command.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple


class OutputLine(NamedTuple):
    """A line of output, `at` seconds after the start."""

    at: float
    stream: Literal["stdout", "stderr"]
    text: str


class Loop(NamedTuple):
    """Rounds without end: each lasts `period` seconds and prints `lines`, whose times count from its beginning."""

    begins: float
    period: float  # above 0
    lines: tuple[OutputLine, ...]


class Course(NamedTuple):
    """What happens by itself, and at SIGTERM."""

    ends: float | None = None  # None: it goes on until it is stopped
    exit_code: int = 0
    lines: tuple[OutputLine, ...] = ()  # in the order of time
    loop: Loop | None = None
    hoards: bool = False  # it takes all memory it can get, at once
    on_sigterm: Course | None = None  # None: SIGTERM ends it; else what follows, times counted from the signal

    def lines_between(self, after: float, until: float, most: int) -> Iterator[OutputLine]:
        """The lines later than `after` and not later than `until`; of an endless loop about the last `most` alone."""
        yield from (line for line in self.lines if after < line.at <= until)
        if self.loop is None or not self.loop.lines:
            return
        begins, period, lines = self.loop
        first = max(0, math.floor((after - begins) / period)) if after >= begins else 0
        last = math.floor((until - begins) / period)
        first = max(first, last - math.ceil(most / len(lines)))
        for number in range(first, last + 1):
            for line in lines:
                at = begins + number * period + line.at
                if after < at <= until:
                    yield line._replace(at=at)

    def next_line_after(self, after: float) -> float | None:
        """When the next line comes."""
        at = min((line.at for line in self.lines if line.at > after), default=None)
        if at is not None or self.loop is None or not self.loop.lines:
            return at
        begins, period, lines = self.loop
        number = max(0, math.floor((after - begins) / period)) if after >= begins else 0
        times = (begins + n * period + line.at for n in (number, number + 1) for line in lines)
        return min((t for t in times if t > after), default=None)
