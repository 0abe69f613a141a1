"""How much KECS asks of an API server: the same for each task, and nothing while nothing happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.busy_cluster import BusyCluster, busy_cluster

from kecs.runtimes.kubernetes.api.client import AT_ONCE
from kecs.runtimes.kubernetes.output.logs import SAVED_AT_ONCE

ONCE = Counter(["list pods", "list nodes", "watch pods", "watch nodes", "create namespaces"])
HOUR = 3600.0  # seconds


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[BusyCluster]:
    async with busy_cluster(tmp_path, nodes=3) as opened:
        yield opened


def service(cluster: BusyCluster, name: str, count: int) -> None:
    cluster.call("CreateService", serviceName=name, taskDefinition="web", desiredCount=count, launchType="EC2")


async def started(cluster: BusyCluster, name: str, count: int) -> dict[str, int]:
    """What it takes to start a service of as many tasks."""
    return await cluster.calls_of(lambda: service(cluster, name, count), lambda: cluster.running(name) == count)


async def test_a_task_costs_one_call_to_start(cluster: BusyCluster) -> None:
    await started(cluster, "first", 1)  # with which the namespace comes
    assert await started(cluster, "few", 5) == {"create pods": 5}
    assert await started(cluster, "many", 50) == {"create pods": 50}


async def test_a_task_of_one_container_costs_three_calls_to_stop(cluster: BusyCluster) -> None:
    await started(cluster, "web", 20)
    calls = await cluster.calls_of(
        lambda: cluster.call("UpdateService", service="web", desiredCount=0), lambda: not cluster.kubelets.pods()
    )
    assert calls == {"patch pods": 20, "log pods": 20, "delete pods": 20}  # what it wrote is kept


async def test_each_further_turn_of_containers_costs_one_call(cluster: BusyCluster) -> None:
    await started(cluster, "first", 1)
    sidecar = {"name": "sidecar", "image": "web:1", "memory": 64, "essential": False}
    app = sidecar | {"name": "app", "essential": True}
    waits = app | {"dependsOn": [{"containerName": "sidecar", "condition": "START"}]}
    cluster.call("RegisterTaskDefinition", family="web", containerDefinitions=[app, sidecar])
    assert await started(cluster, "together", 5) == {"create pods": 5}
    cluster.call("RegisterTaskDefinition", family="web", containerDefinitions=[waits, sidecar])
    assert await started(cluster, "in-turns", 5) == {"create pods": 5, "patch pods": 5}


async def test_an_hour_in_which_nothing_happens_costs_what_watches_do(cluster: BusyCluster) -> None:
    await started(cluster, "web", 30)
    before = cluster.server.asked.copy()
    blind = await cluster.pass_time(HOUR)
    assert cluster.server.asked - before == {"watch pods": 12, "watch nodes": 12}
    assert blind < 12 * 0.5  # each is taken up again at once
    assert cluster.running("web") == 30


async def test_a_change_of_health_costs_nothing(cluster: BusyCluster) -> None:
    check = {"command": ["CMD", "true"]}
    container = {"name": "app", "image": "web:1", "memory": 64, "healthCheck": check}
    cluster.call("RegisterTaskDefinition", family="checked", containerDefinitions=[container])
    (task,) = cluster.call("RunTask", taskDefinition="checked", launchType="EC2")["tasks"]

    def health() -> str:
        return str(cluster.call("DescribeTasks", tasks=[task["taskArn"]])["tasks"][0].get("healthStatus"))

    await cluster.until(lambda: health() == "HEALTHY")
    (pod,) = cluster.kubelets.pods()
    assert not await cluster.calls_of(lambda: cluster.kubelets.ready(pod, False), lambda: health() == "UNHEALTHY")


async def test_no_more_is_asked_at_once_than_was_meant(cluster: BusyCluster) -> None:
    await started(cluster, "first", 1)
    await started(cluster, "web", 200)
    await cluster.calls_of(
        lambda: cluster.call("UpdateService", service="web", desiredCount=0), lambda: len(cluster.kubelets.pods()) == 1
    )
    assert 1 < cluster.server.at_once <= AT_ONCE + SAVED_AT_ONCE


@pytest.mark.long
async def test_200_nodes_with_5000_pods_are_steady(tmp_path: Path) -> None:
    async with busy_cluster(tmp_path, nodes=200) as cluster:
        names = [f"web-{number}" for number in range(5)]
        for name in names:
            service(cluster, name, 1000)
        await cluster.until(lambda: all(cluster.running(name) == 1000 for name in names), patience=300)
        await cluster.settle()
        asked = cluster.server.asked
        assert asked - Counter({"create pods": 5000}) == ONCE
        assert cluster.kubelets.spread() == [25] * 200
        steady = [cluster.call("DescribeServices", services=[name])["services"][0] for name in names]
        assert [s["deployments"][0]["rolloutState"] for s in steady] == ["COMPLETED"] * 5
        assert await cluster.pass_time(600) < 2
        assert asked["create pods"] == 5000
