"""Tasks whose pods a real cluster ends: what the stopped task says, and what becomes of its service."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from lightkube.resources.core_v1 import Node
from lightkube.resources.scheduling_v1 import PriorityClass
from tests.runtimes.kubernetes import pods
from tests.runtimes.kubernetes.running import Running, pods_of, running
from tests.support.protobuf import field, integer, post

from kecs.runtimes.kubernetes.api.client import Cluster
from kecs.runtimes.kubernetes.places import Place
from kecs.runtimes.kubernetes.seeing.reasons import DELETED, unschedulable

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow]

WAITS = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"]
SCRATCH = {"tmpfs": [{"containerPath": "/scratch", "size": 4}]}
MIB = 1024  # KiB, which nodes tell their memory in


@pytest.fixture
async def ours() -> AsyncIterator[Running]:
    async with running() as opened:
        yield opened


async def serve(ours: Running, **container: Any) -> str:
    """A service of one task, which runs: its ARN."""
    ours.define(command=WAITS, **container)
    ours.call("CreateService", serviceName="s", taskDefinition="web", desiredCount=1, launchType="EC2")
    return await runs(ours)


async def runs(ours: Running, *before: str) -> str:
    """Wait until the service has a task that runs, and is none of those before."""

    def there() -> list[str]:
        return [arn for arn in ours.tasks("s") if arn not in before and ours.task(arn)["lastStatus"] == "RUNNING"]

    await ours.until(there)
    (arn,) = there()
    return arn


async def ended(ours: Running, arn: str) -> Any:
    """The task, once it has stopped."""
    await ours.until(lambda: ours.task(arn)["lastStatus"] == "STOPPED")
    task = ours.task(arn)
    assert task["stopCode"] == "TerminationNotice"
    return task


async def home(cluster: Cluster, ours: Running) -> Any:
    """What the one pod there is says of itself."""
    (pod,) = await pods_of(cluster, ours)
    return pod.metadata


@contextlib.asynccontextmanager
async def priority(cluster: Cluster) -> AsyncIterator[str]:
    """A class of pods that come before others."""
    name = f"kecs-test-{secrets.token_hex(3)}"
    body = field(1, field(1, name)) + integer(2, 1000)
    version = "scheduling.k8s.io/v1"
    await post(cluster, f"/apis/{version}/priorityclasses", version, "PriorityClass", body)
    try:
        yield name
    finally:
        await cluster.delete(PriorityClass, name)


async def test_a_kubelet_evicts_who_writes_more_than_there_is_room_for(cluster: Cluster, ours: Running) -> None:
    arn = await serve(ours, memory=64, linuxParameters=SCRATCH)
    pod = await home(cluster, ours)
    await pods.run(cluster, Place(pod.namespace, pod.name, "app"), "head -c 8000000 /dev/zero > /scratch/x")
    task = await ended(ours, arn)
    assert task["stoppedReason"].startswith("The task was evicted: Usage of EmptyDir volume ")
    assert task["stoppedReason"].endswith('exceeds the limit "4Mi".')
    assert await runs(ours, arn) != arn


async def test_who_drains_a_node_evicts_through_the_api(cluster: Cluster, ours: Running) -> None:
    arn = await serve(ours)
    pod = await home(cluster, ours)
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/eviction"
    await post(cluster, path, "policy/v1beta1", "Eviction", field(1, field(1, pod.name), field(3, pod.namespace)))
    reason = (await ended(ours, arn))["stoppedReason"]
    assert reason == DELETED or reason.startswith("The task was evicted: ")  # which Kubernetes tells from 1.26 on
    assert await runs(ours, arn) != arn


async def test_a_pod_of_a_higher_priority_takes_its_place(cluster: Cluster, ours: Running) -> None:
    node, *others = (await cluster.list(Node)).items
    if others:
        pytest.skip("not on kubernetes: with several nodes a task that has lost its place finds another")
    most = int(node.status.allocatable["memory"].removesuffix("Ki")) * 6 // 10 // MIB
    before = await serve(ours, memory=most)
    async with priority(cluster) as name, pods.namespace(cluster) as namespace:
        asks = pods.container("sleep 600", resources={"requests": {"memory": f"{most}Mi"}})
        await pods.make(cluster, namespace, asks, priorityClassName=name)
        reason = (await ended(ours, before))["stoppedReason"]
        assert reason == DELETED or reason.startswith("The task was preempted: ")  # which it tells from 1.26 on
        await ours.until(lambda: "(RESOURCE:MEMORY)" in waits_for(ours))
        (waiting,) = ours.tasks("s")
        assert ours.task(waiting)["lastStatus"] == "PENDING"
    assert await runs(ours) == waiting


def waits_for(ours: Running) -> str:
    """Why no node takes the tasks of the service, if none does."""
    seen = [ours.pod(arn) for arn in ours.tasks("s")]
    found = [unschedulable(pod) for pod in seen if pod is not None]
    return " ".join(why for why, _ in filter(None, found))
