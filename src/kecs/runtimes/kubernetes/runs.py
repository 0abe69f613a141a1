"""The containers of a pod as ECS has them: the current run of each. Called by `insight` and `usage`."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from kecs.runtimes.kubernetes import names


class Run(NamedTuple):
    """A container that has been created."""

    slot: str  # its name in the pod
    id: str
    image_id: str | None
    runs: bool
    started_at: float | None


def runs_of(pod: Any) -> dict[str, Run]:
    """By the name of the container, of lightkube's Pod. One that was restarted has its last run, one that is held
    none."""
    slots = names.slots(json.loads((pod.metadata.annotations or {}).get(names.CONTAINERS, "[]")))
    statuses = [each for each in (pod.status and pod.status.containerStatuses) or () if each.name in slots]
    created = sorted((each for each in statuses if each.containerID), key=lambda each: slots[each.name].number)
    return {slots[each.name].container: _run(each) for each in created}


def _run(status: Any) -> Run:
    running = status.state.running if status.state else None
    course = running or (status.state.terminated if status.state else None)
    since = course.startedAt if course is not None else None
    return Run(
        slot=status.name,
        id=status.containerID.rpartition("//")[2],
        image_id=digest if (digest := (status.imageID or "").rpartition("//")[2].rpartition("@")[2]) else None,
        runs=running is not None,
        started_at=since.timestamp() if since is not None else None,
    )
