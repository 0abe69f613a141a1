"""Namespaces of ECS clusters that are deleted, and perhaps made again at once, on a double of a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.busy_cluster import WATCHES, BusyCluster, busy_cluster
from tests.support.kubernetes_server import Refused

from kecs.runtimes.kubernetes.homes import GOES_WITHIN

HOME = "kecs-default-shop"
ARN = "arn:aws:ecs:us-east-1:000000000000:cluster/shop"


class Shop:
    """An ECS cluster of that name."""

    def __init__(self, cluster: BusyCluster) -> None:
        self.cluster = cluster
        self.server = cluster.server

    def make(self) -> None:
        self.cluster.call("CreateCluster", clusterName="shop")

    def run(self) -> str:
        (task,) = self.cluster.call("RunTask", cluster="shop", taskDefinition="web", launchType="EC2")["tasks"]
        return str(task["taskArn"])

    def task(self, arn: str) -> Any:
        return self.cluster.call("DescribeTasks", cluster="shop", tasks=[arn])["tasks"][0]

    def stop(self, arn: str) -> None:
        self.cluster.call("StopTask", cluster="shop", task=arn)

    def delete(self) -> None:
        self.cluster.call("DeleteCluster", cluster="shop")

    async def until(self, arn: str, status: str) -> None:
        await self.cluster.until(lambda: self.task(arn)["lastStatus"] == status)

    async def has_run(self) -> None:
        """A task, which is over."""
        self.make()
        arn = self.run()
        await self.until(arn, "RUNNING")
        self.stop(arn)
        await self.until(arn, "STOPPED")

    @property
    def namespace(self) -> Any:
        return self.server.objects.get("namespaces", "", HOME)

    def asked(self) -> Counter[str]:
        """What was asked about namespaces."""
        return Counter({what: n for what, n in self.server.asked.items() if what.endswith(" namespaces")})


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with busy_cluster(tmp_path, nodes=1) as opened:
        yield Shop(opened)


async def test_a_namespace_goes_with_its_cluster(shop: Shop) -> None:
    await shop.has_run()
    assert shop.namespace is not None
    assert shop.asked() == {"create namespaces": 1}
    shop.delete()
    await shop.cluster.until(lambda: shop.namespace is None)
    assert shop.asked() == {"create namespaces": 1, "list namespaces": 1, "delete namespaces": 1}


async def test_one_with_claims_stays(shop: Shop) -> None:
    await shop.has_run()
    shop.server.objects.put("persistentvolumeclaims", {"metadata": {"name": "efs-1", "namespace": HOME}})
    shop.delete()
    await shop.cluster.settle()
    assert shop.namespace is not None
    assert shop.server.asked["list persistentvolumeclaims"] == 1
    assert shop.asked()["delete namespaces"] == 0


async def test_one_that_is_not_kecs_stays(shop: Shop) -> None:
    shop.server.objects.put("namespaces", {"metadata": {"name": HOME}})
    await shop.has_run()
    shop.delete()
    await shop.cluster.settle()
    assert shop.namespace is not None


async def test_a_cluster_without_tasks_has_none(shop: Shop) -> None:
    shop.make()
    shop.delete()
    await shop.cluster.settle()
    assert shop.asked() == {"list namespaces": 1}


async def test_of_many_it_is_asked_together_which_there_are(shop: Shop) -> None:
    await shop.has_run()
    gone = [ARN, *(f"{ARN}-{number}" for number in range(50))]
    shop.cluster.kernel.runtime.vacate(gone)
    await shop.cluster.until(lambda: shop.namespace is None)
    assert shop.asked() == {"create namespaces": 1, "list namespaces": 2, "delete namespaces": 1}


async def test_tasks_of_a_cluster_that_is_made_again_wait_until_the_namespace_has_gone(shop: Shop) -> None:
    await shop.has_run()
    shop.server.namespaces_linger = True
    shop.delete()
    await shop.cluster.until(lambda: shop.namespace["metadata"].get("deletionTimestamp"))
    shop.make()
    arns = [shop.run() for _ in range(3)]
    await shop.cluster.settle()
    before = shop.server.asked.copy()
    assert shop.server.objects.watches == WATCHES + 1
    await shop.cluster.pass_time(60)
    assert shop.server.asked == before  # nobody asks again and again
    shop.server.objects.remove("namespaces", "", HOME)
    for arn in arns:
        await shop.until(arn, "RUNNING")
    assert shop.asked()["create namespaces"] == 1 + 2
    await shop.cluster.pass_time(60)
    assert shop.server.objects.watches == WATCHES


async def test_one_that_is_made_again_before_anybody_looked_keeps_its_namespace(shop: Shop) -> None:
    await shop.has_run()
    shop.delete()
    shop.make()
    arn = shop.run()
    await shop.until(arn, "RUNNING")
    assert shop.asked() == {"create namespaces": 1}


async def test_a_task_that_comes_before_the_runtime_has_looked_keeps_it(shop: Shop) -> None:
    await shop.has_run()
    turn = shop.cluster.kernel.control.queue.drain
    shop.delete()
    turn()
    shop.make()
    arn = shop.run()
    turn()
    await shop.until(arn, "RUNNING")
    assert shop.asked()["delete namespaces"] == 0


async def test_a_task_that_comes_while_the_namespace_is_being_removed_waits_for_that(shop: Shop) -> None:
    await shop.has_run()
    home = shop.namespace["metadata"]["uid"]
    shop.delete()
    await shop.cluster.until(lambda: shop.server.asked["list namespaces"] == 1)
    shop.make()
    arn = shop.run()
    await shop.until(arn, "RUNNING")
    assert shop.namespace["metadata"]["uid"] != home


async def test_a_task_that_is_stopped_does_not_wait_for_a_namespace_to_go(shop: Shop) -> None:
    await shop.has_run()
    shop.server.namespaces_linger = True
    shop.delete()
    await shop.cluster.until(lambda: shop.namespace["metadata"].get("deletionTimestamp"))
    shop.make()
    arn = shop.run()
    await shop.cluster.until(lambda: shop.server.objects.watches == WATCHES + 1)
    shop.stop(arn)
    await shop.cluster.settle()
    await shop.cluster.pass_time(1, step=1)
    await shop.until(arn, "STOPPED")


async def test_a_namespace_that_never_goes_ends_the_task(shop: Shop) -> None:
    await shop.has_run()
    shop.server.namespaces_linger = True
    shop.delete()
    await shop.cluster.until(lambda: shop.namespace["metadata"].get("deletionTimestamp"))
    shop.make()
    arns = [shop.run(), shop.run()]
    await shop.cluster.settle()
    await shop.cluster.pass_time(GOES_WITHIN + 30)
    for arn in arns:
        await shop.until(arn, "STOPPED")
        assert "is being removed, and has not gone" in shop.task(arn)["stoppedReason"]


async def test_a_cluster_that_refuses_keeps_it(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    await shop.has_run()
    shop.server.refusals["delete namespaces"] = [Refused(403, "Forbidden", "you may not")]
    shop.delete()
    await shop.cluster.settle()
    assert "namespaces of deleted clusters are left: you may not" in caplog.text
    assert shop.namespace is not None
