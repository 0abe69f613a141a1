"""How much KECS asks of an API server: the same for each task, and nothing while nothing happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.busy_cluster import BusyCluster, busy_cluster

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


async def test_an_hour_in_which_nothing_happens_costs_what_watches_do(cluster: BusyCluster) -> None:
    await started(cluster, "web", 30)
    before = cluster.server.asked.copy()
    await cluster.pass_time(HOUR)
    assert cluster.server.asked - before == {"watch pods": 12, "watch nodes": 12}
    assert cluster.running("web") == 30
