"""A Docker runtime of a test's own: plans of its tasks, its reports in the order in which they came, no leftovers."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any, TypeVar
from urllib.parse import quote

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Failed, Provisioned, Pulled, Report, Started
from kecs.runtimes.docker import DockerRuntime
from tests.support.images import docker, test_image
from tests.support.patience import PATIENCE

R = TypeVar("R", bound=Report)

OBEYS = ["sh", "-c", "trap 'exit 0' TERM; echo ready; while true; do sleep 0.1; done"]


class Bench:
    """An open runtime and what it has reported."""

    def __init__(self, runtime: DockerRuntime, instance: str) -> None:
        self.runtime = runtime
        self.instance = instance
        self.reports: list[Report] = []
        self._news = asyncio.Event()

    def take(self, report: Report) -> None:
        self.reports.append(report)
        self._news.set()

    async def until(self, kind: type[R], plan: TaskPlan, container: str | None = None) -> R:
        """The first such report about the task. A failure that was not asked for ends the wait."""
        async with asyncio.timeout(PATIENCE):
            while True:
                ours = [r for r in self.reports if r.task == plan.arn]
                for report in ours:
                    if isinstance(report, kind) and container in (None, getattr(report, "container", None)):
                        return report
                failed = [report for report in ours if isinstance(report, Failed)]
                assert not failed, failed
                self._news.clear()
                await self._news.wait()

    async def output(self, plan: TaskPlan, container: str = "app", **options: Any) -> list[str]:
        return [line.text async for line in self.runtime.logs(plan.arn, container, **options)]


def container(name: str = "app", command: list[str] | None = None, **fields: Any) -> m.ContainerDefinition:
    """A container of the test image that obeys SIGTERM, unless something else is said."""
    fields.setdefault("image", test_image("v1"))
    return m.ContainerDefinition(name=name, command=command or OBEYS, **fields)


def plan(*containers: m.ContainerDefinition, mode: str = "bridge", launch: str = "EC2", **definition: Any) -> TaskPlan:
    """A task of its own of these containers."""
    task_id = secrets.token_hex(16)
    return TaskPlan(
        arn=f"arn:aws:ecs:us-east-1:000000000000:task/dev/{task_id}",
        id=task_id,
        cluster="dev",
        account="000000000000",
        region="us-east-1",
        definition=m.TaskDefinition(family="web", revision=7, **definition),
        containers=containers,
        network_mode=mode,
        launch_type=launch,
    )


@contextlib.asynccontextmanager
async def bench(instance: str | None = None, *, keep: bool = False, **options: Any) -> AsyncIterator[Bench]:
    """An open runtime; `keep` leaves what it made to the one that is opened next for the instance."""
    instance = instance or f"test-{secrets.token_hex(4)}"
    opened = Bench(DockerRuntime(instance, **options), instance)
    await opened.runtime.open(opened.take)
    try:
        yield opened
    finally:
        if not keep:
            await opened.runtime.discard()
        await opened.runtime.close()


async def run(on: Bench, task: TaskPlan) -> list[Started]:
    """Bring the whole task up."""
    on.runtime.provision(task)
    await on.until(Provisioned, task)
    started = []
    for definition in task.containers:
        name = definition.name or ""
        on.runtime.pull(task, name)
        await on.until(Pulled, task, name)
        on.runtime.start(task, name)
        started.append(await on.until(Started, task, name))
    return started


def inspect(container_id: str) -> dict[str, Any]:
    status, found = docker("GET", f"/containers/{container_id}/json")
    assert status == 200, found
    return dict(found)


def listed(what: str, label: str) -> list[dict[str, Any]]:
    """Containers, networks or volumes with the label."""
    filters = quote(f'{{"label":["{label}"]}}')
    path = {"containers": f"/containers/json?all=1&filters={filters}"}.get(what, f"/{what}?filters={filters}")
    _, found = docker("GET", path)
    return list(found["Volumes"] or [] if what == "volumes" else found)
