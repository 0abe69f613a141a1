"""Tasks of the launch type EC2 on nodes of a real cluster: they run where they were placed, and end with their node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.runtimes.kubernetes import machines
from tests.runtimes.kubernetes.running import Running, pods_of, running
from tests.support.patience import PATIENCE

from kecs.runtimes.kubernetes.api.client import Cluster

pytestmark = pytest.mark.kubernetes


@pytest.fixture
async def ours() -> AsyncIterator[Running]:
    async with running() as opened:
        yield opened


async def placed(cluster: Cluster, ours: Running, node: str) -> None:
    """Wait until the one pod there is has been placed on this node."""
    async with asyncio.timeout(PATIENCE):
        while True:
            pods = await pods_of(cluster, ours)
            if [pod.spec.nodeName for pod in pods] == [node]:
                return
            await asyncio.sleep(0.1)


async def test_a_task_runs_on_its_instances_node(cluster: Cluster, ours: Running) -> None:
    (task,) = ours.call("RunTask", taskDefinition="web", launchType="EC2")["tasks"]
    await ours.until(lambda: ours.task(task["taskArn"])["lastStatus"] == "RUNNING")
    names = {i["containerInstanceArn"]: name for name, i in ours.instances().items()}
    (pod,) = await pods_of(cluster, ours)
    assert pod.spec.nodeName == names[task["containerInstanceArn"]]
    ours.call("StopTask", task=task["taskArn"])
    await ours.until(lambda: ours.task(task["taskArn"])["lastStatus"] == "STOPPED")


async def test_tasks_of_a_lost_node_end_and_are_replaced_on_another(cluster: Cluster, ours: Running) -> None:
    async with machines.machine(cluster, ours.name) as one:
        await ours.until(lambda: one in ours.instances())
        ours.call("CreateService", serviceName="s", taskDefinition="web", desiredCount=1, launchType="EC2")
        await ours.until(lambda: ours.instances()[one]["pendingTasksCount"] == 1)
        (arn,) = ours.call("ListTasks", serviceName="s")["taskArns"]
        await placed(cluster, ours, one)
        async with machines.machine(cluster, ours.name) as two:
            await ours.until(lambda: two in ours.instances())
            await machines.say(cluster, one, "Unknown")
            await ours.until(lambda: ours.instances()[two]["pendingTasksCount"] == 1)
            await ours.until(lambda: ours.task(arn)["lastStatus"] == "STOPPED")
            ended = ours.task(arn)
            assert ended["stopCode"] == "TerminationNotice"
            assert ended["stoppedReason"] == f"Host EC2 (instance {one}) terminated."
            ours.call("DeleteService", service="s", force=True)
