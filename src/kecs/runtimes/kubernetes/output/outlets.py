"""Where the output of a pod's containers goes, as an annotation of the pod tells: KECS may have been restarted since.

Called by `pods`, which writes it, and by `logs`. Pure.
"""

from __future__ import annotations

import json

import msgspec
from lightkube.resources.core_v1 import Pod

from kecs.core.logs.destinations import InvalidOptions, destination
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes import names
from kecs.runtimes.launching import sends_to_cloudwatch


def logs_of(plan: TaskPlan) -> str | None:
    """The annotation's value: a core.logs.destinations.Destination for each container with the log driver awslogs."""
    found = {}
    for container in plan.containers:
        if sends_to_cloudwatch(container):
            try:
                found[container.name] = msgspec.to_builtins(destination(plan, container))
            except InvalidOptions:
                continue  # it does not start
    return json.dumps(found) if found else None


def outlet_of(pod: Pod, container: str) -> str | None:
    """The Destination of a container, as JSON; None: its output stays where it is."""
    annotations = (pod.metadata.annotations if pod.metadata else None) or {}
    found = json.loads(annotations.get(names.LOGS, "{}")).get(container)
    return None if found is None else json.dumps(found)


def source_of(task: str, container: str) -> str:
    """What the container is called, whichever run it is in: its log stream, too, where nobody says another."""
    return f"{container}/{task.rpartition('/')[2]}"
