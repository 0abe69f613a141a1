"""Nodes of a runtime as container instances: whose they are, and what they tell of themselves."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from kecs.core.settings import Settings
from tests.support.furnished import GROUP
from tests.support.journals import MemoryJournal
from tests.support.nodes import FakeNodes, node

from .machines import machine
from .on_nodes import EC2, arn, attributes, instances, places, set_state, statuses, two_nodes, world_on
from .world import Refused, World


@pytest.fixture
def nodes() -> FakeNodes:
    return two_nodes()


@pytest.fixture
def world(nodes: FakeNodes) -> World:
    return world_on(nodes)


def test_nodes_take_the_place_of_the_built_in_instance(world: World) -> None:
    assert instances(world) == {}
    world.run(**EC2)
    found = instances(world)
    assert sorted(found) == ["one", "two"]
    one = found["one"]
    assert one["status"] == "ACTIVE"
    assert one["agentConnected"] is True
    registered = {r["name"]: r.get("integerValue") for r in one["registeredResources"]}
    assert (registered["CPU"], registered["MEMORY"]) == (4096, 8192)
    told = attributes(world, "one")
    assert told["ecs.availability-zone"] == told["topology.kubernetes.io/zone"] == "us-east-1a"
    assert told["ecs.instance-type"] == "c5.large"


def test_without_local_instances_only_nodes_that_name_a_cluster_are_there(nodes: FakeNodes) -> None:
    world = World(Settings(local_instance=False), nodes=nodes)
    world.define_ec2()
    with pytest.raises(Refused, match="No Container Instances were found"):
        world.run(**EC2)
    nodes.label("two", kecs__cluster="default")
    world.clock.advance(0)
    assert sorted(instances(world)) == ["two"]
    assert world.run(**EC2)["failures"] == []


def test_where_there_is_no_node_tasks_wait_for_one() -> None:
    nodes = FakeNodes()
    world = World(nodes=nodes)
    world.define_ec2()
    with pytest.raises(Refused, match="No Container Instances were found"):
        world.run(**EC2)
    world.serve(count=1, **EC2)
    world.clock.advance(60)
    assert instances(world) == {}
    nodes.add(node("one"))
    world.settle()
    assert places(world) == {"one": 1}


def test_a_task_runs_on_the_node_of_its_instance(world: World) -> None:
    constraint = {"type": "memberOf", "expression": "attribute:topology.kubernetes.io/zone == us-east-1b"}
    (task,) = world.run(placementConstraints=[constraint], **EC2)["tasks"]
    plan = world.kernel.control.supervisors.plan_of(task["taskArn"])
    assert plan is not None
    assert plan.node == "two"
    assert world.task(task["taskArn"])["availabilityZone"] == "us-east-1b"
    world.define("fargate")
    (free,) = world.run("fargate")["tasks"]
    plan = world.kernel.control.supervisors.plan_of(free["taskArn"])
    assert plan is not None
    assert plan.node is None


def test_a_label_gives_a_node_to_one_cluster(world: World, nodes: FakeNodes) -> None:
    world.call("CreateCluster", clusterName="other")
    nodes.label("one", kecs__cluster="other")
    world.clock.advance(0)
    assert sorted(instances(world, "other")) == ["one"]
    world.run(**EC2)
    assert sorted(instances(world)) == ["two"]
    nodes.add(node("three", labels={"kecs.dev/cluster": "later"}))
    world.clock.advance(0)
    world.call("CreateCluster", clusterName="later")
    world.clock.advance(0)
    assert sorted(instances(world, "later")) == ["three"]


def test_a_node_that_is_given_to_another_cluster_leaves_with_its_last_task(world: World, nodes: FakeNodes) -> None:
    world.call("CreateCluster", clusterName="other")
    alone = world.run(count=2, placementStrategy=[{"type": "spread", "field": "instanceId"}], **EC2)["tasks"]
    world.clock.advance(60)
    nodes.label("one", kecs__cluster="other")
    world.clock.advance(0)
    assert statuses(world) == {"one": "DRAINING", "two": "ACTIVE"}
    assert statuses(world, "other") == {"one": "ACTIVE"}
    assert nodes.cordoned == []
    set_state(world, "one", "ACTIVE")
    assert statuses(world)["one"] == "DRAINING"
    for task in alone:
        world.call("StopTask", task=task["taskArn"])
    world.clock.advance(60)
    assert statuses(world) == {"two": "ACTIVE"}


def test_what_is_no_machine_for_tasks_is_no_instance(world: World, nodes: FakeNodes) -> None:
    nodes.add(node("control", reserved=True))
    nodes.add(node("windows", os="windows"))
    nodes.add(node("spot", labels={"kecs.dev/capacity-provider": "FARGATE_SPOT"}))
    nodes.add(node("young", ready=False))
    world.run(**EC2)
    world.clock.advance(0)
    assert sorted(instances(world)) == ["one", "two"]
    nodes.change("young", ready=True)
    world.clock.advance(0)
    assert sorted(instances(world)) == ["one", "two", "young"]


def test_a_daemon_service_has_a_task_on_every_node(world: World, nodes: FakeNodes) -> None:
    world.serve(count=None, schedulingStrategy="DAEMON", **EC2)
    world.settle()
    assert places(world) == {"one": 1, "two": 1}
    nodes.add(node("three"))
    world.until(lambda: places(world) == {"one": 1, "two": 1, "three": 1} and world.stable())
    nodes.remove("one")
    world.until(lambda: places(world) == {"two": 1, "three": 1} and world.stable())


def test_labels_are_attributes_and_those_of_users_stay(world: World, nodes: FakeNodes) -> None:
    nodes.change("one", labels={f"label-{n}": str(n) for n in range(20)} | {"Not!": "one", "disk": "ssd", "empty": ""})
    world.run(**EC2)
    target = {"targetId": arn(world, "one")}
    own = [{"name": "disk", "value": "nvme", **target}, {"name": "stack", "value": "blue", **target}]
    world.call("PutAttributes", attributes=own)
    world.call("DeleteAttributes", attributes=[{"name": "label-1", **target}])
    found = attributes(world, "one")
    assert (found["disk"], found["stack"], found["label-7"], found["empty"]) == ("nvme", "blue", "7", None)
    assert found.keys().isdisjoint({"label-1", "Not!"})
    nodes.label("one", disk="hdd", rack="7", label_7=None, label_8="eight")
    world.clock.advance(0)
    found = attributes(world, "one")
    assert (found["disk"], found["stack"], found["rack"], found["label-8"]) == ("nvme", "blue", "7", "eight")
    assert found.keys().isdisjoint({"label-1", "label-7"})
    assert list(instances(world, filter="attribute:rack == 7")) == ["one"]
    nodes.label("one", rack=None)
    world.call("PutAttributes", attributes=[{"name": f"mine-{n}", **target} for n in range(9)])
    with pytest.raises(Refused, match="AttributeLimitExceeded"):
        world.call("PutAttributes", attributes=[{"name": "one-more", **target}])


def test_a_node_that_grows_registers_more(world: World, nodes: FakeNodes) -> None:
    world.run(**EC2)
    nodes.change("one", memory=16384, gpus=2)
    world.clock.advance(0)
    registered = {r["name"]: r for r in instances(world)["one"]["registeredResources"]}
    assert registered["MEMORY"]["integerValue"] == 16384
    assert len(registered["GPU"]["stringSetValue"]) == 2


def test_a_cluster_with_nodes_can_be_deleted_and_begins_anew(world: World) -> None:
    world.call("CreateCluster", clusterName="other")
    (task,) = world.run(cluster="other", **EC2)["tasks"]
    world.call("StopTask", cluster="other", task=task["taskArn"])
    world.clock.advance(60)
    world.call("DeleteCluster", cluster="other")
    world.clock.advance(0)
    world.call("CreateCluster", clusterName="other")
    world.clock.advance(0)
    assert instances(world, "other") == {}
    assert world.run(cluster="other", **EC2)["failures"] == []


@pytest.fixture
def pool(world: World) -> dict[str, Any]:
    """The capacity provider `asg`, four tasks of which fill a node; how tasks ask for it."""
    group = {"autoScalingGroupArn": GROUP.format("one"), "managedScaling": {"status": "ENABLED"}}
    world.call("CreateCapacityProvider", name="asg", autoScalingGroupProvider=group)
    world.call(
        "PutClusterCapacityProviders", cluster="default", capacityProviders=["asg"], defaultCapacityProviderStrategy=[]
    )
    world.define_ec2("web", {"name": "app", "image": "app:1", "cpu": 1024, "memory": 512})
    world.clock.advance(1)
    strategy = [{"capacityProvider": "asg", "weight": 1}]
    return {"launchType": None, "networkConfiguration": None, "capacityProviderStrategy": strategy}


def test_a_label_puts_nodes_into_the_pool_of_a_capacity_provider(
    world: World, nodes: FakeNodes, pool: dict[str, Any]
) -> None:
    nodes.label("one", kecs__capacity_provider="asg")
    world.clock.advance(0)
    tasks = world.run(count=5, **pool)["tasks"]
    world.clock.advance(3600)
    (one,) = instances(world).values()
    assert (one["ec2InstanceId"], one["capacityProviderName"], one["runningTasksCount"]) == ("one", "asg", 4)
    assert Counter(world.task(t["taskArn"])["lastStatus"] for t in tasks) == {"RUNNING": 4, "PROVISIONING": 1}
    nodes.add(node("three", labels={"kecs.dev/capacity-provider": "asg"}))
    world.clock.advance(60)
    assert [instances(world)[name]["runningTasksCount"] for name in ("one", "three")] == [4, 1]
    waited = world.kernel.control.supervisors.plan_of(tasks[4]["taskArn"])
    assert waited is not None
    assert (waited.node, waited.capacity_provider) == ("three", "asg")


def test_nodes_of_a_pool_take_over_from_made_up_instances(world: World, nodes: FakeNodes, pool: dict[str, Any]) -> None:
    world.serve(count=2, **pool)
    world.settle()
    assert instances(world).keys().isdisjoint({"one", "two"})
    nodes.label("one", kecs__capacity_provider="asg")
    world.until(lambda: list(statuses(world).items()) == [("one", "ACTIVE")] and world.stable())
    assert places(world) == {"one": 2}
    world.call("DeleteService", service="s", force=True)
    world.clock.advance(60)
    put = {"capacityProviders": [], "defaultCapacityProviderStrategy": []}
    world.call("PutClusterCapacityProviders", cluster="default", **put)
    world.clock.advance(3600)
    assert instances(world) == {}
    assert nodes.cordoned == []


def test_instances_that_are_registered_stand_for_themselves(world: World) -> None:
    registered = machine(world, 1)
    (task,) = world.run(**EC2)["tasks"]
    assert task["containerInstanceArn"] == registered
    plan = world.kernel.control.supervisors.plan_of(task["taskArn"])
    assert plan is not None
    assert plan.node is None


def test_after_a_restart_nodes_are_where_they_were(nodes: FakeNodes) -> None:
    journal = MemoryJournal()
    world = World(journal=journal, nodes=nodes)
    world.define_ec2()
    world.run(**EC2)
    nodes.slow = True
    set_state(world, "one", "DRAINING")
    nodes.change("one", ready=False)
    world.clock.advance(90)
    before = arn(world, "one")
    nodes.nodes["three"] = node("three")
    del nodes.nodes["two"]
    again = World(journal=journal, start=world.clock.now() + 60, seed=2, nodes=nodes)
    asyncio.run(again.kernel.recover())
    again.clock.advance(0)
    assert statuses(again) == {"one": "DRAINING", "three": "ACTIVE"}
    assert arn(again, "one") == before
    assert set(nodes.cordoned[1:]) == {("one", True)}
    assert set(nodes.given_up[1:]) == {"one", "two"}


def test_after_a_reset_nodes_are_there(world: World) -> None:
    world.run(**EC2)
    asyncio.run(world.kernel.reset())
    world.define_ec2()
    assert instances(world) == {}
    world.run(**EC2)
    assert sorted(instances(world)) == ["one", "two"]


def test_a_node_at_rest_costs_nothing(world: World, nodes: FakeNodes) -> None:
    world.run(**EC2)
    world.clock.advance(60)
    seen = len(world.kernel.feed.recent())
    nodes.add(nodes.nodes["one"])
    assert not world.kernel.control.queue.busy
    world.clock.advance(600)
    assert len(world.kernel.feed.recent()) == seen


def test_what_it_costs_follows_what_changes() -> None:
    nodes = FakeNodes(*(node(f"n{number}") for number in range(200)))
    world = World(nodes=nodes)
    world.define_ec2()
    for number in range(50):
        world.call("CreateCluster", clusterName=f"c{number}")
        if number < 3:
            world.run(cluster=f"c{number}", **EC2)
    world.clock.advance(60)
    assert len(world.kernel.store.instances) == 600
    changes: list[str] = []
    world.kernel.store.subscribe(lambda batch: changes.extend(table for table, *_ in batch))
    nodes.change("n7", unschedulable=True)
    world.clock.advance(0)
    assert Counter(changes) == {"nodes": 1, "instances": 3}
    changes.clear()
    world.call("CreateCluster", clusterName="more")
    world.clock.advance(60)
    assert changes == ["clusters"]
