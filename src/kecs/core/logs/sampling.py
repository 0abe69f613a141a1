"""A sample of however many things come, of even distances, and never more in memory than twice its size.

Called by `control.logs.live_tail`.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Sample(Generic[T]):
    """What has come since it was last taken."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._clear()

    def _clear(self) -> None:
        self._kept: list[T] = []
        self._seen = 0
        self._every = 1  # of so many that come, one is kept

    def add(self, one: T) -> None:
        if self._seen % self._every == 0:
            self._kept.append(one)
        self._seen += 1
        if len(self._kept) > 2 * self._most:
            del self._kept[1::2]
            self._every *= 2

    def take(self) -> tuple[list[T], bool]:
        """All of it in its order, or `most` of it; whether some are left out."""
        kept, is_sampled = self._kept, self._seen > self._most
        if is_sampled:
            kept = [kept[index * len(kept) // self._most] for index in range(self._most)]
        self._clear()
        return kept, is_sampled
