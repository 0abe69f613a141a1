"""A stretch of the feed, for GET /_kecs/history; `console` calls it."""

from __future__ import annotations

from kecs.app.kernel import Kernel
from kecs.ports.console import FeedHistory


def history_of(kernel: Kernel, since: int, cluster: str | None, newest: int | None) -> FeedHistory:
    """See ports.console.Console.history."""
    feed = kernel.feed
    events = [
        event
        for event in feed.recent(since)
        if cluster is None
        or event.kind == "snapshot"
        or (event.cluster is not None and cluster in (event.cluster, event.cluster.split("/")[-1]))
    ]
    if newest is not None:
        events = events[max(0, len(events) - newest) :]
    return FeedHistory(first=feed.first, last=feed.last, now=kernel.clock.now(), events=tuple(events))
