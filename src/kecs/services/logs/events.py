"""Log events: put, read stream by stream, and searched for in a whole group.

A call looks at so many events and no more, however few it finds: nobody else waits for long, and the answer's token
leads on from there, as it may on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise

from kecs.aws.model import logs as c
from kecs.core.logs.expressions import InvalidPattern
from kecs.core.logs.patterns import compiled
from kecs.core.logs.records import OVERHEAD, LogEvent, LogGroup, LogStream, StoredEvent
from kecs.ports.logs import FIRST, LAST, LogsUnavailable, Position
from kecs.services.context import Context
from kecs.services.logs.finding import NO_STREAM, logs, milliseconds, the_group, the_stream

MOST_EVENTS = 10_000  # in an answer
MOST_BYTES = 1024 * 1024  # in an answer, or in a batch
SEARCHED = 20_000  # events that one call looks at
HOUR = 3_600_000  # milliseconds
DAY = 24 * HOUR

_TOKEN = re.compile(r"([fb])/(-?\d{1,19})/(-?\d{1,19})/s")


def put_log_events(context: Context, request: c.PutLogEventsRequest) -> c.PutLogEventsResponse:
    given, now = request.log_events, milliseconds(context)
    events = [LogEvent(event.timestamp, event.message) for event in given]
    if any(later.at < earlier.at for earlier, later in pairwise(events)):
        raise c.InvalidParameterException("Log events in a single PutLogEvents request must be in chronological order.")
    size = sum(len(event.text.encode()) + OVERHEAD for event in events)
    if size > MOST_BYTES:
        raise c.InvalidParameterException(f"Upload too large: {size} bytes exceeds limit of {MOST_BYTES}")
    group = the_group(context, request.log_group_name)
    stream = the_stream(context, group, request.log_stream_name)
    oldest, newest = now - 14 * DAY, now + 2 * HOUR
    expired = None if group.retention is None else now - group.retention * DAY
    taken = [event for event in events if max(oldest, expired or 0) <= event.at <= newest]
    if taken and taken[-1].at - taken[0].at > DAY:
        raise c.InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    if taken:
        try:
            logs(context).store.append(stream.id, taken, now)
        except LogsUnavailable as error:
            raise c.ServiceUnavailableException(str(error)) from error
    rejected = c.RejectedLogEventsInfo(
        too_old_log_event_end_index=sum(event.at < oldest for event in events) or None,
        expired_log_event_end_index=sum(event.at < expired for event in events) or None if expired else None,
        too_new_log_event_start_index=next((i for i, event in enumerate(events) if event.at > newest), None),
    )
    return c.PutLogEventsResponse(
        next_sequence_token=str(stream.id),
        rejected_log_events_info=None if rejected == c.RejectedLogEventsInfo() else rejected,
    )


def get_log_events(context: Context, request: c.GetLogEventsRequest) -> c.GetLogEventsResponse:
    """A token's direction is that of the page; without one, the newest events are the first page."""
    store = logs(context).read()
    group = the_group(context, request.log_group_name, request.log_group_identifier)
    stream = the_stream(context, group, request.log_stream_name)
    low = (_since(context, group, request.start_time), -1)
    high = LAST if request.end_time is None else (request.end_time, -1)
    token = _token(request.next_token)
    newest_first = token[0] == "b" if token else not request.start_from_head
    if token:
        low, high = (low, min(high, token[1])) if newest_first else (max(low, token[1]), high)
    events = _page(store.events([stream], low, high, newest_first=newest_first), request.limit or MOST_EVENTS)
    if newest_first:
        events.reverse()
    if events:
        forward, backward = (events[-1].at, events[-1].number), (events[0].at, events[0].number)
    else:
        forward, backward = _around(token)
    return c.GetLogEventsResponse(
        events=[c.OutputLogEvent(timestamp=e.at, message=e.text, ingestion_time=e.taken) for e in events],
        next_forward_token=_written("f", forward),
        next_backward_token=_written("b", backward),
    )


def filter_log_events(context: Context, request: c.FilterLogEventsRequest) -> c.FilterLogEventsResponse:
    store = logs(context).read()
    group = the_group(context, request.log_group_name, request.log_group_identifier)
    streams = _streams(request, store.streams(group))
    try:
        matches = compiled(request.filter_pattern or "")
    except InvalidPattern as error:
        raise c.InvalidParameterException(f"Invalid filter pattern: {error}") from error
    low: Position = (_since(context, group, request.start_time), -1)
    high: Position = LAST if request.end_time is None else (request.end_time, LAST[1])
    newest_first = request.start_from_head is False
    if request.next_token:
        at, number = map(int, request.next_token.split("/"))
        low, high = (low, (at, number)) if newest_first else ((at, number), high)
    names = {stream.id: stream.name for stream in streams}
    found: list[c.FilteredLogEvent] = []
    seen, size, limit = 0, 0, request.limit or MOST_EVENTS
    last: StoredEvent | None = None
    token = None
    for event in store.events(streams, low, high, newest_first=newest_first):
        if last is not None and (seen == SEARCHED or len(found) == limit or size > MOST_BYTES):
            token = f"{last.at}/{last.number}"
            break
        seen, last = seen + 1, event
        if matches is None or matches(event.text):
            found.append(_found(event, names[event.stream]))
            size += len(event.text) + OVERHEAD
    return c.FilterLogEventsResponse(events=found, searched_log_streams=[], next_token=token)


def _streams(request: c.FilterLogEventsRequest, streams: list[LogStream]) -> list[LogStream]:
    """Those of the group that are to be searched. Raises the API's errors."""
    names, prefix = request.log_stream_names, request.log_stream_name_prefix
    if names is None:
        return [stream for stream in streams if stream.name.startswith(prefix or "")]
    if prefix is not None:
        raise c.InvalidParameterException("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    if not {stream.name for stream in streams}.issuperset(names):
        raise c.ResourceNotFoundException(NO_STREAM)
    return [stream for stream in streams if stream.name in names]


def _since(context: Context, group: LogGroup, given: int | None) -> int:
    """When the first events are from that are shown: what a group no longer keeps may still be there."""
    kept = 0 if group.retention is None else milliseconds(context) - group.retention * DAY
    return max(given or 0, kept)


def _page(events: Iterator[StoredEvent], most: int) -> list[StoredEvent]:
    """As many as an answer has room for."""
    found: list[StoredEvent] = []
    size = 0
    for event in islice(events, most):
        size += len(event.text) + OVERHEAD
        if found and size > MOST_BYTES:
            break
        found.append(event)
    return found


def _found(event: StoredEvent, stream: str) -> c.FilteredLogEvent:
    return c.FilteredLogEvent(
        log_stream_name=stream,
        timestamp=event.at,
        message=event.text,
        ingestion_time=event.taken,
        event_id=f"{event.at:018}{event.number:038}",
    )


def _token(given: str | None) -> tuple[str, Position] | None:
    """Direction and place of a token of GetLogEvents. Raises InvalidParameterException."""
    if given is None:
        return None
    match = _TOKEN.fullmatch(given)
    if match is None or max(int(match[2]), int(match[3])) > LAST[0]:
        raise c.InvalidParameterException("The specified nextToken is invalid.")
    return match[1], (int(match[2]), int(match[3]))


def _around(token: tuple[str, Position] | None) -> tuple[Position, Position]:
    """Where to go on in either direction from a page without events; the way that led there leads there again."""
    if token is None:
        return FIRST, FIRST
    direction, (at, number) = token
    return ((at, number), (at, number + 1)) if direction == "f" else ((at, number - 1), (at, number))


def _written(direction: str, place: Position) -> str:
    return f"{direction}/{place[0]}/{place[1]}/s"
