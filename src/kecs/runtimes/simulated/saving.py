"""What simulated containers are up to, as data, and the other way round: for snapshots. `app.snapshots` calls it.

A container that a Python function stands for cannot be written down; its task counts as lost when it is restored.
"""

# What a snapshot needs of the runtime nobody else may ask for, so it has no public way.
# ruff: noqa: SLF001

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Literal

from msgspec import field
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import Health, Record, TaskRecord
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import ObservedTask
from kecs.ports.clock import Timer
from kecs.ports.runtime import LogLine
from kecs.runtimes.simulated.container import SimulatedContainer, State
from kecs.runtimes.simulated.network import HOST, Network, OpenPorts, Span
from kecs.runtimes.simulated.output import Output
from kecs.runtimes.simulated.runtime import SimulatedRuntime
from kecs.runtimes.simulated.scripts import HealthStep, Script, ScriptBook
from kecs.runtimes.simulated.task import SimulatedTask
from kecs.runtimes.simulated.texts import page_of

Order = Mapping[Timer, int]  # of the timers of the clock
Due = tuple[int, Callable[[], None]]  # its place in that order, and what sets it


class SavedTimer(Record):
    """A timer that is set."""

    when: float
    order: int


class SavedOutput(Record):
    """What a container has printed, and whether more is to come of its course or of its handler of SIGTERM."""

    lines: tuple[LogLine, ...] = ()
    count: int = 0
    ended: bool = False
    follows: Literal["course", "handler"] | None = None
    started_at: float = 0.0


class SavedContainer(Record):
    """A container; `step` and `checkup` are its timers."""

    name: str
    state: State
    output: SavedOutput
    script: Script | None = None
    bindings: tuple[m.NetworkBinding, ...] = ()
    started_at: float | None = None
    finished_at: float | None = None
    exit_code: int | None = None
    out_of_memory: bool = False
    health: Health | None = None
    kill_at: float | None = None
    exit_at: float | None = None
    ending: tuple[int | None, bool] = (None, False)
    step: SavedTimer | None = None
    checkup: SavedTimer | None = None


class SavedTask(Record):
    """A task and its containers."""

    arn: str
    containers: tuple[SavedContainer, ...]
    provisioned: bool = False
    address: str | None = None
    timer: SavedTimer | None = None


class SimulatedState(Record):
    """A simulated runtime."""

    block: str  # the first half of every address
    next_address: int
    next_port: int
    tasks: tuple[SavedTask, ...] = ()
    outputs: dict[str, dict[str, SavedOutput]] = field(default_factory=dict)  # of tasks that are gone


def save(runtime: SimulatedRuntime, order: Order) -> SimulatedState:
    """The runtime as it is now, nothing being due."""
    network, now = runtime._network, runtime._clock.now()
    return SimulatedState(
        block=network._block,
        next_address=network._next_address,
        next_port=network._next_port,
        tasks=tuple(
            SavedTask(
                arn=arn,
                containers=tuple(_saved(container, order, now) for container in task.containers.values()),
                provisioned=task.provisioned,
                address=task.address,
                timer=_timer(task.timer, order),
            )
            for arn, task in runtime._tasks.items()
            if all(container.run is None for container in task.containers.values())
        ),
        outputs={
            arn: {name: _output(output, None, now) for name, output in outputs.items()}
            for arn, outputs in runtime._outputs.items()
        },
    )


def timers(runtime: SimulatedRuntime) -> list[Timer]:
    """All that may be set."""
    found = [task.timer for task in runtime._tasks.values()]
    for task in runtime._tasks.values():
        for container in task.containers.values():
            found += [container.step, container.checkup]
    return [timer for timer in found if timer is not None]


def moved(state: SimulatedState, runtime: SimulatedRuntime) -> tuple[SimulatedState, Callable[[bytes], bytes] | None]:
    """The state with addresses of this runtime's, and what makes the same of a record; None when they are already."""
    own = runtime._network._block
    if own == state.block:
        return state, None
    pattern = re.compile(rb'"' + re.escape(f"{state.block}.".encode()) + rb'(?=\d+\.\d+")')

    def change(record: bytes) -> bytes:
        return pattern.sub(f'"{own}.'.encode(), record)

    def address(text: str | None) -> str | None:
        return None if text is None else change(f'"{text}"'.encode()).decode()[1:-1]

    tasks = tuple(replace(task, address=address(task.address)) for task in state.tasks)
    return replace(state, block=own, tasks=tasks), change


def replace_scripts(runtime: SimulatedRuntime, scripts: Mapping[str, Mapping[str, Any]]) -> None:
    """Have these scripts and no others."""
    runtime._scripts = ScriptBook(scripts)


def restore(
    runtime: SimulatedRuntime, state: SimulatedState, tasks: Iterable[tuple[TaskRecord, TaskPlan]]
) -> tuple[list[Due], set[str]]:
    """Have the tasks that are saved and recorded, in a runtime that has none: what sets their timers, and those that
    are exactly what their records say."""
    network = runtime._network
    network._next_address, network._next_port = state.next_address, state.next_port
    known = {record.arn: (record, plan) for record, plan in tasks}
    due: list[Due] = []
    whole: set[str] = set()
    for saved in state.tasks:
        if saved.arn not in known:
            continue
        record, plan = known[saved.arn]
        if _fits(record, saved):
            whole.add(saved.arn)
        due += _restored(runtime, saved, record, plan)
    runtime._outputs.update(
        {arn: {name: _read(output) for name, output in outputs.items()} for arn, outputs in state.outputs.items()}
    )
    return due, whole


def observed(runtime: SimulatedRuntime) -> list[ObservedTask]:
    return [task.observed() for task in runtime._tasks.values()]


def _saved(found: SimulatedContainer, order: Order, now: float) -> SavedContainer:
    return SavedContainer(
        name=found.name,
        state=found.state,
        output=_output(found.output, found, now),
        script=found.script,
        bindings=found.bindings,
        started_at=found.started_at,
        finished_at=found.finished_at,
        exit_code=found.exit_code,
        out_of_memory=found.out_of_memory,
        health=found.health,
        kill_at=found.kill_at,
        exit_at=found.exit_at,
        ending=found.ending,
        step=_timer(found.step, order),
        checkup=_timer(found.checkup, order),
    )


def _timer(timer: Timer | None, order: Order) -> SavedTimer | None:
    if timer is None or timer not in order:  # it has fired, or is cancelled
        return None
    return SavedTimer(when=timer.when, order=order[timer])  # type: ignore[attr-defined]  # a virtual clock's


def _output(output: Output, of: SimulatedContainer | None, now: float) -> SavedOutput:
    output.take_up(now)
    follows: Literal["course", "handler"] | None = None
    if of is not None and output._course is not None:
        follows = "course" if output._course is of.course else "handler"
    return SavedOutput(
        lines=tuple(output._lines),
        count=output.count,
        ended=output.ended,
        follows=follows,
        started_at=output._started_at if follows else 0.0,
    )


def _fits(record: TaskRecord, saved: SavedTask) -> bool:
    """Whether what the record waits for is under way."""
    if record.provisioning in ("ASKED", "RELEASING") and saved.timer is None:
        return False
    found = {container.name: container for container in saved.containers}
    for container in record.containers:
        there = found.get(container.name)
        if there is None:
            return False
        match container.phase:
            case "PULLING":
                fits = there.state == "known" and there.step is not None
            case "STARTING" | "RESTARTING":
                fits = there.state == "starting" and there.step is not None
            case "RUNNING":
                fits = there.state == "running"
            case "STOPPING":
                fits = there.state in ("running", "starting") and there.step is not None
            case _:
                fits = True
        if not fits:
            return False
    return True


def _restored(runtime: SimulatedRuntime, saved: SavedTask, record: TaskRecord, plan: TaskPlan) -> list[Due]:
    """Have the task; what sets its timers."""
    task = runtime._task(plan)
    task.provisioned, task.address = saved.provisioned, saved.address
    if plan.network_mode == "awsvpc" and saved.address is not None:
        runtime._network._addresses.add(saved.address)
    due: list[Due] = []
    if saved.timer is not None:
        releasing = record.provisioning == "RELEASING"
        then = partial(runtime._released, saved.arn) if releasing else partial(runtime._provisioned, task)
        due.append((saved.timer.order, partial(_set_timer, runtime, task, saved.timer.when, then)))
    for container in saved.containers:
        found = task.containers.get(container.name)
        if found is not None:
            due += _restored_container(runtime, task, found, container)
    return due


def _set_timer(runtime: SimulatedRuntime, task: SimulatedTask, when: float, then: Callable[[], None]) -> None:
    task.timer = runtime._clock.call_at(when, then)


def _restored_container(
    runtime: SimulatedRuntime, task: SimulatedTask, found: SimulatedContainer, saved: SavedContainer
) -> list[Due]:
    for name in ("state", "started_at", "finished_at", "exit_code", "out_of_memory", "health", "kill_at", "exit_at"):
        setattr(found, name, getattr(saved, name))
    found.ending, found.bindings = saved.ending, saved.bindings
    found.script = saved.script
    found.output = _read(saved.output)
    if saved.state == "running":
        found.begin(task.plan, found.script or Script(), by_function=False)
        found.ship(runtime.intake, task.plan, runtime._clock)  # as far as there is a log group now
        page = page_of(task.plan, found.name, found.definition.image)
        found.ports = _reopened(runtime._network, task, found, page)
    if saved.output.follows is not None:
        _, _, handler = found.reaction_to_sigterm(found.script or Script())
        course = found.course if saved.output.follows == "course" else handler
        if course is not None:
            found.output.follow(course, saved.output.started_at)
            found.output._taken_until = runtime._clock.now() - saved.output.started_at
    due: list[Due] = []
    if saved.step is not None:
        step = _step(runtime, task, found, saved)
        due.append((saved.step.order, partial(_set_step, runtime, found, saved.step.when, step)))
    if saved.checkup is not None:
        checkup = _checkup(runtime, task, found, saved, saved.checkup.when)
        due.append((saved.checkup.order, partial(_set_checkup, runtime, found, saved.checkup.when, checkup)))
    return due


def _set_step(runtime: SimulatedRuntime, found: SimulatedContainer, when: float, then: Callable[[], None]) -> None:
    found.step = runtime._clock.call_at(when, then)


def _set_checkup(runtime: SimulatedRuntime, found: SimulatedContainer, when: float, then: Callable[[], None]) -> None:
    found.checkup = runtime._clock.call_at(when, then)


def _step(
    runtime: SimulatedRuntime, task: SimulatedTask, found: SimulatedContainer, saved: SavedContainer
) -> Callable[[], None]:
    """What comes next for it."""
    script = found.script or Script()
    match saved.state:
        case "known":
            return partial(runtime._pulled, task, found, script)
        case "starting":
            return partial(runtime._started, task, found, script)
    code, out_of_memory = saved.ending
    return partial(runtime._exit, task, found, code, out_of_memory)


def _checkup(
    runtime: SimulatedRuntime, task: SimulatedTask, found: SimulatedContainer, saved: SavedContainer, when: float
) -> Callable[[], None]:
    """What comes next of its health; before it runs, its end."""
    if saved.state == "starting":
        return partial(runtime._exit, task, found, None)
    begun = saved.started_at or 0.0
    changes = found.health_changes(found.script or Script())
    left = tuple(step for step in changes if begun + step.at >= when - 1e-6) or (HealthStep(when - begun, "HEALTHY"),)
    return partial(runtime._health, task, found, left)


def _read(saved: SavedOutput) -> Output:
    output = Output()
    output._lines.extend(saved.lines)
    output.count, output.ended = saved.count, saved.ended
    return output


def _reopened(network: Network, task: SimulatedTask, found: SimulatedContainer, page: str) -> OpenPorts:
    """The ports that it had."""
    if task.plan.network_mode == "awsvpc":
        return network.open_ports("awsvpc", task.address, found.definition, page)
    opened = OpenPorts()
    for binding in found.bindings:
        first, size = _range(binding.host_port_range, binding.host_port)
        inside, _ = _range(binding.container_port_range, binding.container_port)
        protocol = binding.protocol or "tcp"
        network._reserve(opened, first, Span(first, size, protocol))
        for number in range(size):
            network._answer(opened, HOST, first + number, protocol, page, inside=inside + number)
    opened.bindings = list(found.bindings)
    return opened


def _range(text: str | None, port: int | None) -> tuple[int, int]:
    """The first of some ports, and how many there are."""
    if not text:
        return port or 0, 1
    first, _, last = text.partition("-")
    return int(first), int(last or first) - int(first) + 1
