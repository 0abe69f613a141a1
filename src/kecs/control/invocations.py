"""Carries out invocations: runs the tasks that rules and schedules want, and tries again what found no room.

`counted` says how many came to which end; `app` shows it in the metrics, and the feed tells of each.
"""

from __future__ import annotations

from collections import Counter

from kecs.aws.errors import ModeledError
from kecs.control.queue import WorkQueue
from kecs.core.arns import scope_of
from kecs.core.invocations import failed, request_of, succeeded, tried
from kecs.core.records import Change
from kecs.core.records.eventbridge import InvocationRecord
from kecs.ports.clock import Clock
from kecs.ports.launcher import RunTask
from kecs.ports.store import Store

KIND = "invocation"


class Invocations:
    """Takes up an invocation when it is due; one that has come to an end is forgotten."""

    def __init__(self, store: Store, clock: Clock, queue: WorkQueue, run: RunTask) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._run = run
        self.counted: Counter[tuple[str, str]] = Counter()  # by kind of source and outcome
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, _, after in changes:
            if table == "invocations" and after is not None:
                self._queue.add(KIND, key)

    def recover(self) -> None:
        for record in self._store.invocations:
            self._queue.add(KIND, record.id)

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
            with self._store.transaction():
                self._settle(failed(record, f"{error.code}: {error.message}"))

    def _attempted(self, record: InvocationRecord, now: float) -> InvocationRecord:
        """The invocation after one more attempt. Raises what RunTask refuses, which it would refuse again."""
        try:
            request = request_of(record)
        except ValueError as error:
            return failed(record, str(error))
        response = self._run(scope_of(record.target_arn), request)
        if response.tasks:
            return succeeded(record)
        reasons = sorted({failure.reason or "" for failure in response.failures or ()})
        return tried(record, ", ".join(reasons), now)

    def _settle(self, record: InvocationRecord) -> None:
        self._store.invocations.put(record)  # whoever watches sees the end
        if record.status != "RETRYING":
            self._store.invocations.delete(record.id)
        self.counted[record.source.partition("/")[0], record.status] += 1
