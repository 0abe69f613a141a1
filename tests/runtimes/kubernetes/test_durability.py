"""What goes wrong with a real cluster: nothing is lost, nothing starts twice, and it is said what is wrong."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lightkube.resources.core_v1 import Namespace, Pod
from tests.runtimes.conformance import harness as conformance
from tests.runtimes.conformance.harness import Harness, new_harness
from tests.runtimes.kubernetes.proxy import Proxy, proxied
from tests.runtimes.plans import IMAGE, make_plan
from tests.support import images

from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Failed, Pulled, Started
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.api.client import Cluster

pytestmark = pytest.mark.kubernetes

OBEYS = ["sh", "-c", "trap 'exit 0' TERM; echo ready; while true; do sleep 0.1; done"]


@pytest.fixture
async def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    assert images.test_image("v1") == IMAGE
    copy = tmp_path / "kubeconfig"
    async with proxied(Path(os.environ["KECS_TEST_KUBECONFIG"]), copy) as proxy:
        monkeypatch.setenv("KECS_TEST_KUBECONFIG", str(copy))
        yield proxy


@pytest.fixture
async def harness(proxy: Proxy) -> AsyncIterator[Harness]:
    async with new_harness("kubernetes") as opened:
        yield opened
        proxy.reopen()


async def trouble(harness: Harness) -> str:
    for _ in range(200):
        if (said := harness.runtime.trouble) is not None:
            return said
        await asyncio.sleep(0.05)
    pytest.fail("nothing is said")


async def pods(cluster: Cluster, plan: TaskPlan) -> list[Pod]:
    return (await cluster.list(Pod, labels=f"{names.TASK}={plan.id}")).items


@pytest.mark.parametrize("seconds", [3, pytest.param(120, marks=pytest.mark.long)])
async def test_what_was_asked_for_while_the_api_server_is_away_happens_once_it_is_back(
    harness: Harness, proxy: Proxy, cluster: Cluster, seconds: float
) -> None:
    ends = make_plan({"command": ["sh", "-c", "sleep 3; exit 9"]})
    plan = make_plan({"command": OBEYS})
    await harness.run(ends)
    await harness.provision(plan)
    proxy.close()
    harness.runtime.pull(plan, "app")
    await harness.until(Pulled, plan)
    harness.runtime.start(plan, "app")
    assert "does not answer" in await trouble(harness)
    await asyncio.sleep(seconds)  # the other one ends meanwhile
    assert harness.seen(Exited, ends) == []
    proxy.reopen()
    assert (await harness.until(Exited, ends)).exit_code == 9
    await harness.until(Started, plan)
    assert harness.runtime.trouble is None
    assert len(await pods(cluster, plan)) == 1
    assert len(harness.seen(Started, plan)) == 1


async def test_what_was_stopped_while_the_api_server_is_away_never_starts(
    harness: Harness, proxy: Proxy, cluster: Cluster
) -> None:
    plan = make_plan({"command": OBEYS})
    await harness.provision(plan)
    proxy.close()
    harness.runtime.start(plan, "app")
    await trouble(harness)
    harness.runtime.stop(plan, "app", 2)
    proxy.reopen()
    await harness.ends(plan)
    await harness.release(plan)
    assert await pods(cluster, plan) == []
    assert harness.seen(Started, plan) == []


async def test_a_watch_that_is_cut_goes_on(harness: Harness, proxy: Proxy) -> None:
    plan = make_plan({"command": ["sh", "-c", "sleep 2; exit 4"]})
    await harness.run(plan)
    proxy.cut()
    assert (await harness.until(Exited, plan)).exit_code == 4
    assert len(harness.seen(Started, plan)) == 1


async def test_a_pod_that_somebody_deletes_ends_its_task(harness: Harness, cluster: Cluster) -> None:
    plan = make_plan({"command": OBEYS})
    await harness.run(plan)
    (pod,) = await pods(cluster, plan)
    assert pod.metadata is not None
    await cluster.delete(Pod, pod.metadata.name or "", pod.metadata.namespace, grace=1)
    failed = await harness.until(Failed, plan)
    assert (failed.container, failed.reason) == (None, "The pod of the task was deleted")
    assert failed.stop_code == "TerminationNotice"
    await harness.wait(lambda: harness.seen(Exited, plan))
    await harness.release(plan)
    assert len(harness.seen(Exited, plan)) == 1
    assert await pods(cluster, plan) == []


async def test_a_namespace_that_somebody_deletes_is_made_again(harness: Harness, cluster: Cluster) -> None:
    lost, plan = make_plan({"command": OBEYS, "stopTimeout": 2}), make_plan({"command": OBEYS})
    await harness.run(lost)
    (pod,) = await pods(cluster, lost)
    assert pod.metadata is not None
    await cluster.delete(Namespace, pod.metadata.namespace or "")
    await harness.wait(lambda: harness.seen(Exited, lost))
    assert [report.reason for report in harness.seen(Failed, lost)] == ["The pod of the task was deleted"]
    await harness.release(lost)
    await harness.run(plan)
    assert len(await pods(cluster, plan)) == 1


async def test_a_start_that_an_earlier_process_asked_for_is_not_repeated(harness: Harness, cluster: Cluster) -> None:
    plan = make_plan({"command": OBEYS}, {"name": "later", "command": OBEYS})
    before = await harness.provision(plan) and await harness.start(plan)
    async with harness.restarted() as again:
        observed = await again.observed(plan)
        assert observed is not None
        assert {c.name: c.state for c in observed.containers} == {"app": "running"}
        again.runtime.start(plan, "app")  # the process died before it had heard of this
        assert (await again.until(Started, plan, "app")).runtime_id == before.runtime_id
        await again.start(plan, "later")
        assert len(await pods(cluster, plan)) == 1
        assert again.seen(Exited, plan) == []


async def test_a_task_that_no_node_can_take_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "PLACED_WITHIN", 2.0)
    plan = make_plan({"command": OBEYS, "memory": 100_000_000})
    async with new_harness("kubernetes") as harness:
        await harness.provision(plan)
        harness.runtime.start(plan, "app")
        reason = (await harness.until(Failed, plan)).reason
        assert reason.startswith("Capacity is unavailable at this time: no node can take the task (RESOURCE:MEMORY)")
        harness.runtime.stop(plan, "app", 2)
        await harness.wait(lambda: harness.seen(Failed, plan, "app"))
        await harness.release(plan)
