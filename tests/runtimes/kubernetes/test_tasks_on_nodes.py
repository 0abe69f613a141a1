"""Tasks of the launch type EC2 on nodes of a real cluster: they run where they were placed, and end with their node."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lightkube.resources.core_v1 import Pod
from tests.runtimes.kubernetes import machines
from tests.support.images import test_image

from kecs.app.kernel import Kernel
from kecs.aws.model import ecs as m
from kecs.control.clock import SystemClock
from kecs.control.ids import RandomIds
from kecs.core.settings import Settings
from kecs.ports.runtime import Report
from kecs.runtimes.kubernetes.client import Cluster
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.names import of_instance, selector
from kecs.runtimes.kubernetes.runtime import KubernetesRuntime
from kecs.store.memory import MemoryStore

pytestmark = pytest.mark.kubernetes

PATIENCE = 60.0  # seconds


class Running:
    """A KECS of the test's own on the cluster for tests, with one ECS cluster of the same name."""

    def __init__(self, kernel: Kernel, name: str) -> None:
        self._kernel = kernel
        self.name = name

    def call(self, operation: str, **members: Any) -> Any:
        signature = b"AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/ecs/aws4_request, x=y"
        target = f"{m.TARGET_PREFIX}.{operation}".encode()
        answer = self._kernel.endpoint.answer(target, signature, msgspec.json.encode({"cluster": self.name} | members))
        assert answer.status == 200, answer.body
        return msgspec.json.decode(answer.body)

    def task(self, arn: str) -> Any:
        return self.call("DescribeTasks", tasks=[arn])["tasks"][0]

    def instances(self) -> dict[str, Any]:
        arns = self.call("ListContainerInstances")["containerInstanceArns"]
        found = self.call("DescribeContainerInstances", containerInstances=arns)["containerInstances"] if arns else []
        return {instance["ec2InstanceId"]: instance for instance in found}

    async def until(self, condition: Callable[[], Any]) -> None:
        await machines.until(condition, PATIENCE)


@pytest.fixture
async def running(cluster: Cluster) -> AsyncIterator[Running]:
    name = f"kecs-test-{secrets.token_hex(3)}"
    kernels: list[Kernel] = []

    def hear(report: Report) -> None:
        kernels[0].control.supervisors.report(report)

    runtime = KubernetesRuntime(PodSettings(instance=name), kubeconfig=Path(os.environ["KECS_TEST_KUBECONFIG"]))
    await runtime.open(hear)
    loop = asyncio.get_running_loop()
    kernel = Kernel(
        Settings(node_patience=0.5),
        store=MemoryStore(),
        clock=SystemClock(loop),
        ids=RandomIds(),
        runtime=runtime,
        defer=loop.call_soon,
        nodes=runtime.nodes,
    )
    kernels.append(kernel)
    await kernel.recover()
    found = Running(kernel, name)
    found.call("CreateCluster", clusterName=name)
    container = {"name": "app", "image": test_image("v1"), "memory": 32, "stopTimeout": 2}
    found.call("RegisterTaskDefinition", family="web", networkMode="bridge", containerDefinitions=[container])
    yield found
    await runtime.discard()
    await runtime.close()
    kernel.close()


async def pods_of(cluster: Cluster, running: Running) -> list[Any]:
    return (await cluster.list(Pod, labels=selector(of_instance(running.name)))).items


async def placed(cluster: Cluster, running: Running, node: str) -> None:
    """Wait until the one pod there is has been placed on this node."""
    async with asyncio.timeout(PATIENCE):
        while True:
            pods = await pods_of(cluster, running)
            if [pod.spec.nodeName for pod in pods] == [node]:
                return
            await asyncio.sleep(0.1)


async def test_a_task_runs_on_its_instances_node(cluster: Cluster, running: Running) -> None:
    (task,) = running.call("RunTask", taskDefinition="web", launchType="EC2")["tasks"]
    await running.until(lambda: running.task(task["taskArn"])["lastStatus"] == "RUNNING")
    names = {i["containerInstanceArn"]: name for name, i in running.instances().items()}
    (pod,) = await pods_of(cluster, running)
    assert pod.spec.nodeName == names[task["containerInstanceArn"]]
    running.call("StopTask", task=task["taskArn"])
    await running.until(lambda: running.task(task["taskArn"])["lastStatus"] == "STOPPED")


async def test_tasks_of_a_lost_node_end_and_are_replaced_on_another(cluster: Cluster, running: Running) -> None:
    async with machines.machine(cluster, running.name) as one:
        await running.until(lambda: one in running.instances())
        running.call("CreateService", serviceName="s", taskDefinition="web", desiredCount=1, launchType="EC2")
        await running.until(lambda: running.instances()[one]["pendingTasksCount"] == 1)
        (arn,) = running.call("ListTasks", serviceName="s")["taskArns"]
        await placed(cluster, running, one)
        async with machines.machine(cluster, running.name) as two:
            await running.until(lambda: two in running.instances())
            await machines.say(cluster, one, "Unknown")
            await running.until(lambda: running.instances()[two]["pendingTasksCount"] == 1)
            await running.until(lambda: running.task(arn)["lastStatus"] == "STOPPED")
            ended = running.task(arn)
            assert ended["stopCode"] == "TerminationNotice"
            assert ended["stoppedReason"] == f"Host EC2 (instance {one}) terminated."
            running.call("DeleteService", service="s", force=True)
