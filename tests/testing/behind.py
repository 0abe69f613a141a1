"""What is behind KECS: the containers of a Docker Engine and the objects of the Kubernetes cluster for tests."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lightkube.resources.core_v1 import Namespace, PersistentVolumeClaim, Pod, Secret, Service
from tests.support.images import docker

from kecs.runtimes.kubernetes.api.client import ALL, Cluster
from kecs.runtimes.kubernetes.names import CLUSTER, label_value, selector

KUBECONFIG = os.environ.get("KECS_TEST_KUBECONFIG", "")
DOCKER = pytest.param("docker", marks=pytest.mark.docker)
KUBERNETES = pytest.param("kubernetes", marks=pytest.mark.kubernetes)
KINDS = (Namespace, Pod, Secret, PersistentVolumeClaim, Service)


def options(runtime: str) -> dict[str, Any]:
    """Arguments of `start_server` for a KECS on that runtime."""
    return {"runtime": runtime, **({"env": {"KECS_KUBECONFIG": KUBECONFIG}} if runtime == "kubernetes" else {})}


def kubernetes(look: Callable[[Cluster], Awaitable[Any]]) -> Any:
    """Look at the cluster, or do something there."""

    async def looked() -> Any:
        cluster = Cluster.named(Path(KUBECONFIG))
        try:
            return await look(cluster)
        finally:
            await cluster.close()

    return asyncio.run(looked())


def objects(label: str, value: str) -> list[Any]:
    """What has this label: lightkube's objects."""
    labels = selector({label: label_value(value)})

    async def look(cluster: Cluster) -> list[Any]:
        found = [await cluster.list(kind, None if kind is Namespace else ALL, labels=labels) for kind in KINDS]
        return [item for listing in found for item in listing.items]

    found: list[Any] = kubernetes(look)
    return found


def running(runtime: str, ecs_cluster: str) -> list[str]:
    """The containers, or the pods, of an ECS cluster, whatever their state."""
    if runtime == "docker":
        filters = json.dumps({"label": [f"io.kecs.cluster={ecs_cluster}"]})
        return [one["Id"] for one in docker("GET", f"/containers/json?all=1&filters={quote(filters)}")[1]]
    if runtime == "kubernetes":
        return [one.metadata.name for one in objects(CLUSTER, ecs_cluster) if not isinstance(one, Namespace)]
    return []
