"""Takes the calls that KECS makes by itself to the companion. `app.server` makes it; see ports.lookups.Lookups.

Each call is a task of the event loop, and some of them run at once: a service of many tasks with secrets must not have
hundreds of calls under way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from kecs.ports.companion import Companion, CompanionError

if TYPE_CHECKING:
    from kecs.core.inputs.lookups import Answer, Lookup

AT_ONCE = 8  # calls

log = logging.getLogger(__name__)


class CompanionLookups:
    """See ports.lookups.Lookups."""

    def __init__(self, companion: Callable[[], Companion], has: Callable[[str], bool] = lambda _: True) -> None:
        """`companion` gives what is called; it may make it, and is asked for the first time with the first call. `has`:
        see ports.lookups.Lookups."""
        self._companion = companion
        self.has = has
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    def look_up(self, lookup: Lookup, then: Callable[[Answer], None]) -> None:
        task = asyncio.get_running_loop().create_task(self._look_up(lookup, then))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    @property
    def busy(self) -> bool:
        return bool(self._under_way)

    async def rest(self) -> None:
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """Let go of what is under way: it is asked for again after the next start."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _look_up(self, lookup: Lookup, then: Callable[[Answer], None]) -> None:
        async with self._turn:
            then(await answer_of(self._companion, lookup))


async def answer_of(companion: Callable[[], Companion], lookup: Lookup) -> Answer:
    """What the companion says to the call."""
    from kecs.core.inputs.lookups import Refusal  # no start needs it

    account, region = lookup.scope
    try:
        return await companion().call(
            lookup.service, lookup.operation, lookup.arguments, account=account, region=region
        )
    except CompanionError as error:
        return Refusal(error.code, error.message)
    except Exception as error:
        log.exception("%s of %s failed", lookup.operation, lookup.service)  # the task must not wait for ever
        return Refusal("InternalError", type(error).__name__)
