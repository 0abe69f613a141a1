"""The targets of a KECS without load balancers: healthy at once, unless somebody has said otherwise.

No request is ever under way to a target, so it has gone as soon as it is deregistered, whatever the deregistration
delay of its target group. What is said over the admin API is kept.
"""

from __future__ import annotations

from kecs.core.records import TaskRecord
from kecs.core.records.targets import TargetHealth, TargetRecord
from kecs.core.records.told import TargetGroupRecord
from kecs.core.tasks.commands import Deregister, Register
from kecs.core.tasks.reports import TargetChanged
from kecs.ports.clock import Clock
from kecs.ports.runtime import Sink
from kecs.ports.store import Store

# Seconds until health checks that fail from the start have failed often enough: a target group's defaults, two checks
# with 30 seconds between them.
UNHEALTHY_AFTER = 60.0


class SetTargets:
    """See ports.targets.Targets."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def open(self, sink: Sink) -> None:
        self._sink = sink

    def register(self, task: str, command: Register) -> None:
        target = command.target
        if target.health != "initial":  # it was registered before a restart
            return
        if self._expected(target).health == "unhealthy":
            self._clock.call_at(self._clock.now() + UNHEALTHY_AFTER, lambda: self._check(task, target))
        else:
            self._check(task, target)

    def deregister(self, task: str, command: Deregister) -> None:
        self._sink(TargetChanged(task=task, target=command.target, health="unused"))

    def set(self, task: TaskRecord, group: str | None, health: TargetHealth, reason: str | None) -> None:
        """Have the task's registered targets in the group, or all of them, be so. Raises ValueError without one."""
        targets = [target for target in task.targets if target.registered and group in (None, target.group)]
        if not targets:
            where = "any target group" if group is None else group
            raise ValueError(f"Task {task.id} is not registered in {where}.")
        for target in targets:
            self._sink(TargetChanged(task=task.arn, target=target, health=health, reason=reason))

    def set_group(self, group: TargetGroupRecord) -> list[str]:
        """Have whatever is registered in the group be so, and what will be; the ARNs of the tasks that are."""
        with self._store.transaction():
            self._store.target_groups.put(group)
        there = [t for t in self._store.tasks if any(x.registered and x.group == group.group for x in t.targets)]
        for task in there:
            self.set(task, group.group, group.health, group.reason)
        return [task.arn for task in there]

    def _check(self, task: str, target: TargetRecord) -> None:
        """The first health check of a target has an outcome."""
        now = self._store.tasks.get(task)
        if now is None or not any(t.is_same(target) and t.health == "initial" for t in now.targets):
            return  # somebody has said meanwhile how it is, or it has gone
        expected = self._expected(target)
        self._sink(TargetChanged(task=task, target=target, health=expected.health, reason=expected.reason))

    def _expected(self, target: TargetRecord) -> TargetGroupRecord:
        known = self._store.target_groups.get(target.group)
        return known or TargetGroupRecord(group=target.group, health="healthy")
