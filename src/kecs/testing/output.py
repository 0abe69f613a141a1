"""What a container has printed, for a test that asserts on it."""

from __future__ import annotations

from typing import Any

from kecs.testing import admin
from kecs.testing.explaining import task_of


def output_of(client: Any, cluster: str, task: str, container: str | None = None) -> list[str]:
    """The lines that a task's container has printed so far; `container` tells which when the task has several.

    Raises LookupError when there is no such container, and when there are several and none is named.
    """
    found = task_of(client, cluster, task)
    names = [one["name"] for one in found["containers"]] if found else []
    if container is None and len(names) == 1:
        container = names[0]
    if container not in names:
        there = f"its containers are {', '.join(names)}" if names else f"cluster {cluster} has no such task"
        raise LookupError(f"Say which container of task {task}, not {container}: {there}.")
    return admin.output(client.meta.endpoint_url, cluster, task, str(container))
