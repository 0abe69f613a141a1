"""What happens by itself: rules of EventBridge and EventBridge Scheduler's schedules, and their invocations.

`app.machinery` puts it beside the other loops, on the same work queue.
"""

from __future__ import annotations

from kecs.control.invoking.invocations import Invocations
from kecs.control.invoking.rules import Rules
from kecs.control.invoking.schedules import Schedules
from kecs.control.queue import WorkQueue
from kecs.ports.clock import Clock, Ids
from kecs.ports.launcher import RunTask
from kecs.ports.lookups import Lookups
from kecs.ports.store import Store


class Scheduled:
    """The loops together; `rules` is a sink of ECS's events, too."""

    def __init__(
        self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue, run_task: RunTask, lookups: Lookups
    ) -> None:
        """`lookups` makes the calls of other services."""
        self.rules = Rules(store, clock, ids, queue)
        self.invocations = Invocations(store, clock, ids, queue, run_task, lookups)
        schedules = Schedules(store, clock, ids, queue)
        self._loops = (self.rules, schedules, self.invocations)
        for loop in self._loops:
            store.subscribe(loop.notice)

    def recover(self) -> None:
        """Take up what an earlier process left."""
        for loop in self._loops:
            loop.recover()

    def forget(self) -> None:
        """For a reset; the queue is cleared by whoever has it."""
        self.rules.forget()
        self.invocations.forget()

    def go_on(self) -> None:
        """Take up a snapshot whose alarms are set."""
        self.invocations.go_on()
