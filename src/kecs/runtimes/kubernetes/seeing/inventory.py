"""What a cluster has of this instance's tasks when KECS starts: its pods, which the reflector knows. Called by
`runtime`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from lightkube.resources.core_v1 import Pod

from kecs.core.tasks.reports import ObservedContainer, ObservedTask
from kecs.runtimes.kubernetes.seeing import sights
from kecs.runtimes.kubernetes.seeing.observing import Observing, TaskPod

_STATES: dict[sights.State, Literal["created", "running", "exited"]] = {
    "held": "created",
    "waiting": "created",
    "running": "running",
    "exited": "exited",
    "unstartable": "exited",
}


def observe(pods: Iterable[Pod], observing: Observing) -> list[ObservedTask]:
    """Every task that has a pod. What happens to it from here on is reported."""
    found = []
    for pod in pods:
        task = observing.adopt(pod)
        if task is not None:
            found.append(_observed(pod, task, observing))
    observing.complete = True
    return found


def _observed(pod: Pod, task: TaskPod, observing: Observing) -> ObservedTask:
    return ObservedTask(
        task=task.arn,
        containers=tuple(_containers(pod, task, observing)),
        provisioned=True,
        address=sights.address_of(pod),
    )


def _containers(pod: Pod, task: TaskPod, observing: Observing) -> Iterator[ObservedContainer]:
    """Those that were to start: of the others there is nothing yet but a place."""
    for sight in sights.current(pod).values():
        if sights.never_opened(sight):
            continue
        yield ObservedContainer(
            name=sight.container,
            runtime_id=sight.id,
            state=_STATES[sight.state],
            started_at=sight.started_at,
            finished_at=sight.finished_at,
            exit_code=sight.exit_code,
            out_of_memory=sight.out_of_memory,
            health=observing.health(task, sight),
            network_bindings=observing.bindings(task, sight.container),
        )
