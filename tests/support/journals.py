"""A journal in memory: quick, and its disk can be full."""

from __future__ import annotations

from collections.abc import Iterator

from kecs.core.records import Change, Record


class MemoryJournal:
    """Keeps what is written for the next store that loads it; `full` makes every write fail."""

    def __init__(self) -> None:
        self.full = False
        self.closed = False
        self.written: list[Change] = []
        self._rows: dict[tuple[str, str], Record] = {}

    def load(self) -> Iterator[tuple[str, Record]]:
        return iter([(kind, record) for (kind, _), record in self._rows.items()])

    def write(self, changes: list[Change]) -> None:
        if self.full:
            raise OSError("no space left on device")
        self.written += changes
        for kind, key, _, after in changes:
            if after is None:
                self._rows.pop((kind, key), None)
            else:
                self._rows[kind, key] = after

    def close(self) -> None:
        self.closed = True
