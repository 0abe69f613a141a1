"""Task and container life cycles as tables; nothing else changes a status."""

from kecs.core.lifecycle.tables import (
    CONTAINER_STATUS,
    CONTAINER_TRANSITIONS,
    TASK_TRANSITIONS,
    ContainerEvent,
    TaskEvent,
    container_step,
    task_step,
)

__all__ = [
    "CONTAINER_STATUS",
    "CONTAINER_TRANSITIONS",
    "TASK_TRANSITIONS",
    "ContainerEvent",
    "TaskEvent",
    "container_step",
    "task_step",
]
