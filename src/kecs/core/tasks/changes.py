"""The small changes that reports and steps make to a task record; every way to change one is here.

`version` counts the changes that ECS sends an event for: a new last or desired status, or a container's status.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from kecs.core.lifecycle import CONTAINER_STATUS, ContainerEvent, TaskEvent, container_step, task_step
from kecs.core.records import ContainerRecord, TaskRecord

ESSENTIAL_EXITED = "Essential container in task exited"


def container_of(task: TaskRecord, name: str) -> ContainerRecord | None:
    return next((container for container in task.containers if container.name == name), None)


def change_container(
    task: TaskRecord, container: ContainerRecord, event: ContainerEvent | None, **fields: Any
) -> TaskRecord:
    """The task with this container moved by `event` (None: only its fields change); itself if that means nothing."""
    phase = container.phase
    if event is not None:
        after = container_step(phase, event)
        if after is None:
            return task
        phase = after
    changed = replace(container, phase=phase, **fields)
    containers = tuple(changed if c is container else c for c in task.containers)
    counted = CONTAINER_STATUS[phase] != CONTAINER_STATUS[container.phase]
    return replace(task, containers=containers, version=task.version + counted)


def counted_once(before: TaskRecord, after: TaskRecord) -> TaskRecord:
    """`after` with one version more than `before` at most: whatever happened at once is told in one event."""
    if after.version <= before.version + 1:
        return after
    return replace(after, version=before.version + 1)


def move(task: TaskRecord, event: TaskEvent, **fields: Any) -> TaskRecord:
    """The task after the event; itself when the event means nothing in its status."""
    after = task_step(task.last_status, event)
    if after is None:
        return task
    return replace(task, last_status=after, version=task.version + 1, **fields)


def request_stop(task: TaskRecord, code: str, reason: str, now: float) -> TaskRecord:
    """The task with desired status STOPPED. The first reason stays, whoever else asks later."""
    if task.desired_status == "STOPPED":
        return task
    return replace(
        task,
        desired_status="STOPPED",
        stop_code=code,
        stopped_reason=reason,
        stopping_at=now,
        version=task.version + 1,
    )
