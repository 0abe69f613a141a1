"""Rules of EventBridge: fires them when their schedule is due, and for the events that ECS sends.

A schedule fires once for each moment: the moment and what comes of it are one transaction. What would have been due
while KECS was down is skipped.
"""

from __future__ import annotations

from collections import deque

from kecs.control.queue import WorkQueue
from kecs.core.arns import scope_of
from kecs.core.eventbridge.event import Event, written_out
from kecs.core.eventbridge.rules import DEFAULT, LATENCY, bus_arn, invocations, matching, scheduled_event, timed
from kecs.core.records import Change
from kecs.ports.clock import Clock, Ids
from kecs.ports.store import Store

KIND = "rule"
EVENTS = "events for rules"


class Rules:
    """See ports.sink.Sink for the events."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        self._events: deque[Event] = deque()
        queue.register(EVENTS, lambda _: self.deliver())
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, _, after in changes:
            if table == "rules" and after is not None and after.next_at is not None:
                self._queue.wake(KIND, key, after.next_at)

    def recover(self) -> None:
        now = self._clock.now()
        with self._store.transaction():
            for rule in self._store.rules:
                if rule.next_at is not None and rule.next_at <= now:
                    self._store.rules.put(timed(rule, now))
                elif rule.next_at is not None:
                    self._queue.wake(KIND, rule.arn, rule.next_at)

    def forget(self) -> None:
        self._events.clear()

    def work(self, arn: str) -> None:
        rule, now = self._store.rules.get(arn), self._clock.now()
        if rule is None or rule.next_at is None:
            return
        if rule.next_at > now:  # the alarm was for a schedule that it does not have any more
            self._queue.wake(KIND, arn, rule.next_at)
            return
        event = scheduled_event(rule, rule.next_at, self._ids.uuid())
        with self._store.transaction():
            for invocation in invocations(rule, event, self._ids.uuid, now):
                self._store.invocations.put(invocation)
            self._store.rules.put(timed(rule, now))

    def take(self, event: Event) -> None:
        """Remember it for the turn to come, if a rule could be about it: nothing is written while others listen."""
        if len(self._store.rules) and self._store.rules.keys("listening", _default_bus(event)):
            self._events.append(event)
            self._queue.add(EVENTS, "")

    def deliver(self) -> None:
        """Write down what comes of the events. The store has it done before what caused them becomes durable, so that
        a KECS that is killed has lost neither or both."""
        while self._events:
            event = self._events.popleft()
            rules, told = self._store.rules.where("listening", _default_bus(event)), written_out(event)
            with self._store.transaction():
                for rule in matching(rules, told):
                    for invocation in invocations(rule, told, self._ids.uuid, self._clock.now(), LATENCY):
                        self._store.invocations.put(invocation)


def _default_bus(event: Event) -> str:
    """ECS sends its events there."""
    return bus_arn(scope_of(event.about), DEFAULT)
