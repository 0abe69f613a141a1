"""A KECS of a test's own on the cluster for tests, with one ECS cluster of the same name."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lightkube.resources.core_v1 import Pod
from tests.runtimes.kubernetes import machines
from tests.support.explained import explained
from tests.support.images import test_image

from kecs.app.kernel import Kernel
from kecs.aws.model import ecs as m
from kecs.control.clock import SystemClock
from kecs.control.ids import RandomIds
from kecs.core.settings import Settings
from kecs.ports.runtime import Report
from kecs.runtimes.kubernetes.api.client import Cluster
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.names import of_instance, selector
from kecs.runtimes.kubernetes.runtime import KubernetesRuntime
from kecs.store.memory import MemoryStore


class Running:
    """`name`: of the KECS and of its ECS cluster, which has a task definition `web`."""

    def __init__(self, kernel: Kernel, runtime: KubernetesRuntime, name: str) -> None:
        self._kernel = kernel
        self.pod = runtime.pod
        self.name = name
        self.pods = selector(of_instance(name))

    def call(self, operation: str, **members: Any) -> Any:
        signature = b"AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/ecs/aws4_request, x=y"
        target = f"{m.TARGET_PREFIX}.{operation}".encode()
        answer = self._kernel.endpoint.answer(target, signature, msgspec.json.encode({"cluster": self.name} | members))
        assert answer.status == 200, answer.body
        return msgspec.json.decode(answer.body)

    def define(self, **container: Any) -> None:
        """A revision of `web`, for the launch type EC2."""
        app = {"name": "app", "image": test_image("v1"), "memory": 32, "stopTimeout": 2, **container}
        self.call("RegisterTaskDefinition", family="web", networkMode="bridge", containerDefinitions=[app])

    def task(self, arn: str) -> Any:
        return self.call("DescribeTasks", tasks=[arn])["tasks"][0]

    def tasks(self, service: str, status: str = "RUNNING") -> list[str]:
        """Those of the service that are to be running, or to be stopped."""
        arns: list[str] = self.call("ListTasks", serviceName=service, desiredStatus=status)["taskArns"]
        return arns

    def instances(self) -> dict[str, Any]:
        arns = self.call("ListContainerInstances")["containerInstanceArns"]
        found = self.call("DescribeContainerInstances", containerInstances=arns)["containerInstances"] if arns else []
        return {instance["ec2InstanceId"]: instance for instance in found}

    async def until(self, condition: Callable[[], Any]) -> None:
        try:
            await machines.until(condition)
        except TimeoutError:
            pytest.fail(await explained(labels=self.pods))


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Running]:
    name = f"kecs-test-{secrets.token_hex(3)}"
    kernels: list[Kernel] = []

    def hear(report: Report) -> None:
        kernels[0].control.supervisors.report(report)

    kubeconfig = Path(os.environ["KECS_TEST_KUBECONFIG"])
    runtime = KubernetesRuntime(PodSettings(instance=name), kubeconfig=kubeconfig)
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
    found = Running(kernel, runtime, name)
    try:
        found.call("CreateCluster", clusterName=name)
        found.define()
        yield found
    finally:
        await runtime.discard()
        await runtime.close()
        kernel.close()


async def pods_of(cluster: Cluster, running: Running) -> list[Any]:
    return (await cluster.list(Pod, labels=running.pods)).items
