"""Answers of one turn of the event loop go out together at its end. `gateway.protocol` puts them here.

A client that waits is woken by the write that answers it, and waking a process costs several times what the answer
itself did. When many clients ask at once, the ones that wait for theirs are awake already by the time the others'
answers come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Sender(Protocol):
    """A connection that holds answers back."""

    def send(self) -> None:
        """Write what is held back, if that has not happened meanwhile."""


class Outbox:
    """The connections of one server that hold answers back until the turn ends."""

    def __init__(self, call_soon: Callable[[Callable[[], None]], Any]) -> None:
        """`call_soon` is the event loop's: it calls once whatever has arrived by now has been read."""
        self._call_soon = call_soon
        self._waiting: list[Sender] = []

    def add(self, sender: Sender) -> None:
        if not self._waiting:
            self._call_soon(self._send)
        self._waiting.append(sender)

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for sender in waiting:
            sender.send()
