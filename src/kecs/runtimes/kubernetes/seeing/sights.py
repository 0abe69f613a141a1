"""What a pod's status says of each of ECS's containers. Pure; called by `observing`.

A container that may restart has several slots in its pod, of which one after the other is opened; the last one that was
is the container as it is now. Kubernetes API, Pod v1 core.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from lightkube.models.core_v1 import Container, ContainerStatus
from lightkube.resources.core_v1 import Pod

from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.manifests.images import HELD

State = Literal["held", "waiting", "running", "exited", "unstartable"]

UNSTARTABLE = ("ContainerCannotRun", "StartError")  # how runtimes end a container whose command cannot be executed
UNKNOWN = "ContainerStatusUnknown"  # nobody knows how it ended
OUT_OF_MEMORY = "OOMKilled"
TICK = 0.999  # seconds; Kubernetes' times have no fractions, and an end is no earlier than what led to it


class Sight(NamedTuple):
    """One slot of a container."""

    container: str  # ECS's name
    number: int
    name: str  # the pod's
    image_held: bool  # it is not to run, or no more
    state: State
    confirmed: bool = False  # by the kubelet; a new pod has no statuses yet
    reason: str = ""  # with `message`: why it waits, or cannot be started
    message: str = ""
    id: str = ""
    digest: str | None = None
    ready: bool = False
    started_at: float | None = None  # seconds since the epoch, as the next two
    finished_at: float | None = None
    exit_code: int | None = None
    out_of_memory: bool = False


def task_of(pod: Pod) -> str | None:
    """The ARN of the task that the pod is."""
    return _annotations(pod).get(names.TASK_ARN)


def containers_of(pod: Pod) -> tuple[str, ...]:
    """ECS's names of the pod's containers, in their order."""
    return tuple(json.loads(_annotations(pod).get(names.CONTAINERS, "[]")))


def checks_of(pod: Pod) -> dict[str, float]:
    """The containers with a health check, and within how many seconds of their start it has passed once, or they are
    unhealthy."""
    return dict(json.loads(_annotations(pod).get(names.HEALTHY_WITHIN, "{}")))


def current(pod: Pod) -> dict[str, Sight]:
    """Each container as it is now."""
    found: dict[str, Sight] = {}
    for sight in sights(pod):
        before = found.get(sight.container)
        if before is None or not never_opened(sight):
            found[sight.container] = sight
    return found


def sights(pod: Pod) -> Iterator[Sight]:
    """Every slot of every container, those of one container in the order in which they are opened."""
    slots = names.slots(containers_of(pod))
    statuses = {status.name: status for status in (pod.status.containerStatuses if pod.status else None) or ()}
    containers = [c for c in (pod.spec.containers if pod.spec else ()) if c.name in slots]
    ended: dict[str, float] = {}
    for container in sorted(containers, key=lambda c: slots[c.name]):
        slot = slots[container.name]
        sight = _sight(slot, container, statuses.get(container.name))
        if sight.started_at is not None and (before := ended.get(slot.container)):
            sight = sight._replace(started_at=max(sight.started_at, before))
        if sight.finished_at is not None:
            ended[slot.container] = sight.finished_at
        yield sight


def has_slot(pod: Pod, container: str, number: int) -> bool:
    name = names.slot_name(container, number)
    return any(each.name == name for each in (pod.spec.containers if pod.spec else ()))


def never_opened(sight: Sight) -> bool:
    return sight.image_held and sight.state in ("held", "waiting")


def over(pod: Pod) -> bool:
    """Whether nothing will run in it any more, whatever the statuses of its containers still say."""
    return pod.status is not None and pod.status.phase in ("Failed", "Succeeded")


def address_of(pod: Pod) -> str | None:
    """Where the task is reached: at its node where that publishes its ports (`ports.on_node`)."""
    if pod.status is None:
        return None
    ports = (port for container in (pod.spec.containers if pod.spec else ()) for port in container.ports or ())
    return pod.status.hostIP if any(port.hostPort for port in ports) else pod.status.podIP


def _annotations(pod: Pod) -> dict[str, str]:
    return (pod.metadata.annotations if pod.metadata else None) or {}


def _sight(slot: names.Slot, container: Container, status: ContainerStatus | None) -> Sight:
    held = container.image == HELD
    seen = Sight(slot.container, slot.number, container.name, held, "held" if held else "waiting")
    state = status.state if status is not None else None
    if status is None or state is None:
        return seen
    seen = seen._replace(confirmed=True, id=_id(status.containerID), digest=_digest(status.imageID))
    if state.terminated is not None:
        return _ended(seen, state.terminated)
    if state.running is not None:
        return seen._replace(state="running", started_at=_seconds(state.running.startedAt), ready=bool(status.ready))
    reason = (state.waiting.reason if state.waiting else None) or ""
    message = (state.waiting.message if state.waiting else None) or ""
    is_held = reason == "InvalidImageName" and (status.image == HELD or HELD in message)
    return seen._replace(state="held" if is_held else "waiting", reason=reason, message=message)


def _ended(seen: Sight, ended: Any) -> Sight:
    reason, message = ended.reason or "", ended.message or ""
    if reason in UNSTARTABLE:
        return seen._replace(state="unstartable", reason=reason, message=message)
    finished = _seconds(ended.finishedAt)
    return seen._replace(
        state="exited",
        id=_id(ended.containerID) or seen.id,
        started_at=_seconds(ended.startedAt),
        finished_at=None if finished is None else finished + TICK,
        exit_code=None if reason == UNKNOWN else ended.exitCode,
        out_of_memory=reason == OUT_OF_MEMORY,
    )


def _id(text: str | None) -> str:
    """`docker://0123…` without how it is called."""
    return (text or "").rpartition("//")[2]


def _digest(image_id: str | None) -> str | None:
    """Of `docker-pullable://repository@sha256:…`; an image that no registry knows has none."""
    _, at, digest = (image_id or "").rpartition("@")
    return digest if at else None


def _seconds(at: datetime | None) -> float | None:
    """Kubernetes writes no time at all as one in the year 1."""
    seconds = at.timestamp() if at is not None and at.year > 1 else math.nan
    return None if math.isnan(seconds) or seconds <= 0 else seconds
