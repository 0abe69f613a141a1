"""What comes of tasks whose cluster cannot be talked to for a while, on a double that keeps its objects meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.busy_cluster import WATCHES, BusyCluster, busy_cluster
from tests.support.kubernetes_server import Refused

from kecs.runtimes.kubernetes.api.client import ATTEMPTS
from kecs.runtimes.kubernetes.gate import LOOK_LATE

TASKS = 10


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[BusyCluster]:
    """A service of some tasks."""
    async with busy_cluster(tmp_path, nodes=2) as opened:
        opened.call("CreateService", serviceName="web", taskDefinition="web", desiredCount=TASKS, launchType="EC2")
        await opened.until(lambda: opened.running("web") == TASKS)
        await opened.settle()
        yield opened


def tasks(cluster: BusyCluster) -> set[str]:
    return set(cluster.call("ListTasks", serviceName="web")["taskArns"])


def names(cluster: BusyCluster) -> set[str]:
    return {pod["metadata"]["name"] for pod in cluster.kubelets.pods()}


def remove_one(cluster: BusyCluster) -> str:
    """Somebody deletes a pod by hand."""
    metadata = cluster.kubelets.pods()[0]["metadata"]
    cluster.server.objects.remove("pods", metadata["namespace"], metadata["name"])
    return str(metadata["name"])


async def replaced(cluster: BusyCluster, name: str) -> None:
    """Wait until another pod is there instead, and nothing more comes of it."""
    await cluster.until(lambda: name not in names(cluster) and len(names(cluster)) == TASKS)
    await cluster.until(lambda: cluster.running("web") == TASKS)
    await cluster.until(lambda: cluster.server.objects.watches == WATCHES)
    await cluster.settle()
    assert len(names(cluster)) == TASKS == len(tasks(cluster))


async def test_a_watch_that_is_cut_misses_nothing(cluster: BusyCluster) -> None:
    cluster.server.cut_watches()
    await replaced(cluster, remove_one(cluster))
    assert cluster.server.asked["list pods"] == 1


async def test_a_pod_that_goes_while_history_is_forgotten_is_missed_by_nobody(cluster: BusyCluster) -> None:
    cluster.server.cut_watches()
    gone = remove_one(cluster)
    cluster.server.objects.forget()
    await replaced(cluster, gone)
    assert cluster.server.asked["list pods"] == 2
    assert cluster.server.asked["create pods"] == TASKS + 1


async def test_pods_of_running_tasks_are_left_alone_by_a_new_list(cluster: BusyCluster) -> None:
    before, known = names(cluster), tasks(cluster)
    cluster.server.cut_watches()
    cluster.server.objects.put("pods", cluster.kubelets.pods()[0])
    cluster.server.objects.forget()
    await cluster.until(lambda: cluster.server.asked["list pods"] == 2)
    await cluster.until(lambda: cluster.server.objects.watches == WATCHES)
    await cluster.settle()
    assert (names(cluster), tasks(cluster)) == (before, known)


async def test_a_pod_whose_making_was_not_answered_is_adopted(cluster: BusyCluster) -> None:
    cluster.server.unanswered["create pods"] = 1
    await replaced(cluster, remove_one(cluster))
    assert cluster.server.asked["create pods"] == TASKS + 2
    assert cluster.server.asked["get pods"] == 1


async def test_a_task_starts_once_an_api_server_that_is_too_busy_has_time(cluster: BusyCluster) -> None:
    too_many = [Refused(429, "TooManyRequests", Retry_After="0.001") for _ in range(2 * ATTEMPTS + 1)]
    cluster.server.refusals["create pods"] = list(too_many)
    await replaced(cluster, remove_one(cluster))
    assert cluster.server.asked["create pods"] == TASKS + len(too_many) + 1


async def test_a_namespace_that_takes_minutes_to_go_is_waited_for_with_few_questions(cluster: BusyCluster) -> None:
    going = Refused(403, "Forbidden", "unable to create new content in namespace n because it is being terminated")
    cluster.server.refusals["create pods"] = [going] * 1000
    gone = remove_one(cluster)
    await cluster.pass_time(200, step=0.5)
    asked = cluster.server.asked["create pods"] - TASKS
    assert 90 <= asked <= 120
    cluster.server.refusals.clear()
    await cluster.pass_time(LOOK_LATE, step=0.5)
    await replaced(cluster, gone)
    assert cluster.server.asked["create pods"] == TASKS + asked + 1


async def test_a_conflict_when_a_container_is_stopped_is_tried_again(cluster: BusyCluster) -> None:
    cluster.server.refusals["patch pods"] = [Refused(409, "Conflict", "the object has been modified")]
    cluster.call("UpdateService", service="web", desiredCount=TASKS - 1)
    await cluster.until(lambda: len(names(cluster)) == TASKS - 1)
    await cluster.settle()
    assert cluster.server.asked["patch pods"] == 2
