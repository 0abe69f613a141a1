"""The protocol between KECS and the calls that it makes of other AWS services by itself.

`control.inputs` makes those that a task needs before its containers are created, `control.invoking.deliveries` those
that take events to their targets, once the record that waits for the answers is durable. `companions.lookups` takes
them to the companion.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kecs.core.inputs.lookups import Answer, Lookup


class Lookups(Protocol):
    """AWS, or what stands in for it."""

    @property
    def busy(self) -> bool:
        """Whether something is under way: time that a test moves waits for it."""

    def has(self, service: str) -> bool:
        """Whether there may be anything of the service's, called as in signatures: asking costs nothing that is not
        spent already. For what a task can do without."""

    async def rest(self) -> None:
        """Return when nothing is."""

    def look_up(self, lookup: Lookup, then: Callable[[Answer], None]) -> None:
        """Make the call. `then` gets what came of it, exactly once, later and on the event loop's thread."""
