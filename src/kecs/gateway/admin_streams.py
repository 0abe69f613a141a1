"""The endless answers of the admin API: state changes as server-sent events, a container's output as lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec

from kecs.core.eventbridge.event import written_out
from kecs.ports.console import Console, EventFormat, FeedEvent, SentEvent
from kecs.ports.runtime import LogLine

KEEP_ALIVE = 15.0  # seconds without a change until a comment is sent, so that proxies and readers see a live connection


async def server_sent_events(
    console: Console,
    since: int | None,
    *,
    follow: bool = True,
    told: EventFormat = "kecs",
    keep_alive: float = KEEP_ALIVE,
) -> AsyncIterator[bytes]:
    """What happens after `since` (None: from now on); without `follow` only what is still remembered.

    An id that was not given yet is from before a restart of KECS: its reader has seen none of the events there are.
    """
    if since is not None and not any(event.id >= since for event in console.recent_events(told=told)[-1:]):
        since = 0
    if not follow:
        for remembered in console.recent_events(since or 0, told):
            yield _rendered(remembered)
        return
    events = console.events(since, told)
    upcoming = _next(events)
    try:
        await asyncio.sleep(0)  # the subscription begins with the first step of `events`
        yield b": KECS\n\n"  # so that the reader knows that nothing is missed from here on
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=keep_alive)
            if not done:
                yield b": keep-alive\n\n"
                continue
            event = upcoming.result()
            if event is None:
                return
            upcoming = _next(events)
            yield _rendered(event)
    finally:
        upcoming.cancel()
        with suppress(asyncio.CancelledError):
            await upcoming


async def log_lines(lines: AsyncIterator[LogLine]) -> AsyncIterator[bytes]:
    """Output as text, stdout and stderr in the order in which they came."""
    async for line in lines:
        yield line.text.encode("utf-8", "surrogateescape") + b"\n"


def _next(events: AsyncIterator[FeedEvent] | AsyncIterator[SentEvent]) -> asyncio.Task[FeedEvent | SentEvent | None]:
    async def following() -> FeedEvent | SentEvent | None:
        return await anext(events, None)

    return asyncio.ensure_future(following())


def _rendered(event: FeedEvent | SentEvent) -> bytes:
    data = written_out(event.event) if isinstance(event, SentEvent) else event
    return b"id: %d\ndata: %s\n\n" % (event.id, msgspec.json.encode(data))
