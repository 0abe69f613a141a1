"""What is left of a container instance, and whether a task fits.

A `Room` is counted down while a batch of tasks is placed, so that placing a thousand of them looks at the tasks that
are there already only once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kecs.aws.model import ecs as m
from kecs.core.records import InstanceRecord, TaskRecord
from kecs.core.taskdefs.requirements import Requirements
from kecs.core.tasks.create import reserved_ports

REASONS = {
    "cpu": "RESOURCE:CPU",
    "memory": "RESOURCE:MEMORY",
    "ports": "RESOURCE:PORTS",
    "gpu": "RESOURCE:GPU",
    "agent": "AGENT",
    "inactive": "INACTIVE",
}
"""Reasons in AWS's failures; https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"""

Registered = dict[str | None, m.Resource]


class Room:
    """What a container instance still has to give: CPU units, MiB, GPUs and host ports."""

    def __init__(self, instance: InstanceRecord, tasks: Iterable[TaskRecord]) -> None:
        self.instance = instance
        registered = {r.name: r for r in instance.instance.registered_resources or []}
        self.cpu = _amount(registered, "CPU")
        self.memory = _amount(registered, "MEMORY")
        self.gpu = _amount(registered, "GPU")
        self.ports = {f"tcp/{port}" for port in _ports(registered, "PORTS")}
        self.ports |= {f"udp/{port}" for port in _ports(registered, "PORTS_UDP")}
        self.count = 0
        for task in tasks:
            if task.last_status != "STOPPED":
                self._take(task.reserved_cpu, task.reserved_memory, task.reserved_ports)

    def lacks(self, needs: Requirements) -> str | None:
        """AWS's reason why the task does not fit, or None when it does."""
        if self.instance.instance.status != "ACTIVE":
            return REASONS["inactive"]
        if not self.instance.instance.agent_connected:
            return REASONS["agent"]
        if needs.cpu > self.cpu:
            return REASONS["cpu"]
        if needs.memory > self.memory:
            return REASONS["memory"]
        if needs.gpu > self.gpu or (needs.all_gpus and not self.gpu):
            return REASONS["gpu"]
        return REASONS["ports"] if self.ports.intersection(reserved_ports(needs)) else None

    def give(self, needs: Requirements) -> None:
        self._take(needs.cpu, needs.memory, reserved_ports(needs))
        self.gpu -= self.gpu if needs.all_gpus else needs.gpu

    def _take(self, cpu: int, memory: int, ports: Sequence[str]) -> None:
        self.cpu -= cpu
        self.memory -= memory
        self.ports.update(ports)
        self.count += 1


def place(needs: Requirements, rooms: Sequence[Room]) -> tuple[Room | None, list[tuple[str, str]]]:
    """The room that takes the task, already counted down: of those that fit the one with the fewest tasks.

    When none fits: None, and (instance ARN, reason) for each instance that was looked at.
    """
    refused: list[tuple[str, str]] = []
    fitting: list[Room] = []
    for room in rooms:
        reason = room.lacks(needs)
        if reason is None:
            fitting.append(room)
        else:
            refused.append((room.instance.arn, reason))
    if not fitting:
        return None, refused
    chosen = min(fitting, key=lambda room: room.count)
    chosen.give(needs)
    return chosen, []


def _amount(registered: Registered, name: str) -> int:
    resource = registered.get(name)
    return (resource.integer_value if resource else None) or 0


def _ports(registered: Registered, name: str) -> list[str]:
    resource = registered.get(name)
    return (resource.string_set_value if resource else None) or []
