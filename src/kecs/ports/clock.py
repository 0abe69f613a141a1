"""Time and chance as ports: whatever must be replayable asks these instead of the operating system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Seconds since the epoch, and calls at a time. Calls happen on the event loop's thread."""

    def now(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer: ...


class Ids(Protocol):
    """Identifiers in AWS's shapes."""

    def hex32(self) -> str:
        """32 hexadecimal digits: task and container instance ids."""

    def uuid(self) -> str:
        """A UUID in its usual form: containers, events, attachments, requests."""

    def below(self, limit: int) -> int:
        """A number from 0 to below the limit: what is left to chance."""

    def digits19(self) -> str:
        """19 digits, none of them a leading zero: deployments and service revisions."""

    def name21(self) -> str:
        """21 letters, digits, hyphens and underscores: service deployments."""
