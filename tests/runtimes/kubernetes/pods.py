"""Pods of a test's own on the cluster for tests, made without KECS."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from lightkube.resources.core_v1 import Namespace, Pod, ServiceAccount
from tests.support.explained import explained
from tests.support.images import test_image
from tests.support.patience import PATIENCE

from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError
from kecs.runtimes.kubernetes.places import Place
from kecs.runtimes.kubernetes.terminals import Terminals


@contextlib.asynccontextmanager
async def namespace(cluster: Cluster) -> AsyncIterator[str]:
    """A namespace in which pods can be made; it goes with everything in it."""
    name = f"kecs-test-{secrets.token_hex(4)}"
    await cluster.create(Namespace, {"metadata": {"name": name}})
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(ClusterError):
                    await cluster.get(ServiceAccount, "default", name)
                    break
                await asyncio.sleep(0.05)
        yield name
    finally:
        await cluster.delete(Namespace, name)


def container(command: str, name: str = "app", **fields: Any) -> dict[str, Any]:
    """A container of the test image that runs this in a shell."""
    body = {"name": name, "image": test_image("v1"), "imagePullPolicy": "Never", "command": ["sh", "-c", command]}
    return body | fields


async def make(cluster: Cluster, where: str, *containers: dict[str, Any], name: str = "pod", **fields: Any) -> None:
    """Create the pod, and return when it runs or has run."""
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": list(containers)} | fields
    await cluster.create(Pod, {"metadata": {"name": name}, "spec": spec}, where)
    await until(cluster, where, lambda pod: pod.status.phase != "Pending", name)


async def until(cluster: Cluster, where: str, condition: Callable[[Any], bool], name: str = "pod") -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                if condition(await cluster.get(Pod, name, where)):
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(await explained(where, fields=f"metadata.name={name}"))


async def until_gone(cluster: Cluster, where: str, name: str = "pod") -> None:
    async with asyncio.timeout(PATIENCE):
        with contextlib.suppress(ClusterError):
            while True:
                await cluster.get(Pod, name, where)
                await asyncio.sleep(0.1)


async def run(cluster: Cluster, place: Place, command: str) -> None:
    """Run this in the container's shell, and wait for its end."""
    terminals = Terminals(cluster)
    terminal = await terminals.open(place, ["sh", "-c", command])
    while await terminal.read():
        pass
    await terminal.close()
    await terminals.close()
