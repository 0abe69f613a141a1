"""Delivers what rules and schedules send to other services: queues, topics, log groups, functions.

`invocations` says which lane has something to deliver. A lane, the invocations of one target by one rule, has one call
under way at a time, of as many as go into one, so what happened first arrives first; while one is tried again the
others wait behind it. What is under way is known to this process only: after a restart it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from kecs.control.inputs import UNREACHABLE
from kecs.control.queue import WorkQueue
from kecs.core.eventbridge.targets import Batch, answers_of, batch_of, calls_of, failure_of, is_done_already
from kecs.core.inputs.lookups import Answer, Lookup, Refusal
from kecs.core.invocations import failed, succeeded, tried
from kecs.core.records.eventbridge import InvocationRecord
from kecs.ports.clock import Clock
from kecs.ports.lookups import Lookups
from kecs.ports.store import Store

KIND = "delivery"
MOST = 100  # invocations that are looked at for one call
AT_ONCE = 4  # lanes with a call under way; tasks that are about to start make their own calls beside them


class _Sent(NamedTuple):
    """A call under way: object identity tells it from one that was forgotten."""

    batch: Batch
    answers: list[Answer]  # to each, once they are there


class Deliveries:
    """All lanes of one KECS."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        queue: WorkQueue,
        lookups: Lookups,
        settle: Callable[[InvocationRecord], None],
    ) -> None:
        """`settle` writes down an invocation after an attempt, within a transaction."""
        self._store = store
        self._clock = clock
        self._queue = queue
        self._lookups = lookups
        self._settle = settle
        self._under_way: dict[str, _Sent] = {}  # by lane
        self._held: dict[str, None] = {}  # lanes that wait until fewer calls are under way
        queue.register(KIND, self.work)

    def add(self, lane: str) -> None:
        self._queue.add(KIND, lane)

    def forget(self) -> None:
        """Drop everything that is under way; for a reset."""
        self._under_way.clear()
        self._held.clear()

    def work(self, lane: str) -> None:
        """Write down what came of the call under way, or make the next one."""
        sent = self._under_way.get(lane)
        if sent is None:
            self._begin(lane)
        elif sent.answers:
            with self._store.transaction():
                for record, answer in zip(sent.batch, sent.answers, strict=True):
                    if record.id in self._store.invocations:
                        self._settle(self._attempted(record, answer))
            del self._under_way[lane]  # only now: what could not be committed is written again
            self.add(lane)
            if self._held:
                held = next(iter(self._held))
                del self._held[held]
                self.add(held)

    def _begin(self, lane: str) -> None:
        table, now = self._store.invocations, self._clock.now()
        waiting = [r for key in islice(table.keys("lane", lane), MOST) if (r := table.get(key)) is not None]
        batch = batch_of(waiting, now)
        if not waiting:
            return
        if not batch:
            self._queue.wake(KIND, lane, waiting[0].due_at)
        elif len(self._under_way) >= AT_ONCE:
            self._held[lane] = None
        else:
            self._store.flush()  # nobody hears of what might not have happened
            sent = self._under_way[lane] = _Sent(batch, [])
            self._call(lane, sent, calls_of(batch))

    def _call(self, lane: str, sent: _Sent, calls: tuple[Lookup, ...]) -> None:
        call, *further = calls

        def answered(answer: Answer) -> None:
            if self._under_way.get(lane) is not sent:
                return  # it was forgotten
            if further and (not isinstance(answer, Refusal) or is_done_already(answer)):
                self._call(lane, sent, tuple(further))
            else:
                sent.answers.extend(answers_of(sent.batch, answer))
                self.add(lane)

        self._lookups.look_up(call, answered)

    def _attempted(self, record: InvocationRecord, answer: Answer) -> InvocationRecord:
        if not isinstance(answer, Refusal):
            return succeeded(record)
        failure = failure_of(answer)
        if failure.again and answer is not UNREACHABLE:
            return tried(record, str(answer), failure.code, self._clock.now())
        return failed(record, str(answer), failure.code)
