"""What tasks in pods look like from inside; see ports.inside.Insight. `runtime` makes it when somebody asks.

Most of it is in the pod, which KECS knows anyway; the rest a kubelet has measured (`summaries`). Which name servers a
pod has, and the gateway of its network, no API of Kubernetes tells.
Rights: nodes (get), and those of `summaries`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from lightkube.resources.core_v1 import Node
from lightkube.utils.quantity import parse_quantity

from kecs.core.inside.metadata import stamp
from kecs.core.inside.seen import NOTHING, SeenContainer, SeenTask, SeenVolume, Statistics
from kecs.core.inside.statistics import with_rates
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError
from kecs.runtimes.kubernetes.measuring.summaries import ContainerStats, Measured, Summaries
from kecs.runtimes.kubernetes.seeing import sights
from kecs.runtimes.kubernetes.seeing.sights import Sight

TOLD_WITHIN = 2.0  # seconds
WITH_ADDRESS = ("awsvpc", "bridge")

FindPod = Callable[[str], Any | None]
"""The pod of a task (lightkube's Pod), by the task's ARN."""

Sample = tuple[float, Statistics]


class KubernetesInsight:
    """`find`: what KECS knows of its pods."""

    def __init__(self, cluster: Cluster, find: FindPod) -> None:
        self._cluster = cluster
        self._find = find
        self._summaries = Summaries(cluster)
        self._nodes: dict[str, Any] = {}  # what is asked of them does not change
        self._awaited: dict[str, set[str]] = {}  # by task: the containers of its pod that were waited for
        self._samples: dict[str, dict[str, list[Sample]]] = {}  # the last two of each run, by task

    async def look(self, task: str, *, storage: bool = False) -> SeenTask:
        pod = await self._told(task)
        if pod is None:
            return NOTHING
        measured = await self._summaries.of(pod) if storage else None
        containers = {name: _container(pod, run, measured) for name, run in created(pod).items()}
        mode, dns = _mode(pod), pod.spec.dnsConfig
        return SeenTask(
            containers=containers,
            subnet=await self._subnet(pod) if mode == "awsvpc" else None,
            name_servers=tuple((dns and dns.nameservers) or ()) if mode == "awsvpc" else (),
        )

    def injector(self) -> None:
        """Nothing here can do that."""

    async def statistics(self, task: str) -> Mapping[str, Statistics]:
        for gone in [each for each in self._samples if self._find(each) is None]:
            del self._samples[gone]
        pod = self._find(task)
        measured = await self._summaries.of(pod) if pod is not None else None
        if pod is None or measured is None:
            return {}
        node = await self._node(pod)
        before = self._samples.get(task, {})
        now = self._samples[task] = {
            run.id: _with(before.get(run.id, []), sample)
            for run in created(pod).values()
            if run.state == "running" and (sample := _sample(pod, run, measured, node)) is not None
        }
        return {name: _compared(now[run.id]) for name, run in created(pod).items() if run.id in now}

    async def _told(self, task: str) -> Any | None:
        """The pod, with what its node tells of each container. Who asks from inside runs already, but nodes say so a
        moment later; each container is waited for once, as it may also be one whose image takes long."""
        for gone in [each for each in self._awaited if self._find(each) is None]:
            del self._awaited[gone]
        loop, awaited = asyncio.get_running_loop(), self._awaited.setdefault(task, set())
        until = loop.time() + TOLD_WITHIN
        while (pod := self._find(task)) is not None:
            untold = {s.name for s in sights.sights(pod) if not (s.image_held or s.id)} - awaited
            if not untold or not pod.spec.nodeName:
                break
            if loop.time() >= until:
                awaited |= untold
                break
            await asyncio.sleep(0.02)
        return pod

    async def _subnet(self, pod: Any) -> str | None:
        """That of the pods of its node, where there is such a thing."""
        node, address = await self._node(pod), pod.status.podIP
        blocks = ((node.spec.podCIDRs or [node.spec.podCIDR]) if node is not None and node.spec else None) or ()
        return next((b for b in blocks if b and address and ip_address(address) in ip_network(b)), None)

    async def _node(self, pod: Any) -> Any | None:
        name = pod.spec.nodeName
        if name and name not in self._nodes:
            try:
                self._nodes[name] = await self._cluster.get(Node, name)
            except ClusterError:  # it is gone, or the cluster is
                return None
        return self._nodes.get(name)


def created(pod: Any) -> dict[str, Sight]:
    """The containers of a pod that there are, by ECS's names."""
    return {name: sight for name, sight in sights.current(pod).items() if sight.id}


def _container(pod: Any, run: Sight, measured: Measured | None) -> SeenContainer:
    stats = measured.pod.container(run.name) if measured is not None else None
    spec = _spec(pod, run)
    sources = {volume.name: volume.hostPath for volume in pod.spec.volumes or ()}
    return SeenContainer(
        name=f"{pod.metadata.name}/{run.name}",
        id=run.id,
        image_id=_image_id(pod, run),
        created_at=run.started_at,
        started_at=run.started_at,
        addresses=(pod.status.podIP,) if pod.status.podIP and _mode(pod) in WITH_ADDRESS else (),
        volumes=tuple(
            SeenVolume(destination=m.mountPath, name=m.name, source=(at := sources.get(m.name)) and at.path)
            for m in (spec.volumeMounts if spec else None) or ()
        ),
        written=(stats.rootfs.used_bytes if stats and stats.rootfs else None) or 0,
    )


def _mode(pod: Any) -> str | None:
    """The network mode of the task."""
    return (pod.metadata.labels or {}).get(names.NETWORK)


def _image_id(pod: Any, run: Sight) -> str | None:
    """Its digest, or what its node calls it."""
    status = next(each for each in pod.status.containerStatuses if each.name == run.name)
    return run.digest or (status.imageID or "").rpartition("//")[2] or None


def _sample(pod: Any, run: Sight, measured: Measured, node: Any | None) -> Sample | None:
    """The statistics of a container that has been measured, as from Docker."""
    stats = measured.pod.container(run.name)
    if stats is None or stats.cpu is None or stats.cpu.usage_core_nano_seconds is None:
        return None
    at = stats.cpu.time.timestamp()
    cores = int(_amount(node, "cpu") or 1)
    network = measured.pod.network if _mode(pod) in WITH_ADDRESS else None  # else it is that of the node
    statistics: Statistics = {
        "read": stamp(at),
        "id": run.id,
        "name": f"/{pod.metadata.name}/{run.name}",
        "cpu_stats": {
            "cpu_usage": {"total_usage": stats.cpu.usage_core_nano_seconds},
            "system_cpu_usage": int((at - measured.node.start_time.timestamp()) * cores * 1e9),  # idle or not
            "online_cpus": cores,
        },
        "precpu_stats": {},
        "memory_stats": _memory(stats) | {"limit": _limit(pod, run) or _amount(node, "memory") or 0},
    }
    if network is not None and network.interfaces:
        counted = ("rx_bytes", "rx_errors", "tx_bytes", "tx_errors")
        statistics["networks"] = {i.name: {n: getattr(i, n) or 0 for n in counted} for i in network.interfaces}
    return at, statistics


def _memory(stats: ContainerStats) -> dict[str, Any]:
    memory = stats.memory
    if memory is None:
        return {}
    used = memory.usage_bytes or memory.working_set_bytes or 0
    details = {
        "inactive_file": max(used - (memory.working_set_bytes or used), 0),
        "rss": memory.rss_bytes,
        "pgfault": memory.page_faults,
        "pgmajfault": memory.major_page_faults,
    }
    return {"usage": used, "stats": {name: value for name, value in details.items() if value is not None}}


def _limit(pod: Any, run: Sight) -> int | None:
    """Bytes of memory that the container is held to."""
    spec = _spec(pod, run)
    resources = spec.resources if spec else None
    amount = ((resources and resources.limits) or {}).get("memory")
    return int(parse_quantity(amount) or 0) if amount else None


def _amount(node: Any | None, resource: str) -> int | None:
    """What a node has of it."""
    found = ((node.status.capacity if node is not None and node.status else None) or {}).get(resource)
    return int(parse_quantity(found) or 0) if found else None


def _spec(pod: Any, run: Sight) -> Any | None:
    return next((container for container in pod.spec.containers if container.name == run.name), None)


def _with(samples: list[Sample], sample: Sample) -> list[Sample]:
    """The last two: a kubelet's answer may be the same as before."""
    return samples if samples and sample[0] <= samples[-1][0] else [*samples[-1:], sample]


def _compared(samples: list[Sample]) -> Statistics:
    return with_rates(samples[0] if len(samples) > 1 else None, samples[-1])
