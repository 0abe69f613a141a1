"""What a Kubernetes cluster says of pods, in lines, so that a test that has waited for them in vain explains itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightkube.resources.core_v1 import Event, Pod

from kecs.ports.runtime import RuntimeUnavailable
from kecs.runtimes.kubernetes.api.client import ALL, Cluster, ClusterError


async def explained(namespace: str = ALL, **selectors: str) -> str:
    """Of the pods that `labels` and `fields` select: their conditions, their containers, and what happened to them."""
    try:
        cluster = Cluster.named(Path(os.environ["KECS_TEST_KUBECONFIG"]))
    except RuntimeUnavailable as error:
        return str(error)
    try:
        pods = (await cluster.list(Pod, namespace, **selectors)).items
        lines = [line for pod in pods for line in (*_of(pod), *await _events(cluster, pod))]
    except ClusterError as error:
        return error.message
    finally:
        await cluster.close()
    return "\n".join(lines) or "there is no pod"


def _of(pod: Any) -> Iterator[str]:
    made, status = pod.metadata, pod.status
    yield f"pod {made.namespace}/{made.name}, version {made.resourceVersion}, made at {made.creationTimestamp:%T}:"
    yield f"  on {pod.spec.nodeName}, {status.phase} {_line(status, 'reason', 'message')}"
    if made.deletionTimestamp is not None:
        yield f"  to be gone at {made.deletionTimestamp:%T}"
    for condition in status.conditions or ():
        yield f"  {condition.type} {_line(condition, 'status', 'reason', 'message', 'lastTransitionTime')}"
    for container in pod.spec.containers:
        yield f"  container {container.name} has the image {container.image}"
    for each in status.containerStatuses or ():
        yield f"  container {each.name} is {_line(each, 'ready', 'image', 'state')}"


async def _events(cluster: Cluster, pod: Any) -> list[str]:
    found = await cluster.list(Event, pod.metadata.namespace, fields=f"involvedObject.uid={pod.metadata.uid}")
    return [f"  {_line(event, 'lastTimestamp', 'count', 'reason', 'message')}" for event in found.items]


def _line(part: Any, *names: str) -> str:
    told = part.to_dict()
    return json.dumps({name: told[name] for name in names if name in told}, default=str)
