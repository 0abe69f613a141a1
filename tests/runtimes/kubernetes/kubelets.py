"""A cluster of scripted kubelets, and pods as it tells of them, for tests of what is measured."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from lightkube.core.resource import Resource
from lightkube.resources.core_v1 import Node, Pod

from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError, Listing
from kecs.runtimes.kubernetes.measuring.summaries import Summary
from kecs.runtimes.kubernetes.measuring.usage import PodMetrics

ARN = "arn:aws:ecs:us-east-1:111111111111:task/tests/0123"
FORBIDDEN = ClusterError(403, "Forbidden", "may not get nodes/proxy")
RUNNING = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
OVER = {"terminated": {"startedAt": "2026-01-01T00:00:00Z", "exitCode": 0}}

NODE = {"spec": {"podCIDR": "10.1.2.0/24"}, "status": {"capacity": {"cpu": "4", "memory": "8Gi"}}}


class Kubelets:
    """One node. `summary` is what its kubelet says now, `metrics` what a metrics server does; counts who is asked."""

    def __init__(self) -> None:
        self.summary: dict[str, Any] | ClusterError = FORBIDDEN
        self.metrics: list[dict[str, Any]] = []
        self.asked: list[str] = []

    @property
    def cluster(self) -> Cluster:
        return cast("Cluster", self)

    async def get(self, kind: type[Resource], name: str) -> Any:
        self.asked.append(f"{kind.__name__} {name}")
        if kind is Node:
            return msgspec.convert(NODE, Node)
        if isinstance(self.summary, ClusterError):
            raise self.summary
        return msgspec.json.decode(msgspec.json.encode(self.summary), type=Summary)

    async def list(self, kind: type[PodMetrics], *, labels: str) -> Listing:
        self.asked.append(f"{kind.__name__} {labels}")
        return Listing(msgspec.json.decode(msgspec.json.encode(self.metrics), type=list[kind]), "1")  # type: ignore[valid-type]

    def measures(self, at: str, **cpu: int) -> None:
        """At that second of 2026's first minute these CPU seconds of these containers, and half of 64 MiB of each."""
        memory = {"usageBytes": 48 << 20, "workingSetBytes": 32 << 20, "rssBytes": 1 << 20, "pageFaults": 7}
        containers = [
            {
                "name": name,
                "cpu": {"time": f"2026-01-01T00:00:{at}Z", "usageCoreNanoSeconds": seconds * 10**9},
                "memory": memory,
                "rootfs": {"usedBytes": 3 << 20},
            }
            for name, seconds in cpu.items()
        ]
        interfaces = [{"name": "eth0", "rxBytes": 100 * int(at), "rxErrors": 0, "txBytes": 7}]
        pod = {
            "podRef": {"name": "web-0123", "namespace": "kecs-default-tests", "uid": "uid"},
            "containers": containers,
            "network": {"name": "eth0", "interfaces": interfaces},
        }
        starting = {"podRef": {"name": "other", "namespace": "x", "uid": "other"}, "containers": None}
        self.summary = {"node": {"startTime": "2025-12-31T23:59:00Z"}, "pods": [starting, pod]}


def pod(mode: str = "awsvpc", slots: dict[str, dict[str, Any]] | None = None, **containers: dict[str, Any]) -> Pod:
    """A pod of these: what each is doing."""
    states = {**containers, **(slots or {})}
    ours = {slot.partition("--")[0]: None for slot in states}
    limits = {"resources": {"limits": {"memory": "64Mi"}}, "image": "nginx"}
    mounts = {"volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}]}
    statuses = [
        {
            "name": slot,
            "image": "nginx",
            "imageID": "docker-pullable://nginx@sha256:0123",
            "ready": True,
            "restartCount": 0,
            "containerID": f"containerd://id-of-{slot}",
            "state": state,
        }
        for slot, state in states.items()
        if state
    ]
    manifest = {
        "metadata": {
            "name": "web-0123",
            "namespace": "kecs-default-tests",
            "uid": "uid",
            "labels": {names.NETWORK: mode},
            "annotations": {names.TASK_ARN: ARN, names.CONTAINERS: msgspec.json.encode(list(ours)).decode()},
        },
        "spec": {
            "nodeName": "node",
            "containers": [{"name": slot, **limits, **mounts} for slot in states],
            "volumes": [{"name": "data", "hostPath": {"path": "/srv/data"}}, {"name": "tmp", "emptyDir": {}}],
        },
        "status": {"phase": "Running", "podIP": "10.1.2.3", "containerStatuses": statuses},
    }
    return msgspec.json.decode(msgspec.json.encode(manifest), type=Pod)
