"""What an operator names, as a record: the console and what belongs to it ask."""

from __future__ import annotations

from kecs.app.kernel import Kernel
from kecs.core.arns import last_part
from kecs.core.records import TaskRecord
from kecs.ports.console import NoSuchContainer


def task_named(kernel: Kernel, cluster: str, task: str) -> TaskRecord:
    """The task of that id in a cluster of that name, in whichever account and region it is. Raises NoSuchContainer."""
    for record in kernel.store.clusters:
        if cluster in (record.arn, record.name):
            found = kernel.store.tasks.get(record.scope.task(record.name, last_part(task)))
            if found is not None:
                return found
    raise NoSuchContainer(f"Cluster {cluster} has no task {task}.")
