"""CloudWatch Logs inside KECS: where handlers and containers' output find it. `app.log_service` has one, when needed.

Everything happens on the event loop's thread, and what was written is kept when the call returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from kecs.aws.model import ecs as m
from kecs.aws.model import logs as c
from kecs.core.arns import Scope
from kecs.core.logs.destinations import Destination
from kecs.core.logs.expressions import Matches
from kecs.core.logs.records import LogEvent, LogGroup, LogStream, StoredEvent
from kecs.core.tasks.plan import TaskPlan
from kecs.ports.streams import EventStream

Position = tuple[int, int]  # `at` and `number` of an event
FIRST: Position = (-1, -1)
LAST: Position = (2**63 - 1, 2**63 - 1)


class Line(NamedTuple):
    """A line of output: milliseconds since the epoch, the line without its end, and where its source goes on."""

    at: int
    text: str
    mark: str = ""


Feed = Callable[[int, Sequence[LogEvent | Line], int], None]
"""Called with a stream's id, events that it has taken in, and when that was; it does not raise."""


class LogsUnavailable(Exception):
    """The store cannot keep anything at the moment; the text says why."""


class LogStore(Protocol):
    """Log groups, their streams and events. Whatever changes something may raise LogsUnavailable."""

    feed: Feed | None  # told of everything that is taken in

    def group(self, scope: Scope, name: str) -> LogGroup | None: ...

    def groups(self, scope: Scope) -> list[LogGroup]:
        """In the order of their names."""

    def create_group(self, group: LogGroup) -> LogGroup:
        """A new group; its id is given to it here."""

    def change_group(self, group: LogGroup) -> None:
        """Retention, protection and tags as they are now."""

    def delete_group(self, group: LogGroup) -> None: ...

    def stream(self, group: LogGroup, name: str) -> LogStream | None: ...

    def streams(self, group: LogGroup) -> list[LogStream]:
        """In the order of their names."""

    def whereabouts(self, stream: int) -> tuple[str, str] | None:
        """A stream's group, as its ARN, and its name."""

    def create_stream(self, group: LogGroup, name: str, at: int) -> LogStream: ...

    def delete_stream(self, stream: LogStream) -> None: ...

    def append(
        self, stream: int, events: Sequence[LogEvent | Line], taken: int, source: str = "", mark: str = ""
    ) -> bool:
        """Keep the events, and with them how far `source` has been read; False: there is no such stream any more."""

    def mark(self, source: str) -> str:
        """How far the source has been read; "" when nothing is known of it."""

    def forget(self, source: str) -> None: ...

    def events(
        self, streams: Sequence[LogStream], low: Position, high: Position, *, newest_first: bool = False
    ) -> Iterator[StoredEvent]:
        """The events of these streams between two positions, in order; to be used up or let go before any change."""

    def clear(self) -> None:
        """Forget everything."""


class NoOutlet(Exception):
    """A container's output has nowhere to go: it does not start. The text is the reason that ECS shows."""


class Outlet(Protocol):
    """Where one container's output goes."""

    mark: str  # of the last line that is kept for good; "" at the beginning

    def write(self, lines: Sequence[Line]) -> None:
        """More of the output."""

    def end(self) -> None:
        """The container has exited, and all of its output is written."""


class Intake(Protocol):
    """Takes containers' output in, for the log driver awslogs."""

    def wanted(self, plan: TaskPlan, container: m.ContainerDefinition) -> Destination | None:
        """Where the container's output is to go; None: not to CloudWatch Logs. Raises NoOutlet."""

    def prepare(self, to: Destination, source: str, launch_type: str) -> None:
        """Make sure of group and stream, before the container starts that is called `source`. Raises NoOutlet."""

    def outlet(self, to: Destination, source: str, catch_up: Callable[[], None] | None = None) -> Outlet:
        """The way there. `catch_up` is called before somebody reads what was written."""

    def forget(self, source: str) -> None:
        """The container is gone for good."""


class TailFilter(NamedTuple):
    """What a session of Live Tail is about."""

    account: str  # that asks
    groups: tuple[str, ...]  # ARNs
    streams: frozenset[str] | None  # their names; None: any
    prefixes: tuple[str, ...]  # one of which a stream's name has
    matches: Matches | None  # what an event's text is asked

    def has(self, group: str, stream: str) -> bool:
        return (
            group in self.groups
            and (self.streams is None or stream in self.streams)
            and stream.startswith(self.prefixes)
        )


class Tails(Protocol):
    """Sessions of Live Tail."""

    def begin(self, wanted: TailFilter, start: c.LiveTailSessionStart) -> EventStream:
        """A session that begins with `start`."""

    def count(self, account: str) -> int:
        """How many the account has now."""


class LogService(Protocol):
    """What handlers of the API need."""

    store: LogStore

    def read(self) -> LogStore:
        """The store, with everything in it that containers have written by now."""

    def tails(self) -> Tails: ...
