"""The namespace of an ECS cluster on a real one: it goes with it, and comes back with it."""

from __future__ import annotations

import asyncio

import pytest
from lightkube.resources.core_v1 import Namespace
from tests.runtimes.kubernetes.running import Running, running
from tests.support.patience import PATIENCE

from kecs.runtimes.kubernetes.api.client import Cluster

pytestmark = pytest.mark.kubernetes


async def has_run(kecs: Running) -> None:
    (task,) = kecs.call("RunTask", taskDefinition="web", launchType="EC2")["tasks"]
    await kecs.until(lambda: kecs.task(task["taskArn"])["lastStatus"] == "RUNNING")
    kecs.call("StopTask", task=task["taskArn"])
    await kecs.until(lambda: kecs.task(task["taskArn"])["lastStatus"] == "STOPPED")


async def namespaces(cluster: Cluster, kecs: Running) -> list[str]:
    return [found.metadata.uid for found in (await cluster.list(Namespace, None, labels=kecs.pods)).items]


async def gone(cluster: Cluster, kecs: Running) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if not await namespaces(cluster, kecs):
                return
            await asyncio.sleep(0.1)


async def test_a_cluster_that_is_deleted_and_made_again_at_once(cluster: Cluster) -> None:
    async with running() as kecs:
        await has_run(kecs)
        (before,) = await namespaces(cluster, kecs)
        kecs.call("DeleteCluster")
        await asyncio.sleep(0)
        kecs.call("CreateCluster", clusterName=kecs.name)
        await has_run(kecs)
        (after,) = await namespaces(cluster, kecs)
        assert after != before
        kecs.call("DeleteCluster")
        await gone(cluster, kecs)
