"""The cluster's nodes: watched, told as KECS sees them, cordoned and given up. See ports.nodes.Nodes.

Opened by `runtime`. Without the right to see nodes KECS has none, and its built-in container instance stands for the
whole cluster. Kubernetes API, Node v1 core.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from lightkube.resources.core_v1 import Node as KubernetesNode
from lightkube.resources.core_v1 import Pod
from lightkube.utils.quantity import parse_quantity

from kecs.core.records import Node
from kecs.ports.nodes import All, Changed, Gone, Sink, Told
from kecs.ports.runtime import Capacity
from kecs.runtimes.kubernetes.api.client import Cluster
from kecs.runtimes.kubernetes.api.reflector import Reflector
from kecs.runtimes.kubernetes.api.wire import ClusterError, ClusterGone, pause_of
from kecs.runtimes.kubernetes.names import of_instance, selector

CONDITIONS = "node.kubernetes.io/"  # taints that Kubernetes itself puts and takes away, as a node is
OURS = "kecs.dev/"  # taints that keep everything but tasks off
KEEPS_OFF = ("NoSchedule", "NoExecute")
GPU = "nvidia.com/gpu"
ARCHITECTURES = {"amd64": "x86_64"}
MIB = 1024 * 1024
CPU = 1024  # CPU units of a core
AWS = "aws://"
PAUSE = 1.0  # seconds until something is asked of an API server again that did not answer

log = logging.getLogger(__name__)


def node_of(found: Any) -> Node:
    """What KECS has to know of a node. Taints that pods of tasks do not tolerate reserve it for something else."""
    metadata, spec, status = found.metadata, found.spec, found.status
    info = status.nodeInfo if status else None
    free = (status.allocatable or status.capacity or {}) if status else {}
    architecture = info.architecture if info else ""
    ready = any(c.type == "Ready" and c.status == "True" for c in (status.conditions if status else None) or ())
    taints = [t for t in (spec.taints if spec else None) or () if not t.key.startswith((CONDITIONS, OURS))]
    return Node(
        name=metadata.name,
        uid=metadata.uid,
        cpu=int(_amount(free.get("cpu")) * CPU),
        memory=int(_amount(free.get("memory"))) // MIB,
        gpus=int(_amount(free.get(GPU))),
        labels=dict(metadata.labels or {}),
        os=(info.operatingSystem if info else "") or "linux",
        architecture=ARCHITECTURES.get(architecture, architecture) or "x86_64",
        ec2_instance_id=_ec2_instance((spec.providerID if spec else None) or ""),
        ready=ready,
        unschedulable=bool(spec and spec.unschedulable),
        reserved=any(taint.effect in KEEPS_OFF for taint in taints),
    )


def capacity_of(nodes: Iterable[Node]) -> Capacity:
    """What tasks may use of all of them together."""
    usable = [node for node in nodes if node.ready and not node.reserved]
    architecture = usable[0].architecture if usable else "x86_64"
    return Capacity(
        cpu=sum(node.cpu for node in usable), memory=sum(node.memory for node in usable), architecture=architecture
    )


class KubernetesNodes:
    """The nodes of one cluster."""

    def __init__(self, cluster: Cluster, instance: str) -> None:
        """`instance`: the name of this KECS, whose pods are its to remove."""
        self._cluster = cluster
        self._instance = instance
        self._reflector = Reflector(cluster, KubernetesNode, labels=None, changed=self._changed, gone=self._gone)
        self._nodes: dict[str, Node] = {}
        self._sink: Sink | None = None
        self._cordons: dict[str, bool] = {}  # by node: what is still to be asked for
        self._lost: set[str] = set()  # names of those that were given up and have not been ready since
        self._jobs: set[asyncio.Task[None]] = set()

    async def open(self) -> bool:
        """List them and follow them; False where KECS may not. Raises ClusterError."""
        try:
            await self._reflector.open()
        except ClusterError as error:
            if error.status != 403:
                raise
            log.warning("Kubernetes does not let KECS see nodes; one container instance stands for all: %s", error)
            return False
        return True

    async def close(self) -> None:
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await self._reflector.close()

    @property
    def trouble(self) -> str | None:
        """Why it does not see what happens to nodes."""
        return self._reflector.trouble

    @property
    def capacity(self) -> Capacity:
        return capacity_of(self._nodes.values())

    def tell(self, sink: Sink) -> None:
        self._sink = sink
        sink(All(tuple(self._nodes.values())))

    def cordon(self, name: str, unschedulable: bool) -> None:
        under_way = name in self._cordons
        self._cordons[name] = unschedulable
        if not under_way:
            self._begin(self._cordon(name))

    def give_up(self, name: str) -> None:
        self._lost.add(name)
        self._begin(self._remove_pods(name))

    def has_lost(self, name: str) -> bool:
        """Whether pods end on that node because it was given up."""
        return name in self._lost

    def _begin(self, work: Any) -> None:
        job = asyncio.create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _cordon(self, name: str) -> None:
        while name in self._cordons:
            wanted = self._cordons[name]
            try:
                await self._cluster.patch(KubernetesNode, name, {"spec": {"unschedulable": wanted}})
            except ClusterGone as gone:
                await asyncio.sleep(pause_of(PAUSE, gone.after))
                continue
            except ClusterError as error:
                if error.status != 404:
                    log.warning("Node %s is not %s: %s", name, "cordoned" if wanted else "uncordoned", error)
            if self._cordons[name] == wanted:
                del self._cordons[name]

    async def _remove_pods(self, name: str) -> None:
        """No kubelet is there to say that they have ended."""
        while True:
            try:
                labels = selector(of_instance(self._instance))
                pods = await self._cluster.list(Pod, labels=labels, fields=f"spec.nodeName={name}")
                await asyncio.gather(*map(self._remove, pods.items))
                return
            except ClusterGone as gone:
                await asyncio.sleep(pause_of(PAUSE, gone.after))
            except ClusterError as error:
                log.warning("Pods of the lost node %s cannot be removed: %s", name, error)
                return

    async def _remove(self, pod: Any) -> None:
        metadata = pod.metadata
        try:
            await self._cluster.delete(Pod, metadata.name, metadata.namespace, grace=0, uid=metadata.uid)
        except ClusterError as error:
            if error.status not in (404, 409):  # it is gone
                raise

    def _changed(self, found: Any) -> None:
        node = node_of(found)
        if self._nodes.get(node.name) != node:
            self._nodes[node.name] = node
            if node.ready:
                self._lost.discard(node.name)
            self._say(Changed(node))

    def _gone(self, found: Any) -> None:
        name = found.metadata.name
        if self._nodes.pop(name, None) is not None:
            self._say(Gone(name))

    def _say(self, told: Told) -> None:
        if self._sink is not None:
            self._sink(told)


def _amount(quantity: str | None) -> Any:
    return parse_quantity(quantity) or 0


def _ec2_instance(provider: str) -> str | None:
    """The id in a node's provider id, such as aws:///eu-west-1a/i-0123456789abcdef0."""
    return provider.rpartition("/")[2] if provider.startswith(AWS) else None
