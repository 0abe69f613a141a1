"""The simulated runtime: containers that are only timers on the injected clock; see ports.runtime.Runtime.

No command runs a coroutine and every report comes from a timer, never on the stack of the command that caused it. So
KECS on this runtime and a `VirtualClock` is one deterministic simulation. A container does what its command says as
far as `commands` understands it, unless a script (`scripts`) says otherwise. Nothing survives the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kecs.core.records import Health
from kecs.core.tasks.environment import Way
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Failed, HealthChanged, ObservedTask, Provisioned, Pulled, Released, Report
from kecs.ports.clock import Clock, Timer
from kecs.ports.metrics import Measured
from kecs.ports.runtime import Capacity, GetIntake, LogLine, Sink
from kecs.ports.terminal import SessionRefused, Terminal
from kecs.runtimes.simulated.container import KILLED, SimulatedContainer
from kecs.runtimes.simulated.network import HOST, Network, PortTaken
from kecs.runtimes.simulated.output import NONE, Output, read
from kecs.runtimes.simulated.scripts import HealthStep, Script, ScriptBook
from kecs.runtimes.simulated.task import SimulatedTask
from kecs.runtimes.simulated.texts import SECRETS, architecture, digest, named, page_of

if TYPE_CHECKING:
    from kecs.ports.inside import Insight
    from kecs.ports.program import Program
    from kecs.runtimes.simulated.functions import Functions

NETWORK_SECONDS = 0.001  # how long a task's network takes to come up, and to go
KEPT_OUTPUTS = 1_000  # tasks that are gone whose output can still be read


class SimulatedRuntime:
    """Runs containers that exist on the clock only; see ports.runtime.Runtime."""

    name = "simulated"
    trouble = None  # nothing outside this process can fail

    def __init__(
        self,
        clock: Clock,
        *,
        capacity: Capacity | None = None,
        scripts: Mapping[str, Mapping[str, Any]] | None = None,
        listen: bool = False,
        way: Way | None = None,
    ) -> None:
        """`scripts`: fields of `Script` by image glob. `listen`: TCP ports of containers answer HTTP. `way`: how
        containers find KECS."""
        self._clock = clock
        self._capacity = capacity or Capacity(cpu=4096, memory=16384, architecture=architecture())
        self._scripts = ScriptBook(scripts or {})
        self._network = Network(listen=listen)
        self._way = way
        self._tasks: dict[str, SimulatedTask] = {}
        self._outputs: dict[str, dict[str, Output]] = {}  # of released tasks, oldest first
        self._sink: Sink = _nowhere
        self.intake: GetIntake | None = None  # whoever has CloudWatch Logs sets it
        self.functions: Functions | None = None  # whoever binds the first function to an image sets it

    async def open(self, sink: Sink) -> Capacity:
        return self.connect(sink, asyncio.get_running_loop())

    def connect(self, sink: Sink, loop: asyncio.AbstractEventLoop | None = None) -> Capacity:
        """What `open` does, for callers without a running loop; ports then do not answer."""
        self._sink = sink
        self._network.open(loop)
        return self._capacity

    async def close(self) -> None:
        """The simulated world ends with its process: its ports close too."""
        self._discard(list(self._tasks))
        self._network.close()
        if self.functions is not None:
            await self.functions.close()

    async def inventory(self) -> list[ObservedTask]:
        return [task.observed() for task in self._tasks.values()]

    async def discard(self, tasks: Iterable[str] | None = None) -> None:
        self._discard(list(self._tasks) if tasks is None else tasks)
        if tasks is None:
            self._outputs.clear()

    def vacate(self, clusters: Sequence[str]) -> None:
        """Their tasks had nothing in common."""

    def set_script(self, pattern: str, script: Mapping[str, Any]) -> None:
        """Images that match the glob behave like this; fields as in `Script`. Raises ValueError."""
        self._scripts.set(pattern, script)

    def scripts(self) -> dict[str, dict[str, Any]]:
        """The scripts that were set, by image glob."""
        return dict(self._scripts.given)

    # -- commands ---------------------------------------------------------------------------------------------------

    def refuses(self, plan: TaskPlan) -> bool:
        """A script can say so."""
        return any(self._secrets_missing(SimulatedContainer(plan, c)) for c in plan.containers if c.secrets)

    def provision(self, plan: TaskPlan) -> None:
        task = self._task(plan)
        task.timer = self._later(NETWORK_SECONDS, lambda: self._provisioned(task))

    def pull(self, plan: TaskPlan, container: str) -> None:
        task = self._task(plan)
        found = task.containers[container]
        script = self._read_script(task, found)
        if script is not None:
            found.step = self._later(script.pull_seconds, lambda: self._pulled(task, found, script))

    def start(self, plan: TaskPlan, container: str) -> None:
        task = self._task(plan)
        found = task.containers[container]
        script = found.script or self._read_script(task, found)  # it was pulled by a process that has ended
        if script is not None:
            found.state = "starting"
            found.step = self._later(script.start_seconds, lambda: self._started(task, found, script))

    def restart(self, plan: TaskPlan, container: str) -> None:
        self._task(plan).containers[container].again()
        self.start(plan, container)

    def stop(self, plan: TaskPlan, container: str, timeout: float) -> None:
        task = self._tasks.get(plan.arn)
        found = task.containers.get(container) if task is not None else None
        if task is None or found is None:
            return
        if found.state == "known":  # nobody waits for its image any more
            found.cancel_timers()
        elif found.state == "starting":
            found.kill_at = self._clock.now() + timeout
            found.checkup = self._clock.call_at(found.kill_at, lambda: self._exit(task, found, None))
        elif found.state == "running":
            self._send_sigterm(task, found, timeout)

    def release(self, plan: TaskPlan) -> None:
        task = self._tasks.get(plan.arn) or SimulatedTask(plan, self._way)
        self._halt(task)
        task.timer = self._later(NETWORK_SECONDS, lambda: self._released(plan.arn))

    def measure(self, tasks: Sequence[str], then: Measured) -> None:
        """What scripts say that containers use; of a task without such a script nothing is known."""
        now = self._clock.now()
        then({arn: self._tasks[arn].usage(now) for arn in tasks if arn in self._tasks})

    def logs(
        self, task: str, container: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogLine]:
        known = self._tasks.get(task)
        outputs = known.outputs() if known is not None else self._outputs.get(task, {})
        return read(outputs.get(container, NONE), self._clock, follow=follow, tail=tail)

    def insight(self) -> Insight:
        from kecs.runtimes.simulated.insight import SimulatedInsight  # with the first who looks

        return SimulatedInsight(self._clock, self._tasks, self._network)

    async def execute(self, task: str, container: str, command: Sequence[str]) -> Terminal:
        from kecs.runtimes.simulated.terminal import SimulatedTerminal  # with the first session

        try:
            _, found = self._running(task, container)
        except LookupError as error:
            raise SessionRefused(str(error)) from error
        terminal = SimulatedTerminal(self._clock, command, found.environment)
        found.terminals.append(terminal)
        return terminal

    def _read_script(self, task: SimulatedTask, found: SimulatedContainer) -> Script | None:
        """What the container does from now on; None when its environment makes no sense, and it fails for that."""
        try:
            found.script = self._scripts.script(found.definition.image or "", found.environment)
        except ValueError as error:
            reason = f"CannotCreateContainerError: {error}"
            found.step = self._later(0.0, lambda: self._fail(task, found, reason))
            return None
        return found.script

    def _task(self, plan: TaskPlan) -> SimulatedTask:
        if (task := self._tasks.get(plan.arn)) is None:
            task = self._tasks[plan.arn] = SimulatedTask(plan, self._way)
        return task

    # -- what scripts cannot foresee --------------------------------------------------------------------------------

    def exit_container(self, task: str, container: str, code: int, *, out_of_memory: bool = False) -> None:
        """Make a running container exit now. Raises LookupError when it is not running."""
        known, found = self._running(task, container)
        self._exit_in(0.0, known, found, code, out_of_memory=out_of_memory)

    def set_health(self, task: str, container: str, status: Health) -> None:
        """Make a container's health this from now on. Raises LookupError when it has no check or is not running."""
        known, found = self._running(task, container)
        if found.health is None:
            raise LookupError(f"container {container} has no health check")
        if found.checkup is not None:
            found.checkup.cancel()
        found.checkup = self._later(0.0, lambda: self._health(known, found, (HealthStep(0.0, status),)))

    def _running(self, task: str, container: str) -> tuple[SimulatedTask, SimulatedContainer]:
        known = self._tasks.get(task)
        found = known.containers.get(container) if known is not None else None
        if known is None or found is None or found.state != "running":
            raise LookupError(f"container {container} of task {task} is not running")
        return known, found

    # -- what timers do ---------------------------------------------------------------------------------------------

    def _provisioned(self, task: SimulatedTask) -> None:
        reason = next(filter(None, map(self._secrets_missing, task.containers.values())), None)
        if reason is not None:
            self._sink(Failed(task=task.plan.arn, container=None, reason=reason, at=self._clock.now()))
            return
        mode = task.plan.network_mode
        if task.address is None and mode != "none":
            task.address = self._network.take_address() if mode == "awsvpc" else HOST
        task.provisioned = True
        self._sink(Provisioned(task=task.plan.arn, address=task.address, mac_address=task.mac_address))

    def _secrets_missing(self, found: SimulatedContainer) -> str | None:
        """Why the task cannot get the container's secrets."""
        with suppress(ValueError):  # of its environment, which fails the container later
            script = self._scripts.script(found.definition.image or "", found.environment)
            if script.secret_error is not None and found.definition.secrets:
                return named(script.secret_error, SECRETS)
        return None

    def _pulled(self, task: SimulatedTask, found: SimulatedContainer, script: Script) -> None:
        if script.pull_error is not None:
            self._fail(task, found, named(script.pull_error, "CannotPullContainerError"))
            return
        found.step = None
        found.state = "pulled"
        self._sink(Pulled(task=task.plan.arn, container=found.name, digest=digest(found.definition.image or "")))

    def _started(self, task: SimulatedTask, found: SimulatedContainer, script: Script) -> None:
        if found.checkup is not None:  # it was to be killed if it had not come to run
            found.checkup.cancel()
        reason = None if script.start_error is None else named(script.start_error, "CannotStartContainerError")
        reason = reason or found.ship(self.intake, task.plan, self._clock)
        if reason is not None:
            self._fail(task, found, reason)
            return
        now = self._clock.now()
        program = None if self.functions is None else self.functions.program(found)
        page = page_of(task.plan, found.name, found.definition.image) if program is None else None
        try:
            found.ports = task.open_ports(self._network, found.definition, page)
        except PortTaken as error:
            self._fail(task, found, f"CannotStartContainerError: {error}")
            return
        found.bindings = tuple(found.ports.bindings)
        found.state, found.started_at = "running", now
        found.begin(task.plan, script, by_function=program is not None)
        found.output.follow(found.course, now)
        for note in found.ports.notes:
            found.output.write(now, f"kecs: {note}")
        if program is not None:
            self._call(program, task, found, script)
        self._live(task, found, script, now)
        self._sink(task.started(found, now))

    def _live(self, task: SimulatedTask, found: SimulatedContainer, script: Script, now: float) -> None:
        """Set the timers of a container that has just started."""
        found.step = None
        end, code = found.course.ends, found.course.exit_code
        memory = found.end_of_memory(task.plan, script)
        if memory is not None and (end is None or memory < end):
            self._exit_in(memory, task, found, KILLED, out_of_memory=True)
        elif end is not None:
            self._exit_in(end, task, found, code)
        if found.run is None:
            self._await_health(task, found, found.health_changes(script))
        if found.kill_at is not None:
            self._send_sigterm(task, found, found.kill_at - now)

    def _call(self, program: Program, task: SimulatedTask, found: SimulatedContainer, script: Script) -> None:
        """Let a function do what the container does."""
        assert self.functions is not None
        found.run = self.functions.start(
            program,
            task,
            found,
            exited=lambda code: self._exit_in(0.0, task, found, code),
            settled=lambda: self._await_health(task, found, found.health_changes(script)),
            health=lambda status: self._await_health(task, found, found.declared(status, self._clock.now())),
        )

    def _send_sigterm(self, task: SimulatedTask, found: SimulatedContainer, timeout: float) -> None:
        now = self._clock.now()
        if found.run is not None:
            if found.exit_at is None or now + timeout < found.exit_at:
                self._exit_in(timeout, task, found, KILLED)
            found.run.terminate()
            return
        after, code, handler = found.reaction_to_sigterm(found.script or Script())
        if handler is not None and handler.lines:
            found.output.take_up(now)
            found.output.follow(handler, now)
        if after is None or after > timeout:
            after, code = timeout, KILLED
        if found.exit_at is None or now + after < found.exit_at:  # else it ends by itself before that
            self._exit_in(after, task, found, code)

    def _exit_in(
        self, seconds: float, task: SimulatedTask, found: SimulatedContainer, code: int, *, out_of_memory: bool = False
    ) -> None:
        """Let the container exit then, and not when it would have until now."""
        if found.step is not None:
            found.step.cancel()
        found.exit_at, found.ending = self._clock.now() + seconds, (code, out_of_memory)
        found.step = self._clock.call_at(found.exit_at, lambda: self._exit(task, found, code, out_of_memory))

    def _health(self, task: SimulatedTask, found: SimulatedContainer, changes: tuple[HealthStep, ...]) -> None:
        """The first of these changes of health has come."""
        (at, status), *later = changes
        found.checkup = None
        if later:
            rest = tuple(later)
            found.checkup = self._later(rest[0].at - at, lambda: self._health(task, found, rest))
        found.health = status
        self._sink(HealthChanged(task=task.plan.arn, container=found.name, status=status, at=self._clock.now()))

    def _await_health(self, task: SimulatedTask, found: SimulatedContainer, changes: tuple[HealthStep, ...]) -> None:
        """These changes of health come, and no others."""
        if found.checkup is not None:
            found.checkup.cancel()
        if changes:
            found.checkup = self._later(changes[0].at, lambda: self._health(task, found, changes))

    def _exit(
        self, task: SimulatedTask, found: SimulatedContainer, code: int | None, out_of_memory: bool = False
    ) -> None:
        """`code`: None of a container that has not run."""
        now = self._clock.now()
        self._end(found, now)
        found.exit_code, found.out_of_memory = code, out_of_memory
        told = Exited(task=task.plan.arn, container=found.name, at=now, exit_code=code, out_of_memory=out_of_memory)
        self._sink(told)

    def _fail(self, task: SimulatedTask, found: SimulatedContainer, reason: str) -> None:
        found.output.end(self._clock.now())
        found.state, found.step = "exited", None
        self._sink(Failed(task=task.plan.arn, container=found.name, reason=reason, at=self._clock.now()))

    def _released(self, arn: str) -> None:
        self._discard([arn])
        self._sink(Released(task=arn))

    # -- the end of things ------------------------------------------------------------------------------------------

    def _end(self, found: SimulatedContainer, now: float) -> None:
        """The container no longer runs, for whatever reason."""
        found.cancel_timers()
        if found.run is not None:
            found.run.kill()
            found.run = None
        for terminal in found.terminals:
            terminal.hang_up(KILLED)
        if found.ports is not None:
            self._network.close_ports(found.ports)
        found.state, found.finished_at = "exited", now
        found.output.end(now)

    def _halt(self, task: SimulatedTask) -> None:
        """Nothing more happens in this task; what still ran ends without a report."""
        if task.timer is not None:
            task.timer.cancel()
        for container in task.containers.values():
            if container.state != "exited":
                self._end(container, self._clock.now())

    def _discard(self, arns: Iterable[str]) -> None:
        for arn in arns:
            if (task := self._tasks.pop(arn, None)) is None:
                continue
            self._halt(task)
            if task.plan.network_mode == "awsvpc" and task.address is not None:
                self._network.give_back(task.address)
            self._outputs[arn] = task.outputs()
            if len(self._outputs) > KEPT_OUTPUTS:
                del self._outputs[next(iter(self._outputs))]

    def _later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return self._clock.call_at(self._clock.now() + seconds, callback)


def _nowhere(_report: Report) -> None:
    """The sink of a runtime that is not open."""
