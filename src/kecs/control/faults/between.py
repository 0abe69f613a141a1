"""What stands between the supervisors and the runtime once a user has set a fault: commands that do not arrive, or
late, and reports that are not what happened. It knows no runtime, so faults are the same on all of them.

Invariants, for every task:
- a command is passed on once, or the report that it is waited for is made up;
- a report is passed on once and in its order, or the fault that keeps it back passes on the last one when it ends;
- nothing is reported on the stack of the command that caused it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from kecs.control.faults.book import FaultBook
from kecs.core.faults import reasons
from kecs.core.faults.kinds import BY_START
from kecs.core.faults.matching import matches
from kecs.core.faults.records import Fault
from kecs.core.faults.subjects import of_container, of_task
from kecs.core.records import Health, TaskRecord
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Failed, HealthChanged, Released, Report, Started
from kecs.ports.clock import Clock
from kecs.ports.runtime import Commands, Sink

KILLED = 137  # the exit code of SIGKILL

_Key = tuple[str, str]  # a task's ARN and a container's name


@dataclass(slots=True)
class _Live:
    """A container that runs, as far as has been reported."""

    since: float
    health: Health | None = None  # the last that was true
    masked: str | None = None  # the fault that says another
    exit: tuple[int, bool] | None = None  # code, and whether for want of memory: what its end will be said to be


class Between:
    """See ports.runtime.Commands, and Supervisors.put_between."""

    def __init__(
        self,
        runtime: Commands,
        clock: Clock,
        book: FaultBook,
        hear: Sink,
        plan_of: Callable[[str], TaskPlan | None],
        instance_of: Callable[[str], str | None],
    ) -> None:
        """`hear` takes reports to be true; `instance_of` gives a task's container instance."""
        self._runtime = runtime
        self._clock = clock
        self._book = book
        self._hear = hear
        self._plan_of = plan_of
        self._instance_of = instance_of
        self._live: dict[_Key, _Live] = {}
        self._cut_off: dict[str, list[Callable[[], None]]] = {}  # by instance: what waits for its agent
        self._denied: dict[str, str | None] = {}  # by task: why it does not get its secrets, once that is drawn
        self._to_start: dict[_Key, Callable[[], None]] = {}  # late
        self._over = False

    def take_up(self, tasks: Iterable[TaskRecord], reports: Iterable[Report]) -> None:
        """Know of what runs already: by its records, and by reports that are not applied to them yet."""
        for task in tasks:
            for container in task.containers:
                if container.phase in ("RUNNING", "STOPPING") and not task.agent_driven:
                    live = _Live(container.started_at or 0.0, container.health)
                    self._live[task.arn, container.name] = live
        for report in reports:
            match report:
                case Started():
                    self._live[report.task, report.container] = _Live(report.at)
                case Exited():
                    self._live.pop((report.task, report.container), None)

    def forget(self) -> None:
        """Let go of everything that is under way; for a reset."""
        self._over = True

    # -- commands ---------------------------------------------------------------------------------------------------

    def refuses(self, plan: TaskPlan) -> bool:
        return self._without_secrets(plan) is not None or self._runtime.refuses(plan)

    def provision(self, plan: TaskPlan) -> None:
        self._through_agent(plan.arn, lambda: self._provision(plan))

    def pull(self, plan: TaskPlan, container: str) -> None:
        self._through_agent(plan.arn, lambda: self._pull(plan, container))

    def start(self, plan: TaskPlan, container: str) -> None:
        self._through_agent(
            plan.arn, lambda: self._start(plan, container, lambda: self._runtime.start(plan, container))
        )

    def restart(self, plan: TaskPlan, container: str) -> None:
        self._through_agent(
            plan.arn, lambda: self._start(plan, container, lambda: self._runtime.restart(plan, container))
        )

    def stop(self, plan: TaskPlan, container: str, timeout: float) -> None:
        self._through_agent(plan.arn, lambda: self._stop(plan, container, timeout))

    def release(self, plan: TaskPlan) -> None:
        self._through_agent(plan.arn, lambda: self._runtime.release(plan))

    def _provision(self, plan: TaskPlan) -> None:
        reason = self._without_secrets(plan)
        if reason is None:
            self._runtime.provision(plan)
        else:
            self._fail(plan, None, reason)

    def _without_secrets(self, plan: TaskPlan) -> str | None:
        """Why the task does not get its secrets. It is asked of it more than once, and struck once."""
        secrets = reasons.secrets_of(plan)
        if secrets and plan.arn not in self._denied:
            struck = self._book.strike(("secret-error",), of_task(plan))
            said = struck[1].reason if struck is not None else None
            reason = reasons.with_code(said, reasons.SECRETS) if said else reasons.no_secret(secrets[0])
            self._denied[plan.arn] = reason if struck is not None else None
        return self._denied.get(plan.arn)

    def _pull(self, plan: TaskPlan, container: str) -> None:
        struck = self._book.strike(("pull-error",), of_container(plan, container))
        if struck is None:
            self._runtime.pull(plan, container)
            return
        said = struck[1].reason
        image = plan.container(container).image or ""
        reason = reasons.with_code(said, "CannotPullContainerError") if said else reasons.no_image(plan, image)
        self._fail(plan, container, reason, struck[1].seconds or 0.0)

    def _start(self, plan: TaskPlan, container: str, start: Callable[[], None]) -> None:
        subject = of_container(plan, container)
        struck = self._book.strike(("start-error", "slow-start"), subject)
        if struck is None:
            start()
        elif struck[1].kind == "slow-start":
            self._to_start[plan.arn, container] = start
            self._later(struck[1].seconds or 0.0, lambda: self._to_start.pop((plan.arn, container), _nothing)())
        else:
            said = struck[1].reason
            reason = reasons.with_code(said, "CannotStartContainerError") if said else reasons.NO_START
            self._fail(plan, container, reason)

    def _stop(self, plan: TaskPlan, container: str, timeout: float) -> None:
        if self._to_start.pop((plan.arn, container), None) is not None:
            gone = Exited(task=plan.arn, container=container, at=self._clock.now(), exit_code=None)
            self._later(0.0, lambda: self.heard(gone))  # it has never run
            return
        struck = self._book.strike(("slow-stop",), of_container(plan, container))
        seconds = struck[1].seconds or 0.0 if struck is not None else 0.0
        if seconds < timeout:
            self._later_or_now(seconds, lambda: self._runtime.stop(plan, container, timeout - seconds))
            return
        # It takes longer than it may: it is killed.
        self._later_or_now(timeout, lambda: self.end(plan.arn, container, KILLED if struck is not None else None))

    # -- reports ----------------------------------------------------------------------------------------------------

    def heard(self, report: Report) -> None:
        """The runtime's sink."""
        self._through_agent(report.task, lambda: self._tell(report))

    def _tell(self, report: Report) -> None:
        match report:
            case Started():
                self._hear(report)
                self._live[report.task, report.container] = _Live(report.at)
                self._lie_in_wait((report.task, report.container))
                return
            case Exited():
                live = self._live.pop((report.task, report.container), None)
                if live is not None and live.exit is not None:
                    code, out_of_memory = live.exit
                    report = replace(report, exit_code=code, out_of_memory=out_of_memory)
            case HealthChanged():
                live = self._live.get((report.task, report.container))
                if live is not None:
                    live.health = report.status
                    if live.masked is not None:
                        return
            case Failed(container=str() as container):
                self._live.pop((report.task, container), None)
            case Released():
                self._denied.pop(report.task, None)
                for key in [key for key in self._live if key[0] == report.task]:
                    del self._live[key]
        self._hear(report)

    # -- what comes to harm -----------------------------------------------------------------------------------------

    def apply(self, key: str, fault: Fault) -> None:
        """A fault of BY_START was set: it is also about what runs already, from now on."""
        for live in list(self._live):
            self._wait_for(live, key, fault)

    def kill(self, key: str, fault: Fault) -> int | None:
        """End what runs; how many containers, None when the fault is about none of them."""
        about = [live for live in self._live if self._is_about(fault, live)]
        struck = [live for live in about if self._book.draw(key)]
        for task, container in struck:
            self.end(task, container, KILLED if fault.exit_code is None else fault.exit_code)
        return len(struck) if about else None

    def end(self, task: str, container: str, code: int | None, *, out_of_memory: bool = False) -> None:
        """End a container at once, and have it said that this was its exit code, unless that is None."""
        live, plan = self._live.get((task, container)), self._plan_of(task)
        if live is not None and code is not None:
            live.exit = code, out_of_memory
        if plan is not None:
            self._runtime.stop(plan, container, 0.0)

    def lift(self, key: str) -> None:
        """A fault was removed: what it kept back is true again."""
        for (task, container), live in list(self._live.items()):
            if live.masked == key:
                live.masked = None
                self._say_health(task, container, live.health or "UNKNOWN")

    def cut_off(self, instance: str) -> None:
        """The agent of the instance is gone: it gets no command, and nothing is heard of its tasks."""
        self._cut_off.setdefault(instance, [])

    def reconnect(self, instance: str) -> None:
        """It is back, and everything that has waited comes through."""
        for act in self._cut_off.pop(instance, ()):
            act()

    def _lie_in_wait(self, live: _Key) -> None:
        """A container has started."""
        for key, fault in self._book:
            if fault.kind in BY_START:
                self._wait_for(live, key, fault)

    def _wait_for(self, live: _Key, key: str, fault: Fault) -> None:
        if self._is_about(fault, live):
            since = self._live[live].since
            self._later(fault.seconds or 0.0, lambda: self._harm(live, since, key, fault))

    def _is_about(self, fault: Fault, live: _Key) -> bool:
        plan = self._plan_of(live[0])
        if plan is None or not matches(fault, of_container(plan, live[1])):
            return False
        return fault.kind != "unhealthy" or plan.container(live[1]).health_check is not None

    def _harm(self, key: _Key, since: float, fault_key: str, fault: Fault) -> None:
        """The time has come, if the container still runs and the fault is still there."""
        live = self._live.get(key)
        if live is None or live.since != since or live.exit is not None or not self._book.draw(fault_key):
            return
        task, container = key
        match fault.kind:
            case "exit":
                self.end(task, container, 1 if fault.exit_code is None else fault.exit_code)
            case "out-of-memory":
                self.end(task, container, KILLED, out_of_memory=True)
            case "unhealthy":
                live.masked = fault_key
                self._say_health(task, container, "UNHEALTHY")

    def _say_health(self, task: str, container: str, status: Health) -> None:
        report = HealthChanged(task=task, container=container, status=status, at=self._clock.now())
        self._through_agent(task, lambda: self._hear(report))

    def _fail(self, plan: TaskPlan, container: str | None, reason: str, seconds: float = 0.0) -> None:
        def fail() -> None:
            self.heard(Failed(task=plan.arn, container=container, reason=reason, at=self._clock.now()))

        self._later(seconds, fail)

    def _through_agent(self, task: str, act: Callable[[], None]) -> None:
        """Do it, as soon as the agent of the task's instance is there."""
        instance = self._instance_of(task) if self._cut_off else None
        if instance is not None and instance in self._cut_off:
            self._cut_off[instance].append(act)
        else:
            act()

    def _later_or_now(self, seconds: float, act: Callable[[], None]) -> None:
        if seconds:
            self._later(seconds, act)
        else:
            act()

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._clock.call_at(self._clock.now() + seconds, lambda: None if self._over else act())


def _nothing() -> None:
    """It is not to be started any more."""
