"""Task supervisors: the only writers of a task's status.

Invariants, for every task:
- its record is written by `work` alone once it exists, except that anybody may set its desired status to STOPPED,
  UpdateTaskProtection its protection, and an agent's Submit operations add what is `submitted`;
- reports are applied in the order in which they came, each in the transaction that also takes the steps that follow;
- every record on the way is written, so whoever watches sees every status;
- a command reaches the runtime only after the record that waits for its outcome is durable;
- of a task that its agent has taken over the runtime has nothing any more, and what it still reports is not heard.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import partial

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.control.inputs import Inputs
from kecs.control.queue import WorkQueue
from kecs.core.accounts import effective, root_of
from kecs.core.daemons.definition import as_task_definition
from kecs.core.inputs.lookups import has_inputs
from kecs.core.records import TaskRecord
from kecs.core.taskdefs.overrides import task_plan
from kecs.core.tasks.agent import observe, taken_over
from kecs.core.tasks.apply import apply
from kecs.core.tasks.changes import counted_once
from kecs.core.tasks.commands import Command, Deregister, Provision, Pull, Register, Release, Restart, Start, Stop
from kecs.core.tasks.plan import TaskPlan, Wishes
from kecs.core.tasks.recover import recover
from kecs.core.tasks.reports import Failed, ObservedTask, Report, TargetChanged
from kecs.core.tasks.step import step
from kecs.core.tasks.targets import again
from kecs.core.tasks.wishes import wishes_of
from kecs.ports.clock import Clock
from kecs.ports.lookups import Lookups
from kecs.ports.runtime import Commands, Runtime, Sink
from kecs.ports.store import Store
from kecs.ports.targets import Targets

log = logging.getLogger(__name__)

KIND = "task"


class Supervisors:
    """All task supervisors of one KECS. A task that has stopped costs nothing here."""

    def __init__(
        self, store: Store, runtime: Runtime, clock: Clock, queue: WorkQueue, lookups: Lookups, targets: Targets
    ) -> None:
        self._store = store
        self._runtime: Commands = runtime
        self._refuses = runtime.refuses
        self._sink: Sink | None = None  # of what stands between here and the runtime
        self._clock = clock
        self._queue = queue
        self._inputs = Inputs(lookups)
        self._targets = targets
        self._reports: dict[str, list[Report]] = {}  # by task: what is not applied yet
        self._plans: dict[str, TaskPlan] = {}  # by task: definition and overrides never change
        self._outbox: list[tuple[TaskPlan, Command]] = []  # not durable yet
        self.working: str | None = None  # the task whose changes are being committed
        queue.register(KIND, self.work)

    def report(self, report: Report) -> None:
        """The runtime's sink."""
        if self._sink is None:
            self.hear(report)
        else:
            self._sink(report)

    def hear(self, report: Report) -> None:
        """Take the report to be true."""
        self._reports.setdefault(report.task, []).append(report)
        self._queue.add(KIND, report.task)

    def put_between(self, commands: Commands, sink: Sink | None) -> list[Report]:
        """From now on commands go there, and reports too, unless `sink` is None; those that are not applied yet."""
        self._runtime, self._sink, self._refuses = commands, sink, commands.refuses
        return [report for reports in self._reports.values() for report in reports]

    def plan_of(self, arn: str) -> TaskPlan | None:
        """What the runtime is told of the task; None when it has stopped, or an agent runs it."""
        task = self._store.tasks.get(arn)
        return None if task is None or task.last_status == "STOPPED" or task.agent_driven else self._plan(task)

    def work(self, arn: str) -> None:
        """Apply what was reported of the task and take every step that can be taken now."""
        task = self._store.tasks.get(arn)
        if task is None or task.last_status == "STOPPED":  # whatever is still reported comes too late
            self._reports.pop(arn, None)
            return
        now, plan = self._clock.now(), self._plan(task)
        commands: list[Command] = []
        self.working = arn
        try:
            with self._store.transaction():
                if task.submitted and not task.agent_driven:
                    task = self._put(task, taken_over(task))
                    commands.append(Release())
                task = self._settle(task, plan, now, commands)
                for submission in task.submitted:
                    seen = observe(replace(task, submitted=task.submitted[1:]), submission)
                    task = self._settle(self._put(task, seen), plan, now, commands)
                for report in self._reports.get(arn, ()):
                    if task.agent_driven and not isinstance(report, TargetChanged):
                        continue
                    task = self._settle(self._put(task, apply(task, report)), plan, now, commands)
        finally:
            self.working = None
        self._reports.pop(arn, None)  # only now: what could not be committed is applied again
        self._outbox += [(plan, command) for command in commands]
        if task.last_status == "STOPPED":
            self._plans.pop(arn, None)

    def dispatch(self) -> None:
        """Hand the runtime the commands of this turn; called once their records are durable."""
        outbox, self._outbox = self._outbox, []
        for plan, command in outbox:
            if isinstance(command, Release):
                self._inputs.forget(plan.arn)
            elif isinstance(command, Provision | Pull | Start) and has_inputs(plan) and not self._refuses(plan):
                self._inputs.equip(plan, partial(self._try, command), partial(self._refused, plan, command))
                continue
            self._try(command, plan)

    def recover(self, observed: list[ObservedTask], whole: Collection[str] = ()) -> list[str]:
        """Take up every task after a restart. Answers the ARNs of what the runtime has and no record wants.

        `whole`: tasks that the runtime has exactly as their records say.
        """
        found = {task.task: task for task in observed}
        now = self._clock.now()
        for task in self._store.tasks:
            if task.last_status == "STOPPED":
                continue
            with self._store.transaction():
                # An agent goes on by itself, and says what comes of it.
                if not task.agent_driven and task.arn not in whole:
                    task = self._put(task, recover(task, found.pop(task.arn, None), now))
            self._outbox += [(self._plan(task), command) for command in again(task)]
            self._queue.add(KIND, task.arn)
        return list(found)

    def forget(self) -> None:
        """Drop everything that is under way; for a reset."""
        self._reports.clear()
        self._plans.clear()
        self._outbox.clear()
        self._inputs.clear()

    def _settle(self, task: TaskRecord, plan: TaskPlan, now: float, commands: list[Command]) -> TaskRecord:
        """Take every step that can be taken; what is to be done about them goes to `commands`."""
        while True:
            taken = step(task, plan, now)
            commands += taken.commands
            if taken.wake_at is not None:
                self._queue.wake(KIND, task.arn, taken.wake_at)
            if taken.task is task:
                return task
            task = self._put(task, taken.task)

    def _put(self, before: TaskRecord, after: TaskRecord) -> TaskRecord:
        if after is not before:
            after = counted_once(before, after)
            self._store.tasks.put(after)
        return after

    def _plan(self, task: TaskRecord) -> TaskPlan:
        plan = self._plans.get(task.arn)
        if plan is None:
            definition = self._definition(task)
            mode = effective(self._store.account_settings.get, task.scope, "defaultLogDriverMode", root_of(task.scope))
            node, wishes = self._place(task, definition)
            plan = task_plan(task, definition, task.service_name, mode, node, wishes)
            if not task.unplaced:  # where it will run is not known before
                self._plans[task.arn] = plan
        return plan

    def _place(self, task: TaskRecord, definition: m.TaskDefinition) -> tuple[str | None, Wishes | None]:
        """The name of the node that the task's container instance is made of, and what was asked of it."""
        arn = task.container_instance_arn
        instance = self._store.instances.get(arn) if arn is not None else None
        if instance is None or instance.node is None:
            return None, None
        return instance.node.name, wishes_of(
            task, definition, instance, self._store.tasks.where("instance", instance.arn)
        )

    def _definition(self, task: TaskRecord) -> m.TaskDefinition:
        record = self._store.task_definitions.get(task.definition_arn)
        if record is not None:
            return record.definition
        daemon = self._store.daemon_task_definitions.get(task.definition_arn)
        if daemon is None:
            raise LookupError(f"task definition {task.definition_arn} of task {task.arn} is gone")
        return as_task_definition(daemon.definition)

    def _try(self, command: Command, plan: TaskPlan) -> None:
        try:
            self._send(plan, command)
        except Exception as error:
            log.exception("%s of %s failed", type(command).__name__, plan.arn)  # the others still go out
            if isinstance(command, Provision | Pull | Start | Restart):
                container = None if isinstance(command, Provision) else command.container
                reason = f"InternalError: {error}"
                self.report(Failed(task=plan.arn, container=container, reason=reason, at=self._clock.now()))
            elif isinstance(command, Register):
                self.hear(TargetChanged(task=plan.arn, target=command.target, health="unhealthy"))
            elif isinstance(command, Deregister):
                self.hear(TargetChanged(task=plan.arn, target=command.target, health="unused"))

    def _refused(self, plan: TaskPlan, command: Command, reason: str) -> None:
        """The command cannot be given: the task does not get what it needs."""
        containers = (None, command.container) if isinstance(command, Start) else (None,)
        for container in containers:
            self.report(Failed(task=plan.arn, container=container, reason=reason, at=self._clock.now()))

    def _send(self, plan: TaskPlan, command: Command) -> None:
        match command:
            case Provision():
                self._runtime.provision(plan)
            case Pull():
                self._runtime.pull(plan, command.container)
            case Start():
                self._runtime.start(plan, command.container)
            case Restart():
                self._runtime.restart(plan, command.container)
            case Stop():
                self._runtime.stop(plan, command.container, command.timeout)
            case Release():
                self._runtime.release(plan)
            case Register():
                self._targets.register(plan.arn, command)
            case Deregister():
                self._targets.deregister(plan.arn, command)
