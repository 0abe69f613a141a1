"""KECS on a Kubernetes cluster that is a double, on the loop of the test, whose time the test can move on."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec

from kecs.app.kernel import Kernel
from kecs.aws.model import ecs as m
from kecs.control.clock import VirtualClock
from kecs.control.ids import RandomIds
from kecs.core.settings import Settings
from kecs.core.tasks.reports import Report
from kecs.runtimes.kubernetes.runtime import KubernetesRuntime
from kecs.store.memory import MemoryStore
from tests.support.kubelets import Kubelets
from tests.support.kubernetes_server import KubernetesServer, kubernetes_server
from tests.support.patience import PATIENCE

WATCHES = 2  # of pods and of nodes
STEP = 30.0  # seconds that time moves on at once; a watch is silent for less
TICK = 0.05  # seconds that time moves on at once where it matters how much passes
SIGNATURE = b"AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/ecs/aws4_request, x=y"


class Time:
    """The loop's, and so that of everybody on it."""

    def __init__(self) -> None:
        self._ahead = 0.0
        loop = asyncio.get_running_loop()
        theirs = loop.time
        loop.time = lambda: theirs() + self._ahead  # type: ignore[method-assign]

    def move(self, seconds: float) -> None:
        self._ahead += seconds


class BusyCluster:
    """`calls`: what KECS has asked the API server, as `verb plural`."""

    def __init__(self, server: KubernetesServer, kubelets: Kubelets, kernel: Kernel, moving: Time) -> None:
        self.server = server
        self.kubelets = kubelets
        self.kernel = kernel
        self._time = moving

    def call(self, operation: str, **members: Any) -> Any:
        target = f"{m.TARGET_PREFIX}.{operation}".encode()
        answer = self.kernel.endpoint.answer(target, SIGNATURE, msgspec.json.encode(members))
        assert answer.status == 200, answer.body
        return msgspec.json.decode(answer.body)

    async def until(self, condition: Callable[[], Any], patience: float = PATIENCE) -> None:
        """Let happen what happens at once."""
        ends = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < ends, "it does not come about"
            for _ in range(10):
                await asyncio.sleep(0)

    async def calls_of(self, act: Callable[[], Any], condition: Callable[[], Any]) -> Counter[str]:
        """What is asked until what was done has come about."""
        before = self.server.asked.copy()
        act()
        await self.until(condition)
        await self.settle()
        return self.server.asked - before

    async def settle(self) -> None:
        """Until all that was asked for has been done, and nothing more comes of it."""
        quiet = 0
        while quiet < 20:
            before = self.server.asked.total(), self.server.objects.version
            await asyncio.sleep(0)
            quiet = quiet + 1 if before == (self.server.asked.total(), self.server.objects.version) else 0

    async def pass_time(self, seconds: float, step: float = STEP) -> float:
        """Move time on, with watches that hear of nothing but the time. Answers for how many seconds of it there was a
        watch too few."""
        blind = 0.0
        for number in itertools.count(1):
            self._time.move(step)
            self.server.objects.bookmark()
            await self.settle()
            while self.server.objects.watches < WATCHES:
                self._time.move(TICK)
                blind += TICK
                await self.settle()
            if number * step >= seconds:
                break
        return blind

    def running(self, service: str) -> int:
        found = self.call("DescribeServices", services=[service])["services"][0]
        return int(found["runningCount"])


@contextlib.asynccontextmanager
async def busy_cluster(folder: Path, nodes: int) -> AsyncIterator[BusyCluster]:
    """An ECS cluster `default` on as many nodes, with a task definition `web` of one container."""
    loop, moving = asyncio.get_running_loop(), Time()
    kernels: list[Kernel] = []

    def hear(report: Report) -> None:
        kernels[0].control.supervisors.report(report)

    async with kubernetes_server() as server:
        kubelets = Kubelets(server, nodes)
        runtime = KubernetesRuntime(kubeconfig=server.kubeconfig(folder / "kubeconfig"))
        await runtime.open(hear)
        kernels.append(
            Kernel(
                Settings(),
                store=MemoryStore(),
                clock=VirtualClock(time.time(), loop=loop, monotonic=loop.time),
                ids=RandomIds(),
                runtime=runtime,
                defer=loop.call_soon,
                nodes=runtime.nodes,
            )
        )
        await kernels[0].recover()
        found = BusyCluster(server, kubelets, kernels[0], moving)
        container = {"name": "app", "image": "web:1", "memory": 64}
        found.call("RegisterTaskDefinition", family="web", networkMode="bridge", containerDefinitions=[container])
        yield found
        await runtime.close()
        kernels[0].close()
