"""Looks at the containers of pods, for `runtimes.usage`. Called by `runtime`.

Where KECS may not ask kubelets, as with providers who keep nodes to themselves, a metrics server may tell the same.
https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/
Rights: those of `summaries`; pods.metrics.k8s.io (list).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

import msgspec
from lightkube.core.resource import ApiInfo, NamespacedResourceG, ResourceDef
from lightkube.utils.quantity import parse_quantity

from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError
from kecs.runtimes.kubernetes.measuring.insight import FindPod, created
from kecs.runtimes.kubernetes.measuring.summaries import FRESH, ContainerStats, Summaries
from kecs.runtimes.usage import MIB, Look, Usages

SMALL = {"n": 1e-9, "u": 1e-6}


class PodName(msgspec.Struct):
    name: str
    namespace: str


class ContainerMetrics(msgspec.Struct):
    name: str
    usage: Mapping[str, str]  # cpu in cores and memory in bytes, as quantities


class PodMetrics(msgspec.Struct, NamespacedResourceG):
    """As in metrics.k8s.io/v1beta1."""

    _api_info = ApiInfo(
        resource=ResourceDef("metrics.k8s.io", "v1beta1", "PodMetrics"), plural="pods", verbs=["global_list"]
    )

    metadata: PodName
    timestamp: datetime
    containers: list[ContainerMetrics] = []


class MetricsServer:
    """Asks it for all pods that the selector matches, not twice a second."""

    def __init__(self, cluster: Cluster, labels: str) -> None:
        self._cluster = cluster
        self._labels = labels
        self._turn = asyncio.Lock()
        self._kept: tuple[float, Mapping[tuple[str, str], PodMetrics]] = (float("-inf"), {})

    async def of(self, namespace: str, name: str) -> PodMetrics | None:
        """Of a pod; None when there is no such server, or it does not know the pod yet."""
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if now - self._kept[0] > FRESH:
                self._kept = now, await self._ask()
        return self._kept[1].get((namespace, name))

    async def _ask(self) -> Mapping[tuple[str, str], PodMetrics]:
        try:
            found = await self._cluster.list(PodMetrics, labels=self._labels)
        except (ClusterError, msgspec.MsgspecError):
            return {}
        return {(pod.metadata.namespace, pod.metadata.name): pod for pod in found.items}


def measuring(cluster: Cluster, labels: str, find: FindPod, tasks: Callable[[], Collection[str]]) -> Usages:
    """What measures the tasks of this KECS. `labels` selects its pods; `tasks`: the ARNs of those that there are."""
    summaries, server = Summaries(cluster), MetricsServer(cluster, labels)

    async def look_at(task: str) -> dict[str, Look]:
        pod = find(task)
        runs = [run for run in created(pod).values() if run.state == "running"] if pod is not None else []
        if pod is None or not runs:
            return {}
        looks: dict[str, Look | None] = {}
        measured = await summaries.of(pod)
        if measured is not None:
            looks = {each.name: look(each) for each in measured.pod.containers or ()}
        elif summaries.refused and (metrics := await server.of(pod.metadata.namespace, pod.metadata.name)):
            looks = {each.name: told(metrics.timestamp, each) for each in metrics.containers}
        return {run.id: found for run in runs if (found := looks.get(run.name)) is not None}

    return Usages(look_at, tasks)


def look(stats: ContainerStats) -> Look | None:
    """What a kubelet has measured of a container; None for one that it has not measured yet."""
    cpu, memory = stats.cpu, stats.memory
    if cpu is None or memory is None or cpu.usage_core_nano_seconds is None or memory.working_set_bytes is None:
        return None
    return Look(cpu.time.timestamp(), memory.working_set_bytes / MIB, cpu=cpu.usage_core_nano_seconds / 1e9)


def told(at: datetime, metrics: ContainerMetrics) -> Look | None:
    """What a metrics server says of a container."""
    cpu, memory = _amount(metrics.usage.get("cpu")), _amount(metrics.usage.get("memory"))
    return None if cpu is None or memory is None else Look(at.timestamp(), memory / MIB, rate=cpu)


def _amount(quantity: str | None) -> float | None:
    """lightkube does not know the small units that metrics are in."""
    if quantity is None:
        return None
    small = SMALL.get(quantity[-1:])
    return float(quantity[:-1]) * small if small else float(parse_quantity(quantity) or 0)
