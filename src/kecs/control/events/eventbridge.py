"""Sends the events of ECS and CodeDeploy: a listener of the store that hands the sink what a commit is worth telling.

`KeptEvents` is a sink that only remembers them; `app` shows what it has under /_kecs/events. Another one is `rules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kecs.control.events.recent import Recent
from kecs.core.eventbridge.daemons import daemon_deployment_events, daemon_task_events
from kecs.core.eventbridge.event import Event
from kecs.core.eventbridge.hooks import hook_events
from kecs.core.eventbridge.instances import instance_events
from kecs.core.eventbridge.services import service_events
from kecs.core.eventbridge.tasks import task_event
from kecs.core.records import Change, TaskRecord
from kecs.ports.clock import Clock
from kecs.ports.console import SentEvent
from kecs.ports.sink import Sink
from kecs.ports.store import Store

REMEMBERED = 2_000  # events; each holds on to a record or two


class EventBridge:
    """The sources aws.ecs and aws.codedeploy. What is gone, as after a reset, is told of no more."""

    def __init__(self, store: Store, clock: Clock, sink: Sink) -> None:
        self._store = store
        self._clock = clock
        self._sink = sink

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        now, take = self._clock.now(), self._sink.take
        for table, key, before, after in changes:
            if after is None:
                continue
            if table == "tasks":
                event = task_event(before, after, now)
                if event is not None:
                    take(event)
                    if after.daemon_arn is not None:
                        self._notice_daemon(before, after, now)
            else:
                for event in self._others(table, key, before, after, now):
                    take(event)

    def _others(self, table: str, key: str, before: Any, after: Any, now: float) -> Iterable[Event]:
        """The events of whatever is no task."""
        match table:
            case "services":
                return service_events(before, after, now)
            case "instances":
                return instance_events(before, after, self._store.tasks.where("instance", key), now)
            case "service_deployments":
                return hook_events(before, after, now)
            case "code_deployments":
                from kecs.core.eventbridge.codedeploy import code_deployment_events  # loaded with its API

                return code_deployment_events(before, after, now)
            case "daemon_deployments":
                return daemon_deployment_events(before, after, now)
        return ()

    def _notice_daemon(self, before: TaskRecord | None, after: TaskRecord, now: float) -> None:
        for event in daemon_task_events(before, after, now):
            self._sink.take(event)


class KeptEvents(Recent[SentEvent]):
    """See ports.sink.Sink: keeps the newest events and sends them nowhere."""

    def __init__(self) -> None:
        super().__init__(REMEMBERED)

    def take(self, event: Event) -> None:
        self._keep(SentEvent(id=self._last + 1, event=event))
        if self._news:
            self._tell()


class Both:
    """See ports.sink.Sink: two as one."""

    def __init__(self, first: Sink, second: Sink) -> None:
        self._first = first
        self._second = second

    def take(self, event: Event) -> None:
        self._first.take(event)
        self._second.take(event)
