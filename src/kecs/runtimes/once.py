"""Something that is made when it is first needed and then taken to be there, however many ask for it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Once:
    """Runs `make` until it has succeeded once, and again after `forget`."""

    def __init__(self, make: Callable[[], Awaitable[None]]) -> None:
        self._make = make
        self._lock = asyncio.Lock()
        self._done = False

    async def ensure(self) -> None:
        """Return when it is there. Raises what `make` raises."""
        if self._done:
            return
        async with self._lock:
            if not self._done:
                await self._make()
                self._done = True

    def forget(self) -> None:
        """Look again the next time: somebody may have removed it."""
        self._done = False
