"""Makes the calls of lifecycle hooks that deployments wait for, and writes down what comes of them.

`services` says after each look at a service which answers are awaited; `loops` has the calls go out once that is
durable. What is under way is known to this process only, so after a restart the same calls are made again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from kecs.control.queue import WorkQueue
from kecs.core.deployments.hooks import HookAnswer, HookCall, answered
from kecs.ports.clock import Clock
from kecs.ports.hooks import Hooks, Report
from kecs.ports.store import Store

log = logging.getLogger(__name__)

KIND = "lifecycle hook"


class HookCalls:
    """All calls of hooks that are under way."""

    def __init__(self, store: Store, clock: Clock, queue: WorkQueue, hooks: Hooks) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._hooks = hooks
        self._under_way: set[tuple[str, int]] = set()  # hook ids and the numbers of the calls
        self._outbox: list[HookCall] = []  # not durable yet
        self._answers: dict[str, HookAnswer] = {}  # by hook id: not written down yet
        queue.register(KIND, self.work)
        hooks.connect(self.report)

    def want(self, calls: Iterable[HookCall]) -> None:
        """Have these calls made, unless they have been."""
        for call in calls:
            if (call.hook_id, call.number) not in self._under_way:
                self._under_way.add((call.hook_id, call.number))
                self._outbox.append(call)

    def dispatch(self) -> None:
        """Make the calls of this turn; called once their records are durable."""
        outbox, self._outbox = self._outbox, []
        for call in outbox:
            try:
                self._hooks.call(call)
            except Exception as error:
                log.exception("The call of %s failed", call.target)  # the others still go out
                self.report(_unanswered(call, f"InternalError: {error}"))

    def report(self, answer: HookAnswer) -> None:
        """The port's sink."""
        if (answer.hook_id, answer.number) in self._under_way:
            self._answers[answer.hook_id] = answer
            self._queue.add(KIND, answer.hook_id)

    def work(self, hook_id: str) -> None:
        """Write an answer down; the service loop goes on from there."""
        answer = self._answers.get(hook_id)
        if answer is None:
            return
        record = self._store.service_deployments.get(answer.deployment)
        after = answered(record, answer, self._clock.now()) if record is not None else None
        if after is not None and after is not record:
            if answer.error is not None:
                log.warning("A lifecycle hook of %s could not be called: %s", answer.deployment, answer.error)
            with self._store.transaction():
                self._store.service_deployments.put(after)
        del self._answers[hook_id]  # only now: what could not be committed is written again
        self._under_way.discard((hook_id, answer.number))

    def forget(self) -> None:
        """Drop everything that is under way; for a reset."""
        self._under_way.clear()
        self._outbox.clear()
        self._answers.clear()


class NoHooks:
    """See ports.hooks.Hooks: for a kernel that nobody has given any."""

    def __init__(self) -> None:
        self._report: Report = lambda answer: None  # noqa: ARG005  # not connected yet

    def connect(self, report: Report) -> None:
        self._report = report

    def call(self, call: HookCall) -> None:
        self._report(_unanswered(call, "there is nothing that runs hooks."))


def _unanswered(call: HookCall, error: str) -> HookAnswer:
    return HookAnswer(deployment=call.deployment, hook_id=call.hook_id, number=call.number, error=error)
