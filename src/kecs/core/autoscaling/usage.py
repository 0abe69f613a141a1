"""What the tasks of a service use, as CloudWatch's metrics of the namespace AWS/ECS say it. control.autoscaling calls.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_utilization.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kecs.core.records import Record, TaskRecord
from kecs.core.taskdefs.sizes import cpu_units, memory_mib

CPU, MEMORY = "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"
MEASURED = (CPU, MEMORY)


class Usage(Record):
    """What a task uses: CPU units, 1024 a core, and MiB. None: it is not known."""

    cpu: float | None = None
    memory: float | None = None


def utilization(metric: str, tasks: Iterable[TaskRecord], used: Mapping[str, Usage]) -> float | None:
    """What all tasks use in percent of what they reserve; None when that is not known of any."""
    total = reserved = 0.0
    for task in tasks:
        usage = used.get(task.arn)
        amount = None if usage is None else usage.cpu if metric == CPU else usage.memory
        if amount is not None:
            total += amount
            reserved += _reserved_cpu(task) if metric == CPU else _reserved_memory(task)
    return 100 * total / reserved if reserved else None


def _reserved_cpu(task: TaskRecord) -> float:
    if task.cpu:
        return cpu_units(task.cpu)
    return sum(int(container.cpu or 0) for container in task.containers)


def _reserved_memory(task: TaskRecord) -> float:
    """Of a container its soft limit, which is what it reserves, else the hard one."""
    if task.memory:
        return memory_mib(task.memory)
    return sum(int(container.memory_reservation or container.memory or 0) for container in task.containers)
