"""Answers that go on: what a handler gives for an operation whose answer is a stream of events. `gateway` sends it."""

from __future__ import annotations

from typing import Protocol

import msgspec

StreamEvent = tuple[str, msgspec.Struct]
"""The member of the stream's shape that it is, and what is in it."""


class EventStream(Protocol):
    """One such answer; it lasts until it raises or is closed."""

    async def next(self) -> StreamEvent:
        """Waits for it. Raises an error of the stream's shape, a ModeledError, at the end."""

    def close(self) -> None:
        """Nobody listens any more."""
