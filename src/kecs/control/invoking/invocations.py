"""Carries out invocations: has targets do what rules and schedules want, and tries again what may come right.

Tasks are run and events put on other buses right here; what goes to other services is left to `deliveries`. `counted`
says how many came to which end; `app` shows it in the metrics, and the feed tells of each.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from kecs.aws.errors import ModeledError
from kecs.control.invoking.deliveries import Deliveries
from kecs.control.queue import WorkQueue
from kecs.core.arns import scope_of
from kecs.core.eventbridge.rules import invocations, is_default_bus, matching
from kecs.core.invocations import dead_letter, failed, request_of, succeeded, tried
from kecs.core.records import Change
from kecs.core.records.eventbridge import InvocationRecord
from kecs.ports.clock import Clock, Ids
from kecs.ports.launcher import RunTask
from kecs.ports.lookups import Lookups
from kecs.ports.store import Store

KIND = "invocation"
REFUSED = {
    "ClusterNotFoundException": "NO_RESOURCE",
    "AccessDeniedException": "NO_PERMISSIONS",
    "LimitExceededException": "RESOURCE_LIMIT_EXCEEDED",
}
"""EventBridge's codes for the errors of RunTask; any other says that a parameter is wrong."""


class Invocations:
    """Takes up an invocation when it is due; one that has come to an end is forgotten."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue, run: RunTask, lookups: Lookups) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        self._run = run
        self.counted: Counter[tuple[str, str]] = Counter()  # by kind of source and outcome
        queue.register(KIND, self.work)
        self._deliveries = Deliveries(store, clock, queue, lookups, self._settle)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, _, _, after in changes:
            if table == "invocations" and after is not None:
                self._take_up(after)

    def recover(self) -> None:
        for record in self._store.invocations:
            self._take_up(record)

    def go_on(self) -> None:
        """Take up a snapshot whose alarms are set."""
        for record in self._store.invocations:
            if record.lane is not None:  # it may have been under way
                self._deliveries.add(record.lane)

    def forget(self) -> None:
        """For a reset."""
        self._deliveries.forget()

    def _take_up(self, record: InvocationRecord) -> None:
        if record.lane is None:
            self._queue.add(KIND, record.id)
        else:
            self._deliveries.add(record.lane)

    def work(self, key: str) -> None:
        record, now = self._store.invocations.get(key), self._clock.now()
        if record is None:
            return
        if record.due_at > now:
            self._queue.wake(KIND, key, record.due_at)
            return
        try:
            with self._store.transaction():
                self._settle(self._attempted(record, now))
        except ModeledError as error:
            code = REFUSED.get(error.code, "INVALID_PARAMETER")
            with self._store.transaction():
                self._settle(failed(record, f"{error.code}: {error.message}", code))

    def _attempted(self, record: InvocationRecord, now: float) -> InvocationRecord:
        """The invocation after one more attempt. Raises what RunTask refuses, which it would refuse again."""
        if record.run is None:
            return self._forwarded(record, now)
        try:
            request = request_of(record, record.run)
        except ValueError as error:
            return failed(record, str(error), "INVALID_JSON")
        response = self._run(scope_of(record.target_arn), request)
        if response.tasks:
            return succeeded(record)
        reasons = sorted({failure.reason or "" for failure in response.failures or ()})
        return tried(record, ", ".join(reasons), "RESOURCE_LIMIT_EXCEEDED", now)

    def _forwarded(self, record: InvocationRecord, now: float) -> InvocationRecord:
        """Put the event on another bus. AWS has none go further than from one bus to another."""
        bus, store = record.target_arn, self._store
        if record.forwarded:
            return failed(record, "the event has come from another event bus already", "THIRD_ACCOUNT_HOP_DETECTED")
        if bus not in store.event_buses and not is_default_bus(bus):
            return failed(record, f"Event bus {bus.split('/', 1)[1]} does not exist.", "NO_RESOURCE")
        event = msgspec.json.decode(record.input or "{}")
        for rule in matching(store.rules.where("listening", bus), event):
            for invocation in invocations(rule, event, self._ids.uuid, now, forwarded=record.by_rule):
                store.invocations.put(invocation)
        return succeeded(record)

    def _settle(self, record: InvocationRecord) -> None:
        self._store.invocations.put(record)  # whoever watches sees the end
        if record.status != "RETRYING":
            self._store.invocations.delete(record.id)
        self.counted[record.source.partition("/")[0], record.status] += 1
        letter = dead_letter(record, self._ids.uuid(), self._clock.now()) if record.dead_letter_arn else None
        if letter is not None:
            self._store.invocations.put(letter)
