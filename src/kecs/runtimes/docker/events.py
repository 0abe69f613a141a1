"""Docker's event stream: how KECS learns that a container ended, ran out of memory or changed its health.

The stream is opened before anything is looked up, and again whenever it breaks; Docker replays what came since the last
event it sent. Its memory of events does not survive a restart of the daemon, so after every gap the runtime also looks
at each container that it took to be running.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from kecs.runtimes.docker import labels
from kecs.runtimes.docker.engine import Engine, EngineError

_RETRY = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds between attempts to connect again; the last one repeats
_WANTED = ["die", "oom", "health_status"]

log = logging.getLogger(__name__)


class Events:
    """The events of one instance's containers, handed to `on_event` in Docker's order."""

    def __init__(
        self,
        engine: Engine,
        instance: str,
        on_event: Callable[[dict[str, Any]], None],
        on_gap: Callable[[], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._filters = labels.of_instance(instance) | {"type": ["container"], "event": _WANTED}
        self._on_event = on_event
        self._on_gap = on_gap
        self._since = ""
        self._task: asyncio.Task[None] | None = None
        self.trouble: str | None = None  # why no events come at the moment

    async def open(self, since: float) -> None:
        """Subscribe; returns once Docker sends events. `since`: seconds since the epoch on the engine's own clock."""
        self._since = f"{since:.6f}"
        subscribed = asyncio.Event()
        self._task = asyncio.create_task(self._run(subscribed))
        await subscribed.wait()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, subscribed: asyncio.Event) -> None:
        failures = 0
        while True:
            try:
                params = {"filters": self._filters, "since": self._since}
                async with self._engine.stream("GET", "events", params=params) as content:
                    self.trouble, failures = None, 0
                    if subscribed.is_set():
                        await self._on_gap()
                    subscribed.set()
                    async for line in content:
                        self._receive(line)
                self.trouble = "the Docker Engine has closed its event stream"
            except (EngineError, ValueError) as error:
                self.trouble = f"the Docker Engine does not answer: {error}"
            if not failures:
                log.warning("%s; connecting again", self.trouble)
            await asyncio.sleep(_RETRY[min(failures, len(_RETRY) - 1)])
            failures += 1

    def _receive(self, line: bytes) -> None:
        event = json.loads(line)
        nanoseconds = int(event["timeNano"])
        self._since = f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"
        self._on_event(event)
