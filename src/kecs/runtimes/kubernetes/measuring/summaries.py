"""What the kubelet of a node has measured of its pods: its statistics, through the API server.

Asked for by `insight` and `usage`, so when somebody looks and not otherwise, and not twice a second of the same node. A
kubelet measures every ten seconds or so by itself; in its first ones a container is not there yet.
https://kubernetes.io/docs/reference/instrumentation/node-metrics/
Rights: nodes/proxy (get). Without it nothing is known here, and a warning says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from lightkube.core.resource import ApiInfo, GlobalSubResource, ResourceDef

from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, ClusterGone

FRESH = 1.0  # seconds

log = logging.getLogger(__name__)


class _Struct(msgspec.Struct, rename="camel", kw_only=True):
    """As in the kubelet's API stats/v1alpha1; all that is optional there is so here."""


class Cpu(_Struct):
    time: datetime
    usage_core_nano_seconds: int | None = None


class Memory(_Struct):
    """In bytes."""

    usage_bytes: int | None = None
    working_set_bytes: int | None = None  # what the kernel would not give back at once
    rss_bytes: int | None = None
    page_faults: int | None = None
    major_page_faults: int | None = None


class Interface(_Struct):
    name: str = ""
    rx_bytes: int | None = None
    rx_errors: int | None = None
    tx_bytes: int | None = None
    tx_errors: int | None = None


class Network(_Struct):
    interfaces: list[Interface] | None = None


class Filesystem(_Struct):
    used_bytes: int | None = None


class ContainerStats(_Struct):
    name: str
    cpu: Cpu | None = None
    memory: Memory | None = None
    rootfs: Filesystem | None = None


class PodReference(_Struct):
    name: str
    namespace: str
    uid: str


class PodStats(_Struct):
    pod_ref: PodReference
    containers: list[ContainerStats] | None = None  # in its first seconds it has none
    network: Network | None = None

    def container(self, name: str) -> ContainerStats | None:
        return next((container for container in self.containers or () if container.name == name), None)


class NodeStats(_Struct):
    start_time: datetime


class Summary(_Struct, GlobalSubResource):
    """A subresource of a node, as far as lightkube is concerned."""

    _api_info = ApiInfo(
        resource=ResourceDef("", "v1", "Node"),
        parent=ResourceDef("", "v1", "Node"),
        plural="nodes",
        verbs=["get"],
        action="proxy/stats/summary",
    )

    node: NodeStats
    pods: list[PodStats] | None = None


class Measured(NamedTuple):
    """What there is of a pod."""

    node: NodeStats
    pod: PodStats


class Summaries:
    """Asks the kubelets."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._kept: dict[str, tuple[float, Mapping[str, Measured]]] = {}  # by node: when, and by the uid of the pod
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.refused = False  # the last one that was asked, or the API server in its name

    async def of(self, pod: Any) -> Measured | None:
        """Of a pod (lightkube's Pod) that runs; None when nothing is known of it, or not yet."""
        node = pod.spec.nodeName
        if node is None:
            return None
        async with self._turns[node]:  # whoever comes meanwhile has the same answer
            now = asyncio.get_running_loop().time()
            for each in [each for each, (at, _) in self._kept.items() if now - at > FRESH]:
                del self._kept[each]
            if node not in self._kept:
                self._kept[node] = now, await self._ask(node)
            return self._kept[node][1].get(pod.metadata.uid)

    async def _ask(self, node: str) -> Mapping[str, Measured]:
        try:
            summary = await self._cluster.get(Summary, node)
        except ClusterGone:  # which KECS says elsewhere
            return {}
        except (ClusterError, msgspec.MsgspecError) as error:
            if not self.refused:
                log.warning("it is not known what tasks use on node %s: %s", node, error)
            self.refused = True
            return {}
        self.refused = False
        return {pod.pod_ref.uid: Measured(summary.node, pod) for pod in summary.pods or ()}
