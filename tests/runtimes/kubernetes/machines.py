"""Nodes of a test's own on the cluster for tests: nothing runs on them, they only say so.

The label of an ECS cluster keeps other KECS on the same cluster from having them, a taint keeps pods off. They are made
in Kubernetes' binary form, as kubelets do: an API server 1.20 that is built with Go 1.18 or later can lose the ability
to read a kind of object from JSON that it has not read before.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx2
from lightkube.resources.core_v1 import Node

from kecs.core.nodes.belonging import CLUSTER
from kecs.runtimes.kubernetes.client import Cluster

PATIENCE = 30.0  # seconds


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


async def until(condition: Callable[[], Any], patience: float = PATIENCE) -> None:
    """Wait for what Kubernetes will have told."""
    async with asyncio.timeout(patience):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


async def _create(cluster: Cluster, name: str, labels: Mapping[str, str], owner: str) -> None:
    """The generated.proto of Kubernetes' api/core/v1 and apimachinery's runtime say which number a field has."""
    pairs = (_field(11, _field(1, label), _field(2, value)) for label, value in labels.items())
    taint = _field(5, _field(1, CLUSTER), _field(2, owner), _field(3, "NoSchedule"))
    node = _field(1, _field(1, name), *pairs) + _field(2, taint)
    body = b"k8s\0" + _field(1, _field(1, "v1"), _field(2, "Node")) + _field(2, node)
    headers = {"Content-Type": "application/vnd.kubernetes.protobuf", "Accept": "application/json"}
    async with httpx2.AsyncClient(verify=cluster.tls() or False, headers=await cluster.headers()) as client:
        answer = await client.post(f"{cluster.url}/api/v1/nodes", content=body, headers=headers)
        answer.raise_for_status()


def _field(number: int, *parts: str | bytes) -> bytes:
    """A field of Protocol Buffers that holds a string or a message."""
    body = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return bytes([number << 3 | 2]) + _length(len(body)) + body


def _length(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + _length(number >> 7)
