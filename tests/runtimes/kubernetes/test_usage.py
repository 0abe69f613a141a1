"""What tasks use, out of what kubelets have measured of their pods, or a metrics server has."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from lightkube.resources.core_v1 import Pod
from tests.runtimes.conformance.harness import new_harness
from tests.runtimes.kubernetes.kubelets import ARN, OVER, RUNNING, Kubelets, pod
from tests.runtimes.plans import make_plan
from tests.support.patience import PATIENCE

from kecs.core.autoscaling.usage import Usage
from kecs.runtimes.kubernetes.api.client import ClusterGone
from kecs.runtimes.kubernetes.measuring import summaries, usage
from kecs.runtimes.usage import Usages

LABELS = "kecs.dev/instance=default"


@pytest.fixture
def kubelets(monkeypatch: pytest.MonkeyPatch) -> Kubelets:
    """Whose answers are old when the loop has had a turn."""
    monkeypatch.setattr(summaries, "FRESH", -1.0)
    monkeypatch.setattr(usage, "FRESH", -1.0)
    return Kubelets()


def usages(kubelets: Kubelets, seen: Pod | None) -> Usages:
    return usage.measuring(kubelets.cluster, LABELS, lambda task: seen if task == ARN else None, lambda: [ARN])


async def test_cpu_is_known_from_the_second_look_on(kubelets: Kubelets) -> None:
    measured = usages(kubelets, pod(app=RUNNING, proxy=RUNNING, done=OVER))
    kubelets.measures("10", app=1, proxy=1, done=1)
    assert await measured.of([ARN]) == {ARN: Usage(cpu=None, memory=64)}
    kubelets.measures("20", app=6, proxy=1, done=1)
    assert await measured.of([ARN]) == {ARN: Usage(cpu=512, memory=64)}


async def test_where_kubelets_may_not_be_asked_a_metrics_server_may(kubelets: Kubelets) -> None:
    measured = usages(kubelets, pod(app=RUNNING, proxy=RUNNING))
    assert await measured.of([ARN]) == {}
    kubelets.metrics = [
        {
            "metadata": {"name": "web-0123", "namespace": "kecs-default-tests"},
            "timestamp": "2026-01-01T00:00:10Z",
            "window": "15s",
            "containers": [
                {"name": "app", "usage": {"cpu": "250m", "memory": "32768Ki"}},
                {"name": "proxy", "usage": {"cpu": "250000000n", "memory": "1Mi"}},
                {"name": "done", "usage": {"cpu": "1", "memory": "1Gi"}},
            ],
        }
    ]
    assert await measured.of([ARN]) == {ARN: Usage(cpu=512, memory=33)}
    assert f"PodMetrics {LABELS}" in kubelets.asked


async def test_it_is_not_asked_while_kubelets_can_be_or_nobody_answers(kubelets: Kubelets) -> None:
    measured = usages(kubelets, pod(app=RUNNING))
    kubelets.summary = ClusterGone("it is away")
    assert await measured.of([ARN]) == {}
    kubelets.measures("10")  # it has not been measured yet
    assert await measured.of([ARN]) == {}
    assert set(kubelets.asked) == {"Summary node"}


async def test_of_what_does_not_run_nobody_asks(kubelets: Kubelets) -> None:
    assert await usages(kubelets, None).of([ARN]) == {}
    assert await usages(kubelets, pod(app=OVER)).of([ARN]) == {}
    assert kubelets.asked == []


@pytest.mark.kubernetes
async def test_a_busy_container() -> None:
    async with new_harness("kubernetes") as harness:
        plan = make_plan({"command": ["sh", "-c", "while :; do :; done"], "cpu": 256})
        await harness.run(plan)
        loop = asyncio.get_running_loop()

        async def measured() -> Mapping[str, Usage]:
            answer: asyncio.Future[Mapping[str, Usage]] = loop.create_future()
            harness.runtime.measure([plan.arn, "arn:unknown"], answer.set_result)
            return await answer

        used: Mapping[str, Any] = {}
        async with asyncio.timeout(PATIENCE):
            while not (used and (used[plan.arn].cpu or 0) > 1):  # a kubelet measures once in ten seconds
                await asyncio.sleep(0.2)
                used = await measured()
        assert list(used) == [plan.arn]
        assert 0 < used[plan.arn].memory < 64
