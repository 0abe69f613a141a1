"""A task's next step: what it does by itself in the status it is in.

The supervisor calls `step` again and again until it answers the record it was given, writes every record on the way
(each is a change that somebody may watch) and hands the commands to the runtime once they are durable. A command is
given exactly when the record enters the phase that waits for its report, so it is never given twice.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from kecs.core.dependencies import may_start, may_stop
from kecs.core.records import ContainerRecord, Record, TaskRecord, TaskStatus
from kecs.core.tasks.changes import change_container, move, request_stop
from kecs.core.tasks.commands import Command, Provision, Pull, Release, Restart, Start, Stop
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.targets import deregistered, registered

DEFAULT_START_TIMEOUT = 180.0  # seconds; the ECS agent's ECS_CONTAINER_START_TIMEOUT
DEFAULT_STOP_TIMEOUT = 30.0  # seconds; the ECS agent's ECS_CONTAINER_STOP_TIMEOUT
STOPPABLE = ("STARTING", "RUNNING", "RESTARTING")
GIVEN_UP = 143  # the exit code that the agent makes up for a container whose dependencies never let it start
SPOT_NOTICE = 120.0  # seconds; from the notice on until Spot capacity is gone, whatever the task does


class Step(Record):
    """What came of one step: the record after it, what to ask of the runtime, when to look again."""

    task: TaskRecord
    commands: tuple[Command, ...] = ()
    wake_at: float | None = None


def step(task: TaskRecord, plan: TaskPlan, now: float) -> Step:
    """One step of the task at `now`; `Step.task is task` when there is nothing to do but wait."""
    if task.desired_status == "STOPPED":
        stopping = move(task, "stop")
        if stopping is not task:
            return Step(task=stopping)
    elif any(c.phase == "EXITED" for c in task.containers):
        return _restart(task)
    steps = _AGENT_STEPS if task.agent_driven else _STEPS
    return steps[task.last_status](task, plan, now)


def _restart(task: TaskRecord) -> Step:
    changed, commands = task, []
    for container in task.containers:
        if container.phase == "EXITED":
            changed = change_container(changed, container, "start")
            commands.append(Restart(container=container.name))
    return Step(task=changed, commands=tuple(commands))


def _provisioning(task: TaskRecord, _plan: TaskPlan, now: float) -> Step:
    if task.unplaced:
        return Step(task=task)
    if task.provisioning == "NO":
        return Step(task=replace(task, provisioning="ASKED"), commands=(Provision(),))
    return Step(task=move(task, "provisioned", connectivity_at=now) if task.provisioning == "DONE" else task)


def _pending(task: TaskRecord, plan: TaskPlan, now: float) -> Step:
    if task.provisioning == "NO":
        return Step(task=replace(task, provisioning="ASKED"), commands=(Provision(),))
    waiting = [c for c in task.containers if c.phase == "WAITING"]
    if waiting:
        return _pull(task, waiting, now)
    if task.pull_stopped_at is None and all(c.phase != "PULLING" for c in task.containers):
        return Step(task=replace(task, pull_stopped_at=now))
    if all(c.phase in ("RUNNING", "RESTARTING", "STOPPED") for c in task.containers):
        return Step(task=move(task, "launched"))
    return _start(task, plan, now) if task.provisioning == "DONE" else Step(task=task)


def _pull(task: TaskRecord, waiting: list[ContainerRecord], now: float) -> Step:
    changed = task if task.pull_started_at is not None else replace(task, pull_started_at=now)
    for container in waiting:
        changed = change_container(changed, container, "pull")
    return Step(task=changed, commands=tuple(Pull(container=c.name) for c in waiting))


def _start(task: TaskRecord, plan: TaskPlan, now: float) -> Step:
    """Starts every container that may start now; gives up on one that never can, with the task if it is essential."""
    changed, commands, wake_at = task, [], None
    for container in task.containers:
        if container.phase != "PULLED":
            continue
        definition = plan.container(container.name)
        verdict = may_start(definition, plan.containers, task.containers, now, DEFAULT_START_TIMEOUT)
        if verdict.may:
            changed = change_container(changed, container, "start")
            commands.append(Start(container=container.name))
        elif verdict.refusal is not None:
            changed = change_container(changed, container, "failed", reason=verdict.refusal, exit_code=GIVEN_UP)
            if container.essential:
                changed = request_stop(changed, "TaskFailedToStart", verdict.refusal, now)
        elif verdict.until is not None:
            wake_at = verdict.until if wake_at is None else min(wake_at, verdict.until)
    return Step(task=changed, commands=tuple(commands), wake_at=wake_at)


def _activating(task: TaskRecord, _plan: TaskPlan, now: float) -> Step:
    return Step(task=move(task, "activated", started_at=now))


def _running(task: TaskRecord, _plan: TaskPlan, _now: float) -> Step:
    task, commands = registered(task)
    return Step(task=task, commands=commands)


def _deactivating(task: TaskRecord, _plan: TaskPlan, _now: float) -> Step:
    task, commands = deregistered(task)
    if commands or any(target.health == "draining" for target in task.targets):
        return Step(task=task, commands=commands)
    return Step(task=move(task, "deactivated"))


def _stopping(task: TaskRecord, plan: TaskPlan, now: float) -> Step:
    changed, commands = task, []
    for container in task.containers:
        if container.phase in ("WAITING", "PULLING", "PULLED", "EXITED"):
            changed = change_container(changed, container, "stop")
        elif container.phase in STOPPABLE and may_stop(container.name, plan.containers, task.containers):
            changed = change_container(changed, container, "stop")
            timeout = _stop_timeout(task, plan.container(container.name).stop_timeout)
            commands.append(Stop(container=container.name, timeout=timeout))
    if changed is task and all(c.phase == "STOPPED" for c in task.containers):
        return Step(task=move(task, "exited", execution_stopped_at=now))
    return Step(task=changed, commands=tuple(commands))


def _stopped(task: TaskRecord, _plan: TaskPlan, _now: float) -> Step:
    return Step(task=task)


def _stop_timeout(task: TaskRecord, given: float | None) -> float:
    timeout = DEFAULT_STOP_TIMEOUT if given is None else given
    return min(timeout, SPOT_NOTICE) if task.stop_code == "SpotInterruption" else timeout


def _deprovisioning(task: TaskRecord, _plan: TaskPlan, now: float) -> Step:
    if task.provisioning in ("ASKED", "DONE"):
        return Step(task=replace(task, provisioning="RELEASING"), commands=(Release(),))
    if task.provisioning == "RELEASING":
        return Step(task=task)
    attachments = tuple(replace(a, status="DELETED") for a in task.attachments)
    containers = tuple(c if c.phase == "STOPPED" else replace(c, phase="STOPPED") for c in task.containers)
    return Step(task=move(task, "released", stopped_at=now, attachments=attachments, containers=containers))


_STEPS: dict[TaskStatus, Callable[[TaskRecord, TaskPlan, float], Step]] = {
    "PROVISIONING": _provisioning,
    "PENDING": _pending,
    "ACTIVATING": _activating,
    "RUNNING": _running,
    "DEACTIVATING": _deactivating,
    "STOPPING": _stopping,
    "DEPROVISIONING": _deprovisioning,
    "STOPPED": _stopped,
}


def _agent_provisioning(task: TaskRecord, _plan: TaskPlan, now: float) -> Step:
    """Waits until the agent says that the network interface is attached."""
    if task.provisioning == "NO":
        return Step(task=replace(task, provisioning="ASKED"))
    return Step(task=move(task, "provisioned", connectivity_at=now) if task.provisioning == "DONE" else task)


def _agent_pending(task: TaskRecord, _plan: TaskPlan, _now: float) -> Step:
    if task.provisioning == "NO":
        return Step(task=replace(task, provisioning="DONE"))
    started = all(c.phase in ("RUNNING", "STOPPED") for c in task.containers)
    return Step(task=move(task, "launched") if started else task)


def _agent_stopping(task: TaskRecord, _plan: TaskPlan, now: float) -> Step:
    if any(c.phase != "STOPPED" for c in task.containers):
        return Step(task=task)
    return Step(task=move(task, "exited", execution_stopped_at=task.execution_stopped_at or now))


def _agent_deprovisioning(task: TaskRecord, plan: TaskPlan, now: float) -> Step:
    """There is nothing to ask the runtime to let go of."""
    return _deprovisioning(replace(task, provisioning="RELEASED"), plan, now)


# What an agent runs is started and stopped by the agent: these only follow.
_AGENT_STEPS = _STEPS | {
    "PROVISIONING": _agent_provisioning,
    "PENDING": _agent_pending,
    "STOPPING": _agent_stopping,
    "DEPROVISIONING": _agent_deprovisioning,
}
