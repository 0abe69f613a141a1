"""What the real scheduler of a cluster makes of placement constraints. No pod of these runs: there is no kubelet."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from lightkube.resources.core_v1 import Namespace, Pod
from tests.runtimes.kubernetes import machines
from tests.runtimes.kubernetes.translated import plan
from tests.support.patience import PATIENCE

from kecs.core.tasks.plan import Wishes
from kecs.runtimes.kubernetes.api.client import Cluster, ClusterError
from kecs.runtimes.kubernetes.manifests.pods import pod_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.seeing import reasons

pytestmark = pytest.mark.kubernetes

SAID = {"disk": "ssd", "rank": "10", "kubernetes.io/hostname": "here"}


class Scheduler:
    """A namespace of the test's own, and a node with the labels SAID."""

    def __init__(self, cluster: Cluster, name: str, node: str) -> None:
        self._cluster = cluster
        self._settings = PodSettings(instance=name)
        self._node = node
        self.home = f"kecs-{name}-dev"

    async def decides(self, expression: str, *, distinct: bool = False, **seen: str) -> Any:
        """The pod of a task that KECS has placed on the node, once the scheduler has decided; `seen` are labels that
        KECS has seen there in place of what they are."""
        labels = SAID | seen
        wishes = Wishes((expression,) if expression else (), distinct=distinct, attributes=labels, labels=labels)
        task = plan(node=self._node, wishes=wishes, group="g", id=secrets.token_hex(16))
        manifest = pod_of(task, started=[], settings=self._settings)
        name = manifest["metadata"]["name"]
        await self._made(manifest)
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self._cluster.get(Pod, name, self.home)
                if reasons.condition(found, "PodScheduled") is not None:
                    return found
                await asyncio.sleep(0.05)

    async def _made(self, manifest: dict[str, Any]) -> None:
        """A namespace has an account after a moment only."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await self._cluster.create(Pod, manifest, self.home)
                except ClusterError as error:
                    if "serviceaccount" not in error.message:
                        raise
                    await asyncio.sleep(0.05)
                else:
                    return


@pytest.fixture
async def scheduler(cluster: Cluster) -> AsyncIterator[Scheduler]:
    name = f"test-{secrets.token_hex(3)}"
    async with machines.machine(cluster, name, **SAID) as node:
        found = Scheduler(cluster, name, node)
        await cluster.create(Namespace, {"metadata": {"name": found.home}})
        try:
            yield found
        finally:
            for pod in (await cluster.list(Pod, found.home)).items:
                with contextlib.suppress(ClusterError):
                    await cluster.delete(Pod, pod.metadata.name, found.home, grace=0)
            await cluster.delete(Namespace, found.home)


@pytest.mark.parametrize(
    "expression",
    [
        "attribute:disk == ssd and attribute:disk != hdd and attribute:rank exists",
        "attribute:rank > 9 and attribute:rank <= 10 and attribute:other !exists",
        "attribute:disk == hdd or not(attribute:disk in [hdd, tape] or attribute:rank < 10)",
    ],
)
async def test_a_node_that_is_as_it_was_gets_the_task(scheduler: Scheduler, expression: str) -> None:
    pod = await scheduler.decides(expression)
    assert (pod.spec.nodeName or "").startswith("test-")


@pytest.mark.parametrize(
    ("expression", "seen"),
    [("attribute:disk == hdd", {"disk": "hdd"}), ("attribute:rank > 10", {"rank": "11"})],
)
async def test_one_that_has_changed_since_does_not(scheduler: Scheduler, expression: str, seen: dict[str, str]) -> None:
    pod = await scheduler.decides(expression, **seen)
    found = reasons.unschedulable(pod)
    assert found is not None
    assert "(ATTRIBUTE" in found[0]


async def test_one_that_has_a_task_of_the_group_does_not_get_another_that_is_to_be_alone(scheduler: Scheduler) -> None:
    first = await scheduler.decides("", distinct=True)
    assert first.spec.nodeName
    found = reasons.unschedulable(await scheduler.decides("", distinct=True))
    assert found is not None
    assert "(ATTRIBUTE" in found[0]
    assert (await scheduler.decides("")).spec.nodeName == first.spec.nodeName
