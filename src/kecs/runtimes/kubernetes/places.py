"""Where containers of tasks run in a cluster, for those who have to do with one of them. Pure."""

from __future__ import annotations

from typing import NamedTuple

from lightkube.resources.core_v1 import Pod

from kecs.runtimes.kubernetes.seeing import sights


class Place(NamedTuple):
    """A container of a pod."""

    namespace: str
    pod: str
    container: str


def places_of(pod: Pod, container: str) -> dict[int, Place]:
    """By their numbers, in order, the runs that a container of ECS's has had, and the one that it has now."""
    assert pod.metadata is not None
    namespace, name = pod.metadata.namespace or "", pod.metadata.name or ""
    return {
        sight.number: Place(namespace, name, sight.name)
        for sight in sights.sights(pod)
        if sight.container == container and sight.state in ("running", "exited")
    }
