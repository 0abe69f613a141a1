"""What is over stays visible for an hour by the clock, and is forgotten then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.furnished import GROUP
from tests.support.journals import MemoryJournal

from .machines import machine
from .world import World

HOUR = 3600
Shown = Callable[[World], "list[Any]"]


def end_task(world: World) -> Shown:
    (task,) = world.run()["tasks"]
    world.call("StopTask", task=task["taskArn"])
    return lambda world: [t["lastStatus"] for t in world.call("DescribeTasks", tasks=[task["taskArn"]])["tasks"]]


def end_service(world: World) -> Shown:
    world.serve(count=2)
    world.call("DeleteService", service="s", force=True)
    return lambda world: [s["status"] for s in world.call("DescribeServices", services=["s"])["services"]]


def end_cluster(world: World) -> Shown:
    world.call("CreateCluster", clusterName="c")
    world.call("DeleteCluster", cluster="c")
    return lambda world: [c["status"] for c in world.call("DescribeClusters", clusters=["c"])["clusters"]]


def end_instance(world: World) -> Shown:
    arn = machine(world)
    world.call("DeregisterContainerInstance", containerInstance=arn)
    describe = "DescribeContainerInstances"
    return lambda world: [i["status"] for i in world.call(describe, containerInstances=[arn])["containerInstances"]]


ENDS = [(end_task, "STOPPED"), (end_service, "INACTIVE"), (end_cluster, "INACTIVE"), (end_instance, "INACTIVE")]


@pytest.mark.parametrize(("end", "status"), ENDS)
def test_what_is_over_is_shown_for_an_hour(world: World, end: Callable[[World], Shown], status: str) -> None:
    world.define()
    shown = end(world)
    world.clock.advance(HOUR - 1)
    assert shown(world) == [status]
    world.clock.advance(2)
    assert shown(world) == []


@pytest.mark.parametrize(("end", "status"), ENDS)
def test_a_restart_does_not_make_it_forgotten_sooner(end: Callable[[World], Shown], status: str) -> None:
    journal = MemoryJournal()
    before = World(journal=journal)
    before.define()
    shown = end(before)
    before.clock.advance(HOUR / 2)
    after = World(journal=journal, start=before.clock.now(), seed=2)
    asyncio.run(after.kernel.recover())
    after.clock.advance(HOUR / 2 - 1)
    assert shown(after) == [status]
    after.clock.advance(HOUR / 2 + 2)
    assert shown(after) == []


def test_what_is_made_anew_under_its_name_stays(world: World) -> None:
    world.define()
    end_service(world)
    end_cluster(world)
    world.clock.advance(HOUR / 2)
    world.serve(count=1)
    world.call("CreateCluster", clusterName="c")
    world.clock.advance(HOUR)
    assert world.service()["status"] == "ACTIVE"
    assert [c["status"] for c in world.call("DescribeClusters", clusters=["c"])["clusters"]] == ["ACTIVE"]


def test_nothing_is_left_of_a_cluster(world: World) -> None:
    store = world.kernel.store
    group = {"autoScalingGroupArn": GROUP.format("one"), "managedScaling": {"status": "ENABLED"}}
    world.call("CreateCapacityProvider", name="asg", autoScalingGroupProvider=group)
    world.call("CreateCluster", clusterName="c", capacityProviders=["asg"])
    world.define_ec2()
    strategy = [{"capacityProvider": "asg", "weight": 1}]
    members = {"launchType": None, "networkConfiguration": None, "capacityProviderStrategy": strategy}
    world.serve(cluster="c", count=2, **members)
    world.clock.advance(60)
    assert len(list(store.tasks)) == 2
    world.call("DeleteService", cluster="c", service="s", force=True)
    world.clock.advance(60)
    world.call("PutClusterCapacityProviders", cluster="c", capacityProviders=[], defaultCapacityProviderStrategy=[])
    world.clock.advance(60)
    world.call("DeleteCluster", cluster="c")
    world.clock.advance(HOUR + 1)
    left = (store.tasks, store.services, store.instances, store.capacity_groups, store.service_deployments)
    assert [list(table) for table in left] == [[]] * 5
    assert [cluster.name for cluster in store.clusters] == ["default"]
