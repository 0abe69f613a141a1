"""Schedules of EventBridge Scheduler: fires them when their time has come.

Each fires once for every time it is due: that and what comes of it are one transaction. What would have fired while
KECS was down is skipped.
"""

from __future__ import annotations

from kecs.control.queue import WorkQueue
from kecs.core.eventbridge.schedules import fired, missed
from kecs.core.records import Change
from kecs.core.records.eventbridge import ScheduleRecord
from kecs.ports.clock import Clock, Ids
from kecs.ports.store import Store

KIND = "schedule"


class Schedules:
    """One alarm a schedule."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, _, after in changes:
            if table == "schedules" and after is not None and after.fires_at is not None:
                self._queue.wake(KIND, key, after.fires_at)

    def recover(self) -> None:
        now = self._clock.now()
        with self._store.transaction():
            for record in self._store.schedules:
                if record.fires_at is not None and record.fires_at <= now:
                    self._put(record, missed(record, now, self._ids.below))
                elif record.fires_at is not None:
                    self._queue.wake(KIND, record.arn, record.fires_at)

    def work(self, arn: str) -> None:
        record, now = self._store.schedules.get(arn), self._clock.now()
        if record is None or record.fires_at is None:
            return
        if record.fires_at > now:  # the alarm was for a time that it does not have any more
            self._queue.wake(KIND, arn, record.fires_at)
            return
        after, invocation = fired(record, self._ids.uuid, now, self._ids.below)
        with self._store.transaction():
            if invocation is not None:
                self._store.invocations.put(invocation)
            self._put(record, after)

    def _put(self, before: ScheduleRecord, after: ScheduleRecord | None) -> None:
        if after is None:
            self._store.schedules.delete(before.arn)
        else:
            self._store.schedules.put(after)
