"""What lets one scenario run against every runtime: waiting for reports, reading output, and what may differ.

A scenario speaks to the runtime through `ports.runtime.Runtime` only. Waiting moves the clock on where the runtime is
simulated, and takes real time where it is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.support.patience import PATIENCE

from kecs.control.clock import VirtualClock
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Failed, ObservedTask, Provisioned, Pulled, Released, Report, Started
from kecs.ports.runtime import LogLine, Runtime
from kecs.runtimes.simulated import SimulatedRuntime

R = TypeVar("R", bound=Report)

PLACED_WITHIN = 30.0  # seconds that a pod may wait for a node, and for the volume that a claim of it finds
MISSING_IMAGE = "127.0.0.1:1/kecs-test/missing:v1"  # a registry where nobody answers

# What a runtime does not do, and why. A scenario that needs it says so with `needs`.
CANNOT: dict[str, dict[str, str]] = {
    "simulated": {
        "outlive its process": "simulated containers are only there while their process is",
        "keep files": "simulated containers have no files",
        "run any program": "the simulated runtime knows the programs of `simulated.programs` alone",
    },
    "docker": {},
    "kubernetes": {
        "tell stdout from stderr": "Kubernetes keeps what a container writes as one",
        "refuse a port that is taken": "a pod waits for a node where the port is free",
        "tell MAC addresses": "no API of Kubernetes has those of pods",
        "run the same container again": "a container of a pod runs once, so a restart is another one",
        "tell subnets": "the networks of pods need not have any, and no API of Kubernetes has their gateways",
        "count files at once": "a kubelet counts what is written once a minute or so",
    },
}


class Harness:
    """A runtime that is open, and every report that it has sent."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.reports: list[Report] = []
        self.closed = False

    async def __aenter__(self) -> Harness:
        self.capacity = await self.runtime.open(self.take)
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.closed:
            await self.runtime.discard()
            await self.runtime.close()

    def take(self, report: Report) -> None:
        """The runtime's sink."""
        self.reports.append(report)

    def needs(self, ability: str) -> None:
        """Skip the scenario on a runtime that cannot do this."""
        reason = CANNOT[self.runtime.name].get(ability)
        if reason is not None:
            pytest.skip(f"not on {self.runtime.name}: {reason}")

    async def may_share_files(self) -> None:
        """From here on there is room for a file system that tasks share, where that has to be made first."""

    def seen(self, kind: type[R], plan: TaskPlan, container: str | None = None) -> list[R]:
        """The reports of this kind about the task, or about one container of it, in order."""
        return [
            report
            for report in self.reports
            if isinstance(report, kind)
            and report.task == plan.arn
            and (container is None or getattr(report, "container", None) == container)
        ]

    async def until(self, kind: type[R], plan: TaskPlan, container: str | None = None, *, nth: int = 1) -> R:
        """The nth such report, waited for if need be. A failure that was not asked for ends the wait."""

        def is_there() -> bool:
            failed = kind not in (Failed, Released) and bool(self.seen(Failed, plan))
            return failed or len(self.seen(kind, plan, container)) >= nth

        await self.wait(is_there)
        found = self.seen(kind, plan, container)
        if len(found) < nth:
            others = [report for report in self.reports if report.task == plan.arn]
            why = await self.explained(plan)
            pytest.fail(f"no {kind.__name__} of {container or 'the task'}; its reports: {others}{why}")
        return found[nth - 1]

    async def explained(self, plan: TaskPlan) -> str:  # for those who know more
        """What else is known of the task."""
        return ""

    async def wait(self, condition: Any) -> None:
        """Until the condition holds, or patience ends."""
        raise NotImplementedError

    async def provision(self, plan: TaskPlan) -> Provisioned:
        self.runtime.provision(plan)
        return await self.until(Provisioned, plan)

    async def address(self, plan: TaskPlan) -> str:
        """Where the task is reached, as was said when it was provisioned, or else when it started."""
        told = (await self.until(Provisioned, plan)).address or (await self.until(Started, plan)).address
        assert told is not None
        return told

    async def fails_to_pull(self, plan: TaskPlan, container: str = "app") -> Failed:
        """Pull a container's image, which is not to be had: some runtimes find that out only when they start it."""
        self.runtime.pull(plan, container)
        await self.wait(lambda: self.seen(Failed, plan, container) or self.seen(Pulled, plan, container))
        if self.seen(Pulled, plan, container):
            self.runtime.start(plan, container)
        return await self.until(Failed, plan, container)

    async def ends(self, plan: TaskPlan, container: str = "app") -> Exited | Failed:
        """How a container ended that was stopped while it started: it may have run, or not."""
        await self.wait(lambda: self.seen(Exited, plan, container) or self.seen(Failed, plan, container))
        (end,) = [*self.seen(Exited, plan, container), *self.seen(Failed, plan, container)]
        return end

    async def fails_to_start(self, plan: TaskPlan, container: str = "app") -> Failed:
        """Pull and start a container that cannot be started."""
        self.runtime.pull(plan, container)
        await self.until(Pulled, plan, container)
        self.runtime.start(plan, container)
        return await self.until(Failed, plan, container)

    async def start(self, plan: TaskPlan, container: str = "app") -> Started:
        """Pull and start a container of a task that is provisioned."""
        self.runtime.pull(plan, container)
        await self.until(Pulled, plan, container)
        self.runtime.start(plan, container)
        return await self.until(Started, plan, container)

    async def run(self, plan: TaskPlan) -> Started:
        """Provision the task and start its containers; what was said of the first one's start."""
        await self.provision(plan)
        started = [await self.start(plan, container.name or "") for container in plan.containers]
        return started[0]

    async def finish(self, plan: TaskPlan, container: str = "app") -> Exited:
        """Run the task and wait for the container's exit."""
        await self.run(plan)
        return await self.until(Exited, plan, container)

    async def release(self, plan: TaskPlan) -> None:
        before = len(self.seen(Released, plan))
        self.runtime.release(plan)
        await self.until(Released, plan, nth=before + 1)

    async def output(self, plan: TaskPlan, container: str = "app", **options: Any) -> list[str]:
        """The container's lines."""
        return [line.text async for line in self.runtime.logs(plan.arn, container, **options)]

    async def first_line(self, plan: TaskPlan, container: str = "app") -> LogLine:
        """The first line of a running container, waited for: what it does before that line is done."""
        async with contextlib.aclosing(self.runtime.logs(plan.arn, container, follow=True)) as lines:  # type: ignore[type-var]
            async for line in lines:
                return line
        pytest.fail(f"{container} has ended without a line")

    def restarted(self) -> contextlib.AbstractAsyncContextManager[Harness]:
        """Close the runtime and open another one that takes its place, as the next process would."""
        raise NotImplementedError

    async def observed(self, plan: TaskPlan) -> ObservedTask | None:
        """The task in the runtime's inventory."""
        return next((task for task in await self.runtime.inventory() if task.task == plan.arn), None)

    async def answers(self, address: str, port: int) -> bool:
        """Whether something there speaks HTTP."""
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 5)
        except OSError:
            return False
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            return (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.")
        except ConnectionError:
            return False
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def comes_to_answer(self, address: str, port: int) -> bool:
        """Whether it answers before long: a real server listens some time after its container has started."""
        for _ in range(200):
            if await self.answers(address, port):
                return True
            await asyncio.sleep(0.05)
        return False


class SimulatedHarness(Harness):
    """Time moves only here."""

    def __init__(self) -> None:
        self.clock = VirtualClock(1_700_000_000.0)
        super().__init__(
            SimulatedRuntime(
                self.clock, scripts={MISSING_IMAGE: {"pull_error": "no registry answers there"}}, listen=True
            )
        )

    async def wait(self, condition: Any) -> None:
        self.clock.advance_until(condition, PATIENCE)


class RealHarness(Harness):
    """Time passes by itself; every report wakes whoever waits."""

    def __init__(self, name: str, instance: str) -> None:
        super().__init__(_runtime(name, instance))
        self._instance = instance
        self._news = asyncio.Event()

    def take(self, report: Report) -> None:
        super().take(report)
        self._news.set()

    async def wait(self, condition: Any) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    self._news.clear()
                    await self._news.wait()

    @contextlib.asynccontextmanager
    async def restarted(self) -> AsyncIterator[Harness]:
        await self.runtime.close()
        self.closed = True
        async with type(self)(self.runtime.name, self._instance) as again:
            yield again


class KubernetesHarness(RealHarness):
    """The cluster for tests makes no volumes by itself: there is one for the claim of a scenario."""

    async def may_share_files(self) -> None:
        from tests.support import kubernetes_volumes

        await self._volumes.enter_async_context(kubernetes_volumes.for_claims(self._instance))

    async def explained(self, plan: TaskPlan) -> str:
        """What KECS has seen last, and what there is: they differ where KECS has missed something."""
        from tests.support.explained import explained

        from kecs.runtimes.kubernetes import names
        from kecs.runtimes.kubernetes.runtime import KubernetesRuntime

        assert isinstance(self.runtime, KubernetesRuntime)
        pod = self.runtime.pod(plan.arn)
        seen = pod.metadata.resourceVersion if pod is not None and pod.metadata is not None else None
        there = await explained(labels=f"{names.TASK}={plan.id}")
        return f"\nKECS has seen version {seen}, trouble: {self.runtime.trouble}\n{there}"

    async def __aenter__(self) -> Harness:
        self._volumes = contextlib.AsyncExitStack()
        return await super().__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        await self._volumes.aclose()


def _runtime(name: str, instance: str) -> Runtime:
    if name == "docker":
        from kecs.runtimes.docker import DockerRuntime

        return DockerRuntime(instance=instance)
    from kecs.runtimes.kubernetes.manifests.settings import PodSettings
    from kecs.runtimes.kubernetes.runtime import KubernetesRuntime

    kubeconfig = Path(os.environ["KECS_TEST_KUBECONFIG"])
    settings = PodSettings(instance=instance, storage_classes={"efs": instance})
    return KubernetesRuntime(settings, kubeconfig=kubeconfig, patience=PLACED_WITHIN)


def new_harness(runtime: str) -> Harness:
    """A harness around the runtime of that name; nothing is left behind when it is closed."""
    if runtime == "simulated":
        return SimulatedHarness()
    kind = KubernetesHarness if runtime == "kubernetes" else RealHarness
    return kind(runtime, f"conformance-{secrets.token_hex(4)}")
