"""ECS Task State Change: one event for every version of a task.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from kecs.core.eventbridge.event import Detail, Event, milliseconds, with_times
from kecs.core.records import TaskRecord
from kecs.core.tasks.attachments import INTERFACE
from kecs.core.tasks.view import task_view

TASK_STATE_CHANGE = "ECS Task State Change"

LEFT_OUT = ("healthStatus", "tags", "platformFamily", "fargateEphemeralStorage")
"""Members of DescribeTasks that the event has not."""

ATTACHMENT_TYPES = {INTERFACE: "eni"}
"""What the event calls them, where that is something else."""


def task_event(before: TaskRecord | None, after: TaskRecord, now: float) -> Event | None:
    """The event of this change, if the task has another version now."""
    if before is not None and before.version == after.version:
        return None
    return Event(detail_type=TASK_STATE_CHANGE, about=after.arn, at=now, detail=task_detail, subject=after)


def task_detail(task: TaskRecord, at: float) -> Detail:
    """The task as DescribeTasks shows it but for what the event has in other shapes, or not at all."""
    shown = with_times(msgspec.to_builtins(task_view(task)))
    for member in LEFT_OUT:
        shown.pop(member, None)
    attachments = [{**a, "type": ATTACHMENT_TYPES.get(a["type"], a["type"])} for a in shown["attachments"]]
    return {
        **shown,
        "attachments": attachments,
        "containers": [_container(container) for container in shown["containers"]],
        "overrides": {name: value for name, value in shown["overrides"].items() if value != []},
        "updatedAt": milliseconds(at),
    }


def _container(shown: dict[str, Any]) -> Detail:
    container = {name: value for name, value in shown.items() if name != "healthStatus" and value != []}
    if "managedAgents" in container:
        container["managedAgents"] = [_agent(agent) for agent in container["managedAgents"]]
    return container


def _agent(shown: dict[str, Any]) -> Detail:
    return {"status" if name == "lastStatus" else name: value for name, value in with_times(shown).items()}
