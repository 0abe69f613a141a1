"""Takes containers' output in, as the log driver `awslogs` does. Runtimes write to it; `app.log_service` has one.

Lines wait here a moment, so that many are kept at once. Whoever reads does not wait: `collect` keeps what is here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from functools import partial

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.logs import destinations
from kecs.core.logs.destinations import Destination, InvalidOptions
from kecs.core.logs.joining import SHORT, joined, split, whole
from kecs.core.logs.records import LogEvent, LogGroup
from kecs.core.tasks.plan import TaskPlan
from kecs.ports.clock import Clock, Timer
from kecs.ports.logs import Line, LogStore, LogsUnavailable, NoOutlet, Outlet

DELAY = 0.2  # seconds that a line waits for others
PATIENCE = 5.0  # seconds that an event of several lines waits for more; the driver's
BATCH = 1_000  # lines that are kept at once
NOWHERE = -1  # no stream's id

log = logging.getLogger(__name__)

_GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
_STREAM_NAME = re.compile(r"[^:*]{1,512}")


class LogIntake:
    """See ports.logs.Intake."""

    def __init__(self, store: LogStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._outlets: dict[str, _Outlet] = {}  # by source

    def wanted(self, plan: TaskPlan, container: m.ContainerDefinition) -> Destination | None:
        try:
            return destinations.destination(plan, container)
        except InvalidOptions as error:
            raise NoOutlet(destinations.refusal(plan.launch_type, str(error))) from error

    def prepare(self, to: Destination, source: str, launch_type: str) -> None:
        name = to.stream or source
        problem = _problem(to, name)
        group = self._store.group(to.scope, to.group)
        if problem is None and group is None and not to.create_group:
            problem = destinations.no_group(launch_type)
        if problem is not None:
            raise NoOutlet(destinations.refusal(launch_type, problem))
        now = int(self._clock.now() * 1000)
        group = group or self._store.create_group(_new_group(to.scope, to.group, now))
        if self._store.stream(group, name) is None:
            self._store.create_stream(group, name, now)

    def outlet(self, to: Destination, source: str, catch_up: Callable[[], None] | None = None) -> Outlet:
        group = self._store.group(to.scope, to.group)
        stream = self._store.stream(group, to.stream or source) if group is not None else None
        starts = re.compile(to.starts) if to.starts else None
        found = NOWHERE if stream is None else stream.id
        done = partial(self._outlets.pop, source, None)
        outlet = _Outlet(self._store, self._clock, found, starts, source, catch_up or _nothing, done)
        self._outlets[source] = outlet
        return outlet

    def forget(self, source: str) -> None:
        outlet = self._outlets.pop(source, None)
        if outlet is not None:
            outlet.close()
        self._store.forget(source)

    def collect(self) -> None:
        """Keep everything that has been written by now."""
        for outlet in list(self._outlets.values()):
            outlet.catch_up()
            outlet.flush()

    def clear(self) -> None:
        """Take nothing more in from whoever writes now."""
        for outlet in self._outlets.values():
            outlet.close()
        self._outlets.clear()


class _Outlet:
    """See ports.logs.Outlet. A stream that somebody has deleted gets nothing more, as on AWS."""

    def __init__(
        self,
        store: LogStore,
        clock: Clock,
        stream: int,
        starts: re.Pattern[str] | None,
        source: str,
        catch_up: Callable[[], None],
        done: Callable[[], object],
    ) -> None:
        self._store = store
        self._clock = clock
        self._stream = stream
        self._starts = starts
        self._source = source
        self.catch_up = catch_up
        self._done = done
        self.mark = store.mark(source)
        self._lines: list[Line] = []  # not kept yet
        self._timer: Timer | None = None
        self._is_open = True

    def write(self, lines: Sequence[Line]) -> None:
        if not self._is_open:
            return
        self._lines += lines
        if len(self._lines) >= BATCH:
            self.flush()
        if self._lines and self._timer is None:
            self._timer = self._clock.call_at(self._clock.now() + DELAY, self.flush)

    def end(self) -> None:
        self.flush()
        self._give_up_waiting()
        self._is_open = False
        self._done()

    def close(self) -> None:
        """Let go of whatever is not kept yet."""
        self._cancel()
        self._lines.clear()
        self._is_open = False

    def flush(self) -> None:
        """Keep the events that are complete."""
        self._cancel()
        if self._starts is None:
            self._keep(_each(self._lines))
            return
        events, complete = joined(self._plain(), self._starts)
        self._keep(events, complete)
        if self._lines:
            self._timer = self._clock.call_at(self._clock.now() + PATIENCE, self._give_up_waiting)

    def _give_up_waiting(self) -> None:
        """Keep the event that has begun, too."""
        self.flush()
        self._cancel()
        self._keep(list(whole(self._plain())))

    def _plain(self) -> list[LogEvent]:
        return [LogEvent(line.at, line.text) for line in self._lines]

    def _keep(self, events: Sequence[LogEvent | Line], lines: int | None = None) -> None:
        """Keep the events, which were made of the first `lines` lines, or of all."""
        done, self._lines = self._lines[:lines], [] if lines is None else self._lines[lines:]
        taken = int(self._clock.now() * 1000)
        try:
            for at in range(0, len(events), BATCH):
                mark = done[-1].mark if at + BATCH >= len(events) else self.mark
                self._store.append(self._stream, events[at : at + BATCH], taken, self._source, mark)
                self.mark = mark
        except LogsUnavailable as error:
            log.warning("output of container %s is lost: %s", self._source, error)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _each(lines: list[Line]) -> Sequence[LogEvent | Line]:
    """Events of a line each. Nearly all lines are events as they are."""
    lengths = [len(line.text) for line in lines]
    if lengths and min(lengths) > 0 and max(lengths) <= SHORT:
        return lines
    return [event for line in lines for event in split(LogEvent(line.at, line.text))]


def _nothing() -> None:
    """Of a source that writes by itself."""


def _new_group(scope: Scope, name: str, now: int) -> LogGroup:
    return LogGroup(id=0, account=scope.account, region=scope.region, name=name, created=now)


def _problem(to: Destination, stream: str) -> str | None:
    """Why CloudWatch Logs takes no such names."""
    if not _GROUP_NAME.fullmatch(to.group):
        return f"failed to create Cloudwatch log group: InvalidParameterException: the name {to.group!r} is not valid"
    if not _STREAM_NAME.fullmatch(stream):
        return f"{destinations.NO_STREAM}InvalidParameterException: the name {stream!r} is not valid"
    return None
