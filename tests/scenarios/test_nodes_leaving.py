"""Nodes of a runtime that drain, are lost or deleted, and come back."""

from __future__ import annotations

import pytest

from tests.support.nodes import FakeNodes

from .machines import described
from .on_nodes import EC2, HOST, arn, instances, places, served, set_state, statuses, two_nodes, world_on, zoned
from .world import World


@pytest.fixture
def nodes() -> FakeNodes:
    return two_nodes()


@pytest.fixture
def world(nodes: FakeNodes) -> World:
    return world_on(nodes)


def test_draining_an_instance_cordons_its_node_and_moves_service_tasks(world: World, nodes: FakeNodes) -> None:
    served(world)
    assert places(world) == {"one": 2, "two": 2}
    set_state(world, "one", "DRAINING")
    assert nodes.cordoned == [("one", True)]
    world.until(lambda: places(world) == {"two": 4} and world.stable())
    set_state(world, "one", "ACTIVE")
    assert nodes.cordoned == [("one", True), ("one", False)]
    assert statuses(world) == {"one": "ACTIVE", "two": "ACTIVE"}


def test_a_cordoned_node_drains(world: World, nodes: FakeNodes) -> None:
    served(world)
    nodes.change("two", unschedulable=True)
    world.clock.advance(0)
    assert statuses(world) == {"one": "ACTIVE", "two": "DRAINING"}
    world.until(lambda: places(world) == {"one": 4} and world.stable())
    nodes.change("two", unschedulable=False)
    world.clock.advance(0)
    assert statuses(world) == {"one": "ACTIVE", "two": "ACTIVE"}
    assert nodes.cordoned == []


def test_what_was_asked_for_counts_until_the_node_says_so(world: World, nodes: FakeNodes) -> None:
    world.run(**EC2)
    nodes.slow = True
    set_state(world, "one", "DRAINING")
    nodes.label("one", rack="7")  # told before it was cordoned
    world.clock.advance(0)
    assert statuses(world)["one"] == "DRAINING"
    nodes.change("one", unschedulable=True)
    world.clock.advance(0)
    nodes.change("one", unschedulable=False)
    world.clock.advance(0)
    assert statuses(world)["one"] == "ACTIVE"
    assert nodes.cordoned == [("one", True)]


def test_a_node_drains_in_every_cluster(world: World, nodes: FakeNodes) -> None:
    world.call("CreateCluster", clusterName="other")
    world.run(**EC2)
    world.run(cluster="other", **EC2)
    set_state(world, "one", "DRAINING", "other")
    assert statuses(world) == statuses(world, "other") == {"one": "DRAINING", "two": "ACTIVE"}
    set_state(world, "one", "ACTIVE")
    assert statuses(world) == statuses(world, "other") == {"one": "ACTIVE", "two": "ACTIVE"}
    assert nodes.cordoned == [("one", True), ("one", False)]


def test_a_node_that_does_not_answer_has_no_agent(world: World, nodes: FakeNodes) -> None:
    served(world)
    nodes.change("one", ready=False)
    world.clock.advance(59)
    assert instances(world)["one"]["agentConnected"] is False
    nodes.change("one", ready=True)
    world.clock.advance(600)
    assert instances(world)["one"]["agentConnected"] is True
    assert places(world) == {"one": 2, "two": 2}
    assert nodes.given_up == []


def test_tasks_of_a_lost_node_are_replaced(world: World, nodes: FakeNodes) -> None:
    served(world)
    lost = [t["taskArn"] for t in world.tasks() if t["containerInstanceArn"] == arn(world, "one")]
    nodes.change("one", ready=False)
    world.clock.advance(61)
    world.until(lambda: places(world) == {"two": 4} and world.stable())
    assert nodes.given_up == ["one"]
    for task in map(world.task, lost):
        assert (task["stopCode"], task["stoppedReason"]) == ("TerminationNotice", HOST.format("one"))
    assert statuses(world) == {"one": "ACTIVE", "two": "ACTIVE"}
    nodes.change("one", ready=True)
    world.clock.advance(0)
    world.call("UpdateService", service="s", desiredCount=6)
    world.until(lambda: places(world) == {"one": 3, "two": 3} and world.stable())


def test_a_deleted_node_takes_its_instance_along(world: World, nodes: FakeNodes) -> None:
    served(world)
    gone = arn(world, "one")
    lost = [t["taskArn"] for t in world.tasks() if t["containerInstanceArn"] == gone]
    nodes.remove("one")
    world.until(lambda: places(world) == {"two": 4} and world.stable())
    assert described(world, gone)["status"] == "INACTIVE"
    assert {world.task(task)["stoppedReason"] for task in lost} == {HOST.format("one")}
    assert nodes.given_up == ["one"]


def test_another_node_of_the_name_is_another_instance(world: World, nodes: FakeNodes) -> None:
    world.run(**EC2)
    before = arn(world, "one")
    nodes.change("one", uid="another")
    world.clock.advance(0)
    assert described(world, before)["status"] == "INACTIVE"
    assert arn(world, "one") != before


def test_an_instance_that_a_fault_takes_away_is_followed_by_another(world: World, nodes: FakeNodes) -> None:
    served(world)
    before = arn(world, "one")
    world.kernel.faults.add({"kind": "instance-lost", "instance": "one"})
    world.until(lambda: places(world) == {"one": 2, "two": 2} and world.stable())
    assert arn(world, "one") != before
    assert nodes.given_up == []


def test_an_agent_that_a_fault_cuts_off_stays_cut_off(world: World, nodes: FakeNodes) -> None:
    world.run(**EC2)
    fault = world.kernel.faults.add({"kind": "agent-disconnected", "instance": "one"})
    nodes.label("one", rack="7")
    world.clock.advance(600)
    assert instances(world)["one"]["agentConnected"] is False
    world.kernel.faults.remove(fault["id"])
    world.clock.advance(0)
    assert instances(world)["one"]["agentConnected"] is True


def test_a_deregistered_node_does_not_come_back(world: World, nodes: FakeNodes) -> None:
    world.run(**EC2)
    world.call("DeregisterContainerInstance", containerInstance=arn(world, "one"), force=True)
    nodes.label("one", rack="7")
    world.clock.advance(60)
    assert sorted(instances(world)) == ["two"]
    nodes.remove("one")
    nodes.add(zoned("one", "a", uid="new"))
    world.clock.advance(0)
    assert sorted(instances(world)) == ["one", "two"]
