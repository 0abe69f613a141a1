"""The newest of a series that has no end, numbered from 1, for whoever looks back and whoever follows.

`feed` keeps state changes this way, `eventbridge` the events that ECS sends.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from itertools import islice
from typing import Generic, Protocol, TypeVar


class Numbered(Protocol):
    """What is kept: each has the number after the one before."""

    @property
    def id(self) -> int: ...


T = TypeVar("T", bound=Numbered)


class Recent(Generic[T]):
    """What happened last, in order."""

    def __init__(self, remembered: int) -> None:
        self._items: deque[T] = deque(maxlen=remembered)
        self._last = 0
        self._news: set[asyncio.Event] = set()

    @property
    def first(self) -> int:
        """The number of the oldest that is remembered; of the next one when there is none."""
        self._catch_up()
        return self._items[0].id if self._items else self._last + 1

    @property
    def last(self) -> int:
        """The number of the newest; 0 before there is one."""
        self._catch_up()
        return self._last

    def recent(self, since: int = 0) -> list[T]:
        """What is remembered of what came after the one with this number."""
        self._catch_up()
        missed = max(0, self._last - since)
        return list(islice(reversed(self._items), missed))[::-1]  # at the cost of what is new, not of all there is

    async def follow(self, since: int | None = None) -> AsyncIterator[T]:
        """What comes after `since` (None: from now on), without end."""
        self._catch_up()
        position = self._last if since is None else min(since, self._last)
        news = asyncio.Event()
        self._news.add(news)
        try:
            while True:
                news.clear()
                for item in self.recent(position):
                    position = item.id
                    yield item
                if position == self._last:
                    await news.wait()
        finally:
            self._news.discard(news)

    def _catch_up(self) -> None:
        """Before anybody looks: keep what was put off."""

    def _keep(self, item: T) -> None:
        """Nobody hears of it before `_tell`."""
        self._last = item.id
        self._items.append(item)

    def _tell(self) -> None:
        """Wake whoever follows."""
        for news in self._news:
            news.set()
