"""What a runtime is told of the constraints by which a task's node was chosen."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.core.tasks.plan import Wishes
from tests.support.journals import MemoryJournal
from tests.support.nodes import FakeNodes

from .on_nodes import EC2, arn, two_nodes, world_on
from .world import World

DISTINCT = {"type": "distinctInstance"}
ZONE = "attribute:ecs.availability-zone == us-east-1b"
STACK = "attribute:stack == prod"
TYPE = "attribute:ecs.instance-type == c5.large"


@pytest.fixture
def nodes() -> FakeNodes:
    return two_nodes()


@pytest.fixture
def world(nodes: FakeNodes) -> World:
    return world_on(nodes)


def member_of(expression: str) -> dict[str, str]:
    return {"type": "memberOf", "expression": expression}


def wishes(world: World, task: dict[str, Any]) -> Wishes | None:
    plan = world.kernel.control.supervisors.plan_of(task["taskArn"])
    assert plan is not None
    return plan.wishes


def test_those_of_the_definition_and_of_the_launch_with_what_was_known_of_the_node(
    world: World, nodes: FakeNodes
) -> None:
    container = {"name": "app", "image": "app:1", "memory": 64}
    world.define_ec2("held", container, placementConstraints=[member_of(TYPE)])
    world.serve(count=1, **EC2)  # so that there are instances
    world.settle()
    world.call("PutAttributes", attributes=[{"name": "stack", "value": "prod", "targetId": arn(world, "two")}])
    (task,) = world.run("held", placementConstraints=[member_of(ZONE), member_of(STACK)], **EC2)["tasks"]
    found = wishes(world, task)
    assert found is not None
    assert (found.expressions, found.distinct) == ((TYPE, ZONE, STACK), False)
    assert found.labels == nodes.nodes["two"].labels
    assert found.attributes == {"stack": "prod", "ecs.instance-type": "c5.large", "ecs.availability-zone": "us-east-1b"}


def test_where_nothing_was_asked_nothing_is_told(world: World) -> None:
    (task,) = world.run(**EC2)["tasks"]
    assert wishes(world, task) is None


def test_without_a_node_nothing_is_told() -> None:
    world = World()
    world.define_ec2()
    (task,) = world.run(placementConstraints=[DISTINCT], **EC2)["tasks"]
    assert wishes(world, task) is None


def test_a_task_that_follows_one_that_stops_is_not_told_to_be_alone(world: World) -> None:
    """Its pod would wait for the end of the other's, which may take longer than a task waits for a node."""
    alone: dict[str, Any] = {"placementConstraints": [DISTINCT, member_of(ZONE)], "group": "g", **EC2}
    (first,) = world.run(**alone)["tasks"]
    world.clock.advance(60)
    assert getattr(wishes(world, first), "distinct", False)
    world.call("StopTask", task=first["taskArn"])
    (second,) = world.run(**alone)["tasks"]
    assert world.task(first["taskArn"])["lastStatus"] == "RUNNING"
    assert not getattr(wishes(world, second), "distinct", True)
    world.clock.advance(60)
    assert world.task(first["taskArn"])["lastStatus"] == "STOPPED"
    (elsewhere,) = world.run(**alone | {"group": "h"})["tasks"]
    assert getattr(wishes(world, elsewhere), "distinct", False)


def test_a_restart_forgets_no_wish(nodes: FakeNodes) -> None:
    journal = MemoryJournal()
    before = World(journal=journal, nodes=nodes)
    before.define_ec2()
    (task,) = before.run(placementConstraints=[member_of(ZONE), DISTINCT], **EC2)["tasks"]
    found = wishes(before, task)
    after = World(journal=journal, nodes=nodes, seed=2)
    assert wishes(after, task) == found
    assert found is not None
    assert found.distinct
