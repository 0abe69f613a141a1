"""The last output of containers that have been removed. Runtimes that run real ones keep it here.

KECS removes the containers of a stopped task at once, as an ECS agent does in time, so their last lines are kept here:
for each container at most LINES_KEPT, for all of them together at most CHARACTERS_KEPT, the oldest container's going
first. They do not survive a restart of KECS.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from kecs.ports.runtime import LogLine

LINES_KEPT = 10_000
CHARACTERS_KEPT = 32 * 1024 * 1024


class Spool:
    """The last output of removed containers, by task and container."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], list[LogLine]] = OrderedDict()
        self._characters = 0

    def keep(self, task: str, container: str, lines: list[LogLine]) -> None:
        self._drop((task, container))
        lines = lines[-LINES_KEPT:]
        self._kept[task, container] = lines
        self._characters += _size(lines)
        while self._characters > CHARACTERS_KEPT and self._kept:
            self._drop(next(iter(self._kept)))

    def lines(self, task: str, container: str, tail: int | None) -> Iterator[LogLine]:
        kept = self._kept.get((task, container), [])
        return iter(kept if tail is None else kept[len(kept) - min(tail, len(kept)) :])

    def clear(self) -> None:
        self._kept.clear()
        self._characters = 0

    def _drop(self, key: tuple[str, str]) -> None:
        self._characters -= _size(self._kept.pop(key, []))


def _size(lines: list[LogLine]) -> int:
    return sum(len(line.text) for line in lines)
