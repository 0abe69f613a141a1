"""A container of the simulated runtime: its state, and how its definition, script and command make its course.

`runtime` moves it from state to state; nothing here has a clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from zlib import crc32

from kecs.aws.model import ecs as m
from kecs.core.autoscaling.usage import Usage
from kecs.core.records import Health
from kecs.core.taskdefs.sizes import memory_mib
from kecs.core.tasks.environment import Way, container_environment
from kecs.core.tasks.plan import TaskPlan
from kecs.ports.clock import Clock, Timer
from kecs.ports.runtime import GetIntake
from kecs.runtimes.simulated.course import Course
from kecs.runtimes.simulated.health import as_scripted, by_definition, has_check
from kecs.runtimes.simulated.network import OpenPorts
from kecs.runtimes.simulated.output import Output
from kecs.runtimes.simulated.scripts import HealthStep, Script, health_course, output_lines

if TYPE_CHECKING:
    from kecs.runtimes.simulated.functions import Run
    from kecs.runtimes.simulated.terminal import SimulatedTerminal

State = Literal["known", "pulled", "starting", "running", "exited"]

UNREADABLE_JOB_SECONDS = 1.0  # how long a one-off lasts whose command is not understood
KILLED, TERMINATED = 137, 143  # exit codes of SIGKILL and SIGTERM
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class SimulatedContainer:
    """One container of a task. `step` is the timer of whatever comes next for it, `checkup` of its health."""

    def __init__(self, plan: TaskPlan, definition: m.ContainerDefinition, way: Way | None = None) -> None:
        self.definition = definition
        self.name = definition.name or ""
        self.environment = container_environment(plan, definition, way)
        self.state: State = "known"
        self.script: Script | None = None
        self.course = Course()
        self.output = Output()
        self.ports: OpenPorts | None = None
        self.bindings: tuple[m.NetworkBinding, ...] = ()
        self.runtime_id = f"{plan.id}-{crc32(self.name.encode()):010d}"  # the form that Fargate uses
        self.started_at: float | None = None
        self.finished_at: float | None = None
        self.exit_code: int | None = None
        self.out_of_memory = False
        self.health: Health | None = "UNKNOWN" if has_check(definition.health_check) else None
        self.kill_at: float | None = None  # a stop came before it was running: when its timeout ends
        self.step: Timer | None = None
        self.exit_at: float | None = None  # when it will exit, as far as that is settled
        self.ending: tuple[int | None, bool] = (None, False)  # its exit code then, and whether it is out of memory
        self.checkup: Timer | None = None
        self.terminals: list[SimulatedTerminal] = []  # commands that ECS Exec runs in it
        self.run: Run | None = None  # of the function that stands for its image, while it goes on
        self._declared: tuple[HealthStep, ...] = ()  # what the function has said of its health

    def again(self) -> None:
        """Forget how it ended: it is started once more."""
        self.output.ended = False
        self.exit_code = self.finished_at = self.exit_at = self.kill_at = None
        self.out_of_memory = False
        self.health = None if self.health is None else "UNKNOWN"
        self._declared = ()

    def begin(self, plan: TaskPlan, script: Script, *, by_function: bool) -> None:
        """Settle what the container will do once it runs; by a function, that is up to the function."""
        self.course = Course() if by_function else _course(plan, self.definition, self.environment, script)

    def ship(self, intake: GetIntake | None, plan: TaskPlan, clock: Clock) -> str | None:
        """Have the output go to CloudWatch Logs, too, if the definition says so; why that cannot be, if so."""
        log = self.definition.log_configuration
        if intake is None or log is None or log.log_driver != "awslogs":
            return None
        from kecs.runtimes.simulated.shipping import opened  # with the first one

        self.output.outlet, reason = opened(intake(), plan, self.definition, self.runtime_id, self.output, clock)
        return reason

    def cancel_timers(self) -> None:
        for timer in (self.step, self.checkup):
            if timer is not None:
                timer.cancel()
        self.step = self.checkup = None

    def end_of_memory(self, plan: TaskPlan, script: Script) -> float | None:
        """Seconds after the start at which it has used more memory than it may; None when it stays below."""
        limits = [self.definition.memory, memory_mib(plan.memory) if plan.memory else None]
        limit = min((limit for limit in limits if limit), default=None)
        if limit is None:
            return None
        if self.course.hoards or (script.memory_mib is not None and script.memory_mib > limit):
            return script.memory_seconds
        return None

    def usage(self, now: float) -> Usage:
        """What its script says that it uses."""
        script, since = self.script or Script(), now - (self.started_at or now)
        memory = script.memory_mib if since >= script.memory_seconds else None
        return Usage(cpu=script.cpu_units, memory=memory)

    def health_changes(self, script: Script) -> tuple[HealthStep, ...]:
        """What its health check will find, seconds after the start."""
        check = self.definition.health_check
        if check is None or self.health is None or self._declared:
            return ()
        course = self._health_course(check, script)
        if script.health_by_definition:
            return by_definition(course, check)
        return as_scripted(course, check, script.health_seconds)

    def declared(self, status: Health, now: float) -> tuple[HealthStep, ...]:
        """What its health check will find when it is so from now on, seconds from now."""
        check, since = self.definition.health_check, now - (self.started_at or now)
        if check is None or self.health is None:
            return ()
        script = self.script or Script()
        self._declared = (*(step for step in self._declared if step.at < since), HealthStep(since, status))
        if not script.health_by_definition:
            return (HealthStep(0.0, status),) if status != self.health else ()
        before = tuple(step for step in self._health_course(check, script) if step.at < self._declared[0].at)
        found = by_definition((*before, *self._declared), check)
        return tuple(HealthStep(step.at - since, step.status) for step in found if step.at >= since)

    def _health_course(self, check: m.HealthCheck, script: Script) -> tuple[HealthStep, ...]:
        return health_course(script.health) or (HealthStep(0.0, _result(check.command, self.environment)),)

    def reaction_to_sigterm(self, script: Script) -> tuple[float | None, int, Course | None]:
        """After how long SIGTERM ends it (None: never), its exit code then, and what it prints meanwhile."""
        handler = self.course.on_sigterm
        if script.ignore_sigterm or (handler is not None and handler.ends is None):
            return None, KILLED, handler
        own_code = handler.exit_code if handler is not None else TERMINATED
        code = own_code if script.stop_exit_code is None else script.stop_exit_code
        return script.stop_seconds + (handler.ends or 0.0 if handler is not None else 0.0), code, handler


def _course(plan: TaskPlan, definition: m.ContainerDefinition, environment: dict[str, str], script: Script) -> Course:
    """The course of a container: its command's, with what the script says instead."""
    argv = (*(definition.entry_point or ()), *(definition.command or ()))
    course = Course()
    if argv:
        variables = {"PATH": PATH, "HOSTNAME": plan.id[:12], "HOME": "/root", **environment}
        understood = _understood(argv, variables)
        if understood is not None:
            course = understood
        elif plan.service is None:
            course = Course(ends=UNREADABLE_JOB_SECONDS)
    if script.output is not None:
        course = course._replace(lines=output_lines(script.output), loop=None)
    if script.exit_code is not None:
        course = course._replace(exit_code=script.exit_code, ends=course.ends or 0.0)
    if script.run_seconds is not None:
        exit_code = course.exit_code if script.exit_code is not None else 0
        course = course._replace(ends=script.run_seconds, exit_code=exit_code)
    return course


def _understood(argv: tuple[str, ...], variables: dict[str, str]) -> Course | None:
    """What the command does, or None when it is not understood."""
    from kecs.runtimes.simulated.commands import course_of  # a server that starts needs no shell yet

    return course_of(argv, _mentioned(argv, variables))


def _mentioned(argv: tuple[str, ...], variables: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables that the command can depend on, so that equal commands share a course whatever else differs."""
    text = " ".join(argv)
    prints_all = "env" in text or "hostname" in text
    return tuple(pair for pair in variables.items() if prints_all or pair[0] in text)


def _result(command: list[str], environment: dict[str, str]) -> Health:
    """What a check with this command finds; one that is not understood finds everything well."""
    kind, *argv = command
    if kind == "CMD-SHELL":
        argv = ["sh", "-c", *argv]
    elif kind != "CMD":
        argv = ["sh", "-c", *command]
    course = _understood(tuple(argv), environment)
    return "HEALTHY" if course is None or (course.ends is not None and course.exit_code == 0) else "UNHEALTHY"
