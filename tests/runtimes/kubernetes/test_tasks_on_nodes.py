"""Tasks of the launch type EC2 on nodes of a real cluster: they run where they were placed, and end with their node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.runtimes.kubernetes import machines
from tests.runtimes.kubernetes.running import Running, pods_of, running
from tests.support.patience import PATIENCE

from kecs.runtimes.kubernetes.client import Cluster

pytestmark = pytest.mark.kubernetes


@pytest.fixture
async def kecs() -> AsyncIterator[Running]:
    async with running() as opened:
        yield opened


async def placed(cluster: Cluster, kecs: Running, node: str) -> None:
    """Wait until the one pod there is has been placed on this node."""
    async with asyncio.timeout(PATIENCE):
        while True:
            pods = await pods_of(cluster, kecs)
            if [pod.spec.nodeName for pod in pods] == [node]:
                return
            await asyncio.sleep(0.1)


async def test_a_task_runs_on_its_instances_node(cluster: Cluster, kecs: Running) -> None:
    (task,) = kecs.call("RunTask", taskDefinition="web", launchType="EC2")["tasks"]
    await kecs.until(lambda: kecs.task(task["taskArn"])["lastStatus"] == "RUNNING")
    names = {i["containerInstanceArn"]: name for name, i in kecs.instances().items()}
    (pod,) = await pods_of(cluster, kecs)
    assert pod.spec.nodeName == names[task["containerInstanceArn"]]
    kecs.call("StopTask", task=task["taskArn"])
    await kecs.until(lambda: kecs.task(task["taskArn"])["lastStatus"] == "STOPPED")


async def test_tasks_of_a_lost_node_end_and_are_replaced_on_another(cluster: Cluster, kecs: Running) -> None:
    async with machines.machine(cluster, kecs.name) as one:
        await kecs.until(lambda: one in kecs.instances())
        kecs.call("CreateService", serviceName="s", taskDefinition="web", desiredCount=1, launchType="EC2")
        await kecs.until(lambda: kecs.instances()[one]["pendingTasksCount"] == 1)
        (arn,) = kecs.call("ListTasks", serviceName="s")["taskArns"]
        await placed(cluster, kecs, one)
        async with machines.machine(cluster, kecs.name) as two:
            await kecs.until(lambda: two in kecs.instances())
            await machines.say(cluster, one, "Unknown")
            await kecs.until(lambda: kecs.instances()[two]["pendingTasksCount"] == 1)
            await kecs.until(lambda: kecs.task(arn)["lastStatus"] == "STOPPED")
            ended = kecs.task(arn)
            assert ended["stopCode"] == "TerminationNotice"
            assert ended["stoppedReason"] == f"Host EC2 (instance {one}) terminated."
            kecs.call("DeleteService", service="s", force=True)
