"""Sessions of Live Tail: what log groups take in, told every second for as long as somebody listens.

`app.log_service` makes one `LiveTails` when the first session begins. It follows the store only while there are
sessions, so nothing is asked of anybody and nothing is left behind.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs_LiveTail.html
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from kecs.aws.errors import ModeledError
from kecs.aws.model import logs as c
from kecs.core.logs.records import LogEvent
from kecs.core.logs.sampling import Sample
from kecs.ports.clock import Clock
from kecs.ports.logs import Line, LogStore, TailFilter
from kecs.ports.streams import StreamEvent

MOST_EVENTS = 500  # in an update
WAITING = 10  # updates for a client that does not read; older ones go
EVERY = 1.0  # seconds
LONGEST = 3 * 3600.0  # seconds of a session

log = logging.getLogger(__name__)

Told = tuple[int, str, int, str, str]  # time, text, when it was taken in, group and stream


class LiveTails:
    """The sessions of one KECS."""

    def __init__(self, store: LogStore, clock: Clock, collect: Callable[[], None]) -> None:
        """`collect` has the store take in whatever has been written by now."""
        self._store = store
        self.clock = clock
        self.collect = collect
        self._sessions: list[Session] = []
        self._streams: dict[int, tuple[str, str] | None] = {}  # group's ARN and stream's name, by the store's id

    def begin(self, wanted: TailFilter, start: c.LiveTailSessionStart) -> Session:
        """A session that tells of everything from now on."""
        self.collect()
        session = Session(self, wanted, start)
        self._sessions.append(session)
        self._store.feed = self._take_in
        return session

    def end(self, session: Session) -> None:
        if session in self._sessions:
            self._sessions.remove(session)
        if not self._sessions:
            self._store.feed = None
            self._streams.clear()

    def count(self, account: str) -> int:
        """How many sessions the account has."""
        return sum(session.wanted.account == account for session in self._sessions)

    def close(self) -> None:
        for session in list(self._sessions):
            session.close()

    def _take_in(self, stream: int, events: Sequence[LogEvent | Line], taken: int) -> None:
        if stream not in self._streams:
            self._streams[stream] = self._store.whereabouts(stream)
        found = self._streams[stream]
        if found is None:
            return
        for session in list(self._sessions):
            session.take_in(*found, events, taken)


class Session:
    """One of them; see ports.streams.EventStream."""

    def __init__(self, tails: LiveTails, wanted: TailFilter, start: c.LiveTailSessionStart) -> None:
        self.wanted = wanted
        self._tails = tails
        self._sample = Sample[Told](MOST_EVENTS)
        self._start: StreamEvent | None = ("sessionStart", start)
        self._updates: deque[StreamEvent] = deque(maxlen=WAITING)
        self._error: ModeledError | None = None
        self._news = asyncio.Event()
        self._next = tails.clock.now()
        self._ends = self._next + LONGEST
        self._arm()

    async def next(self) -> StreamEvent:
        if self._start is not None:
            start, self._start = self._start, None
            return start
        while not self._updates:
            if self._error is not None:
                raise self._error
            self._news.clear()
            await self._news.wait()
        return self._updates.popleft()

    def close(self) -> None:
        self._timer.cancel()
        self._tails.end(self)
        if self._error is None:
            self._fail(c.SessionStreamingException("The session is over."))

    def take_in(self, group: str, stream: str, events: Sequence[LogEvent | Line], taken: int) -> None:
        if not self.wanted.has(group, stream):
            return
        matches = self.wanted.matches
        try:
            for event in events:
                if matches is None or matches(event[1]):
                    self._sample.add((event[0], event[1], taken, group, stream))
        except Exception:  # whoever writes must not feel that somebody reads
            log.exception("a session of Live Tail failed")
            self.close()

    def _arm(self) -> None:
        self._next += EVERY
        self._timer = self._tails.clock.call_at(self._next, self._tell)

    def _tell(self) -> None:
        """An update, as every second, also when there is nothing to tell."""
        self._tails.collect()
        found, is_sampled = self._sample.take()
        results = [
            c.LiveTailSessionLogEvent(
                log_stream_name=stream, log_group_identifier=group, message=text, timestamp=at, ingestion_time=taken
            )
            for at, text, taken, group, stream in found
        ]
        metadata = c.LiveTailSessionMetadata(sampled=is_sampled)
        self._updates.append(
            ("sessionUpdate", c.LiveTailSessionUpdate(session_metadata=metadata, session_results=results))
        )
        self._news.set()
        if self._next >= self._ends:
            self._fail(
                c.SessionTimeoutException("The session has lasted for 3 hours, which is the longest that it may.")
            )
            self.close()
        else:
            self._arm()

    def _fail(self, error: ModeledError) -> None:
        self._error = error
        self._news.set()
