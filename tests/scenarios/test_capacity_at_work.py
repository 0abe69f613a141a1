"""Capacity providers at work: strategies share tasks out, groups grow and shrink, Spot capacity is taken back."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from kecs.control.instances.interruptions import NotSpot, interrupt_provider, interrupt_task
from tests.support.furnished import GROUP
from tests.support.journals import MemoryJournal

from .managed import TEMPLATE, Managed
from .world import NETWORK, Refused, World

FARGATE, SPOT = "FARGATE", "FARGATE_SPOT"
ON_GROUP = {
    "launchType": None,
    "networkConfiguration": None,
    "capacityProviderStrategy": [{"capacityProvider": "asg", "weight": 1}],
}
MIX = "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate"


def item(provider: str, weight: int = 1, base: int = 0) -> dict[str, Any]:
    return {"capacityProvider": provider, "weight": weight, "base": base}


def strategy(*items: dict[str, Any]) -> dict[str, Any]:
    return {"launchType": None, "capacityProviderStrategy": list(items)}


def put(world: World, *providers: str, default: Any = ()) -> None:
    members = {"capacityProviders": list(providers), "defaultCapacityProviderStrategy": list(default)}
    world.call("PutClusterCapacityProviders", cluster="default", **members)


def grouped(world: World, most: int = 4, **members: Any) -> None:
    """The capacity provider `asg` with managed scaling, and `web`, four tasks of which fill one of its instances."""
    given = {"autoScalingGroupArn": GROUP.format("one"), "managedScaling": {"status": "ENABLED"}, **members}
    tags = [{"key": "kecs:max-size", "value": str(most)}, {"key": "kecs:instance-type", "value": "m5.xlarge"}]
    world.call("CreateCapacityProvider", name="asg", autoScalingGroupProvider=given, tags=tags)
    put(world, "asg")
    world.define_ec2("web", {"name": "app", "image": "app:1", "cpu": 1024, "memory": 512})
    world.clock.advance(1)


def instances(world: World) -> Counter[str | None]:
    return Counter(i.instance.status for i in world.kernel.store.instances if i.instance.status != "INACTIVE")


def providers(world: World, service: str = "s") -> Counter[str]:
    return Counter(t["capacityProviderName"] for t in world.tasks(service) if t["desiredStatus"] == "RUNNING")


@pytest.mark.parametrize(
    ("items", "count", "shares"),
    [
        ([item(FARGATE), item(SPOT)], 5, {FARGATE: 3, SPOT: 2}),
        ([item(FARGATE, 1), item(SPOT, 4)], 10, {FARGATE: 2, SPOT: 8}),
        ([item(FARGATE, 1, 2), item(SPOT, 3)], 10, {FARGATE: 4, SPOT: 6}),
        ([item(FARGATE, 0, 2), item(SPOT, 1)], 5, {FARGATE: 2, SPOT: 3}),
        ([item(FARGATE, 0), item(SPOT, 1)], 3, {SPOT: 3}),
        ([item(FARGATE, 1, 5), item(SPOT, 1)], 3, {FARGATE: 3}),
    ],
)
def test_base_and_weight_share_out_tasks(
    world: World, items: list[dict[str, Any]], count: int, shares: dict[str, int]
) -> None:
    world.define()
    put(world, FARGATE, SPOT)
    world.serve(count=count, **strategy(*items))
    world.settle()
    assert providers(world) == shares
    tasks = world.run(count=count, **strategy(*items))["tasks"]
    assert Counter(task["capacityProviderName"] for task in tasks) == shares
    assert {task["launchType"] for task in tasks} == {FARGATE}


def test_scaling_keeps_the_shares(world: World) -> None:
    world.define()
    put(world, FARGATE, SPOT)
    world.serve(count=4, **strategy(item(FARGATE), item(SPOT)))
    world.settle()
    for count, shares in ((8, {FARGATE: 4, SPOT: 4}), (2, {FARGATE: 1, SPOT: 1})):
        world.call("UpdateService", service="s", desiredCount=count)
        world.settle()
        assert providers(world) == shares


def test_the_clusters_default_strategy_is_for_whoever_says_nothing(world: World) -> None:
    world.define()
    put(world, FARGATE, SPOT, default=[item(SPOT)])
    assert world.run(launchType=None)["tasks"][0]["capacityProviderName"] == SPOT
    assert "capacityProviderName" not in world.run()["tasks"][0]
    service = world.serve(launchType=None, count=1)
    assert service["capacityProviderStrategy"] == [item(SPOT)]
    put(world, FARGATE, SPOT, default=[item(SPOT, 0)])
    with pytest.raises(Refused, match="defined in the default capacity provider strategy"):
        world.run(launchType=None)


def test_a_strategy_is_of_one_kind(world: World) -> None:
    grouped(world)
    put(world, "asg", FARGATE)
    with pytest.raises(Refused, match=f"InvalidParameterException: {MIX}"):
        world.run(**strategy(item("asg"), item(FARGATE)))
    with pytest.raises(Refused, match=f"InvalidParameterException: {MIX}"):
        put(world, "asg", FARGATE, default=[item("asg"), item(FARGATE)])
    members = {"capacityProviders": ["asg", FARGATE], "defaultCapacityProviderStrategy": [item("asg"), item(FARGATE)]}
    with pytest.raises(Refused, match=f"InvalidParameterException: {MIX}"):
        world.call("CreateCluster", clusterName="other", **members)


def test_tasks_wait_for_instances_which_come_for_them(world: World) -> None:
    grouped(world)
    assert instances(world) == {}
    world.serve(count=6, **ON_GROUP)
    world.clock.advance(0)
    assert {task["lastStatus"] for task in world.tasks()} == {"PROVISIONING"}
    assert instances(world) == {"REGISTERING": 2}
    world.settle()
    assert instances(world) == {"ACTIVE": 2}
    assert Counter(t["containerInstanceArn"] for t in world.tasks()).most_common(1)[0][1] <= 4
    (shown,) = world.call("DescribeContainerInstances", containerInstances=[world.tasks()[0]["containerInstanceArn"]])[
        "containerInstances"
    ]
    assert shown["capacityProviderName"] == "asg"


def test_a_group_grows_after_its_warm_up_and_no_further_than_it_may(world: World) -> None:
    grouped(world, most=3)
    world.serve(count=20, **ON_GROUP)
    world.clock.advance(200)
    assert (world.service()["runningCount"], instances(world)) == (8, {"ACTIVE": 2})
    world.clock.advance(101)
    assert (world.service()["runningCount"], instances(world)) == (12, {"ACTIVE": 3})
    world.clock.advance(3600)
    assert instances(world) == {"ACTIVE": 3}


def test_a_group_shrinks_a_quarter_of_an_hour_after_it_was_needed(world: World) -> None:
    grouped(world)
    world.serve(count=8, **ON_GROUP)
    world.settle()
    world.clock.advance(3600)
    world.call("UpdateService", service="s", desiredCount=0)
    world.settle()
    world.clock.advance(14 * 60)
    assert instances(world) == {"ACTIVE": 2}
    world.clock.advance(3 * 60)
    assert instances(world) == {}


def test_instances_with_tasks_are_left_alone_when_a_group_shrinks(world: World) -> None:
    grouped(world, managedTerminationProtection="ENABLED")
    world.serve(count=8, **ON_GROUP)
    world.settle()
    world.call("UpdateService", service="s", desiredCount=1)
    world.settle()
    world.clock.advance(3600)
    assert (world.service()["runningCount"], instances(world)) == (1, {"ACTIVE": 1})


def test_a_service_moves_away_from_an_instance_that_the_caller_drains(world: World) -> None:
    grouped(world)
    world.serve(count=2, **ON_GROUP)
    world.settle()
    world.clock.advance(600)
    arn = world.tasks()[0]["containerInstanceArn"]
    world.call("UpdateContainerInstancesState", containerInstances=[arn], status="DRAINING")
    world.settle()
    world.clock.advance(600)
    assert arn not in {task["containerInstanceArn"] for task in world.tasks()}
    assert world.service()["runningCount"] == 2


def test_a_provider_that_leaves_its_cluster_takes_its_instances_along(world: World) -> None:
    grouped(world)
    task = world.run(**ON_GROUP)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(task)["lastStatus"] == "RUNNING")
    with pytest.raises(Refused, match="ResourceInUseException: The specified capacity provider is in use"):
        put(world)
    world.call("StopTask", task=task)
    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    put(world)
    world.clock.advance(1)
    assert instances(world) == {}


def test_tasks_that_wait_are_found_again_after_a_restart(world: World) -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    grouped(world)
    world.serve(count=2, **ON_GROUP)
    world.clock.advance(0)
    world = World(journal=journal, seed=2, start=world.clock.now())
    asyncio.run(world.kernel.recover())
    world.settle()
    assert (world.service()["runningCount"], instances(world)) == (2, {"ACTIVE": 2})


def test_spot_tasks_are_interrupted_and_replaced(world: World) -> None:
    world.define()
    put(world, FARGATE, SPOT)
    world.serve(count=4, **strategy(item(FARGATE), item(SPOT)))
    world.settle()
    store, clock = world.kernel.store, world.kernel.clock
    (cluster,) = store.clusters
    interrupted = interrupt_provider(store, clock, cluster, SPOT)
    assert len(interrupted) == 2
    world.until(lambda: world.task(interrupted[0])["lastStatus"] == "STOPPED")
    shown = world.task(interrupted[0])
    assert (shown["stopCode"], shown["stoppedReason"]) == ("SpotInterruption", "Your Spot Task was interrupted.")
    world.settle()
    assert providers(world) == {FARGATE: 2, SPOT: 2}
    with pytest.raises(NotSpot):
        interrupt_provider(store, clock, cluster, FARGATE)
    steady = next(t["taskArn"] for t in world.tasks() if t["capacityProviderName"] == FARGATE)
    record = store.tasks.get(steady)
    assert record is not None
    with pytest.raises(NotSpot):
        interrupt_task(store, clock, record)


def test_spot_instances_are_interrupted_with_their_tasks(world: World) -> None:
    managed, store, clock = Managed(world), world.kernel.store, world.kernel.clock
    provider = {
        "infrastructureRoleArn": "arn:aws:iam::000000000000:role/r",
        "instanceLaunchTemplate": {**TEMPLATE, "capacityOptionType": "SPOT"},
    }
    world.call("CreateCapacityProvider", name="spot", cluster="default", managedInstancesProvider=provider)
    world.clock.advance(1)
    managed.serve(1, provider="spot")
    world.settle("app")
    (task,) = world.tasks("app")
    record = store.tasks.get(task["taskArn"])
    assert record is not None
    assert interrupt_task(store, clock, record) == [task["taskArn"]]
    (cluster,) = store.clusters
    assert interrupt_provider(store, clock, cluster, "spot") == []  # it is on its way out already
    world.until(lambda: world.task(task["taskArn"])["lastStatus"] == "STOPPED")
    world.settle("app")
    world.until(lambda: managed.statuses() == ["ACTIVE"])
    (after,) = [t for t in world.tasks("app") if t["lastStatus"] == "RUNNING"]
    assert after["containerInstanceArn"] != task["containerInstanceArn"]


def test_a_task_that_no_managed_instance_has_room_for_fails_to_start(world: World) -> None:
    managed = Managed(world)
    world.define("big", cpu="4096", memory="16384", networkMode="host", requiresCompatibilities=["MANAGED_INSTANCES"])
    task = world.run("big", **strategy(item("mi")), networkConfiguration=None)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    assert world.task(task)["stopCode"] == "TaskFailedToStart"
    assert "No instance types" in world.task(task)["stoppedReason"]
    assert managed.instances == []


def test_a_service_goes_over_to_another_strategy(world: World) -> None:
    world.define()
    put(world, FARGATE, SPOT)
    world.serve(count=2, networkConfiguration=NETWORK)
    world.settle()
    given = [item(SPOT)]
    with pytest.raises(Refused, match="you must force a new deployment"):
        world.call("UpdateService", service="s", capacityProviderStrategy=given)
    world.call("UpdateService", service="s", capacityProviderStrategy=given, forceNewDeployment=True)
    world.settle()
    assert providers(world) == {SPOT: 2}
