"""Nodes of a test's own on the cluster for tests: nothing runs on them, they only say so.

The label of an ECS cluster keeps other KECS on the same cluster from having them, a taint keeps pods off.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from lightkube.resources.core_v1 import Node
from tests.support.patience import PATIENCE
from tests.support.protobuf import field, post

from kecs.core.nodes.belonging import CLUSTER
from kecs.runtimes.kubernetes.api.client import Cluster


@contextlib.asynccontextmanager
async def machine(cluster: Cluster, owner: str, **labels: str) -> AsyncIterator[str]:
    """A node of the ECS cluster of that name, which is ready; it goes with the test. Answers its name."""
    name = f"{owner}-{secrets.token_hex(3)}"
    await _create(cluster, name, {CLUSTER: owner, "kubernetes.io/os": "linux", **labels}, owner)
    try:
        await say(cluster, name)
        yield name
    finally:
        await cluster.delete(Node, name)


async def say(cluster: Cluster, name: str, ready: str = "True") -> None:
    """Have the node say what it offers, and whether it is ready: True, False or Unknown."""
    amounts = {"cpu": "2", "memory": "4Gi", "pods": "10"}
    condition = {"type": "Ready", "status": ready, "reason": "Test", "message": "a test says so"}
    status = {"capacity": amounts, "allocatable": amounts, "conditions": [condition]}
    await cluster.patch(Node.Status, name, {"status": status})


async def until(condition: Callable[[], Any]) -> None:
    """Wait for what Kubernetes will have told."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


async def _create(cluster: Cluster, name: str, labels: Mapping[str, str], owner: str) -> None:
    pairs = (field(11, field(1, label), field(2, value)) for label, value in labels.items())
    taint = field(5, field(1, CLUSTER), field(2, owner), field(3, "NoSchedule"))
    await post(cluster, "/api/v1/nodes", "v1", "Node", field(1, field(1, name), *pairs) + field(2, taint))
