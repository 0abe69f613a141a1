"""Container instances that drain, come and go under services: where their tasks go, and when; which go to scale in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from .machines import machine, resources
from .world import World

EC2 = {"launchType": "EC2", "networkConfiguration": None}
ZONE = "attribute:ecs.availability-zone"


@pytest.fixture
def pair(world: World) -> tuple[str, str]:
    """Two instances, in two zones, with room for eight tasks each."""
    world.define_ec2("web", {"name": "app", "image": "app:1", "memory": 512})
    return machine(world, 1), machine(world, 2, "us-east-1b")


def set_state(world: World, instance: str, status: str) -> None:
    world.call("UpdateContainerInstancesState", containerInstances=[instance], status=status)


def percentages(least: int, most: int) -> dict[str, Any]:
    return {"deploymentConfiguration": {"minimumHealthyPercent": least, "maximumPercent": most}}


def places(world: World) -> Counter[str]:
    """How many tasks of the service are wanted on each instance."""
    return Counter(task["containerInstanceArn"] for task in world.tasks() if task["desiredStatus"] == "RUNNING")


def steady(world: World) -> bool:
    return world.stable() and world.service()["pendingCount"] == 0


@pytest.mark.parametrize(("least", "most"), [(100, 200), (100, 150), (50, 100), (50, 150), (0, 100)])
def test_running_tasks_move_within_the_percentages(world: World, pair: tuple[str, str], least: int, most: int) -> None:
    world.serve(count=4, **EC2, **percentages(least, most))
    world.settle()
    assert places(world) == {pair[0]: 2, pair[1]: 2}
    set_state(world, pair[0], "DRAINING")
    while places(world) != {pair[1]: 4} or not steady(world):
        world.until_news()
        service = world.service()
        assert service["runningCount"] >= least * 4 / 100
        assert service["runningCount"] + service["pendingCount"] <= most * 4 / 100
    assert world.call("ListTasks", containerInstance=pair[0])["taskArns"] == []
    world.until(lambda: "has reached a steady state" in world.service()["events"][0]["message"])


def test_tasks_that_have_not_started_stop_at_once(world: World, pair: tuple[str, str]) -> None:
    world.runtime.set_script("app:1", {"pull_seconds": 60})
    world.serve(count=2, **EC2)
    world.until(lambda: world.service()["pendingCount"] == 2)
    leaving = next(t["taskArn"] for t in world.tasks() if t["containerInstanceArn"] == pair[0])
    set_state(world, pair[0], "DRAINING")
    world.clock.advance(0)
    assert world.task(leaving)["desiredStatus"] == "STOPPED"
    world.until(lambda: places(world) == {pair[1]: 2}, 5)
    assert any("stopped 1 pending tasks." in event["message"] for event in world.service()["events"])


def test_tasks_of_no_service_stay(world: World, pair: tuple[str, str]) -> None:
    tasks = world.run(count=2, **EC2)["tasks"]
    set_state(world, pair[0], "DRAINING")
    world.clock.advance(600)
    assert {world.task(task["taskArn"])["lastStatus"] for task in tasks} == {"RUNNING"}


def test_nothing_new_comes_to_an_instance_that_drains(world: World, pair: tuple[str, str]) -> None:
    set_state(world, pair[0], "DRAINING")
    world.serve(count=4, **EC2)
    world.settle()
    assert places(world) == {pair[1]: 4}


def test_an_instance_that_is_active_again_keeps_what_it_has_and_takes_more(world: World, pair: tuple[str, str]) -> None:
    world.serve(count=4, **EC2)
    world.settle()
    before = {task["taskArn"] for task in world.tasks()}
    set_state(world, pair[0], "DRAINING")
    set_state(world, pair[0], "ACTIVE")
    world.clock.advance(60)
    assert {task["taskArn"] for task in world.tasks()} == before
    world.call("UpdateService", service="s", desiredCount=6)
    world.settle()
    assert places(world) == {pair[0]: 3, pair[1]: 3}


def test_tasks_stay_where_nobody_can_replace_them_until_there_is_room(world: World) -> None:
    world.define_ec2("web", {"name": "app", "image": "app:1", "memory": 4096})
    first = machine(world, 1)
    world.serve(count=1, **EC2)
    world.settle()
    set_state(world, first, "DRAINING")
    world.clock.advance(1800)
    (task,) = world.tasks()
    assert (task["lastStatus"], task["desiredStatus"]) == ("RUNNING", "RUNNING")
    assert any("was unable to place a task" in event["message"] for event in world.service()["events"])
    second = machine(world, 2)
    world.until(lambda: places(world) == {second: 1}, 1)


def test_tasks_make_room_for_each_other_down_to_the_minimum(world: World) -> None:
    world.define_ec2("web", {"name": "app", "image": "app:1", "memory": 2048})
    first, second = machine(world, 1), machine(world, 2)
    world.serve(count=4, **EC2, **percentages(50, 200))
    world.settle()
    set_state(world, first, "DRAINING")
    world.until(lambda: places(world) == {second: 2}, 60)
    third = machine(world, 3)
    world.until(lambda: places(world) == {second: 2, third: 2} and steady(world), 1)


def test_an_instance_that_is_deregistered_by_force_is_replaced_at_once(world: World, pair: tuple[str, str]) -> None:
    world.serve(count=4, **EC2)
    world.settle()
    world.call("DeregisterContainerInstance", containerInstance=pair[0], force=True)
    world.until(lambda: places(world) == {pair[1]: 4} and steady(world), 5)


def test_a_draining_instance_in_the_middle_of_a_deployment(world: World, pair: tuple[str, str]) -> None:
    world.serve(count=4, **EC2)
    world.settle()
    world.define_ec2("web", {"name": "app", "image": "app:2", "memory": 512})
    world.call("UpdateService", service="s", taskDefinition="web", **percentages(100, 125))
    world.until(lambda: len(world.service()["deployments"]) == 2 and world.service()["pendingCount"] == 1)
    set_state(world, pair[0], "DRAINING")
    while not steady(world):
        world.until_news()
        assert world.service()["runningCount"] >= 4
    assert places(world) == {pair[1]: 4}
    assert {task["taskDefinitionArn"][-1] for task in world.tasks()} == {"2"}


def wait_for_room(world: World) -> None:
    """A service of two tasks, one of which has found no room for so long that it is tried every minute."""
    world.define_ec2("web", {"name": "app", "image": "app:1", "memory": 4096})
    machine(world, 1)
    world.serve(count=2, **EC2)
    world.clock.advance(1800)
    assert len(world.tasks()) == 1


def test_a_new_instance_is_taken_at_once(world: World) -> None:
    wait_for_room(world)
    second = machine(world, 2)
    world.until(lambda: places(world)[second] == 1, 0.1)


def test_room_that_a_task_leaves_is_taken_at_once(world: World) -> None:
    world.define_ec2("one", {"name": "app", "image": "app:1", "memory": 4096})
    second = machine(world, 2)
    other = world.run("one", **EC2)["tasks"][0]
    assert other["containerInstanceArn"] == second
    wait_for_room(world)
    world.call("StopTask", task=other["taskArn"])
    world.until(lambda: world.task(other["taskArn"])["lastStatus"] == "STOPPED")
    world.until(lambda: places(world)[second] == 1, 0.1)


def test_an_instance_that_is_active_again_is_taken_at_once(world: World) -> None:
    second = machine(world, 2)
    set_state(world, second, "DRAINING")
    wait_for_room(world)
    set_state(world, second, "ACTIVE")
    world.until(lambda: places(world)[second] == 1, 0.1)


def test_an_instance_whose_agent_is_back_is_taken_at_once(world: World) -> None:
    second = machine(world, 2)
    successor = machine(world, 2)  # the machine registers anew, and nobody speaks for the instance before
    world.call("DeregisterContainerInstance", containerInstance=successor)
    wait_for_room(world)
    machine(world, 2, containerInstanceArn=second)
    world.until(lambda: places(world)[second] == 1, 0.1)


def test_an_instance_that_has_grown_is_taken_at_once(world: World) -> None:
    small = machine(world, 2, totalResources=resources(memory=1024))
    wait_for_room(world)
    machine(world, 2, containerInstanceArn=small)
    world.until(lambda: places(world)[small] == 1, 0.1)


SPREAD_ZONES = [{"type": "spread", "field": ZONE}]
SPREAD_INSTANCES = [{"type": "spread", "field": "instanceId"}]


@pytest.mark.parametrize(
    ("strategy", "zone", "scaled_out", "scaled_in"),
    [
        ([], "us-east-1a", (4, 2, 1), (2, 1, 1)),
        ([], "us-east-1b", (4, 0, 3), (2, 0, 2)),
        (SPREAD_ZONES, "us-east-1b", (4, 0, 3), (2, 0, 2)),
        (SPREAD_INSTANCES, "us-east-1b", (4, 2, 1), (2, 1, 1)),
    ],
)
def test_scaling_in_keeps_tasks_spread(
    world: World,
    strategy: list[dict[str, str]],
    zone: str,
    scaled_out: tuple[int, ...],
    scaled_in: tuple[int, ...],
) -> None:
    world.define_ec2("web", {"name": "app", "image": "app:1", "memory": 512})
    machines = [machine(world, 1)]
    world.serve(count=4, placementStrategy=strategy, **EC2)
    world.settle()
    machines += [machine(world, 2), machine(world, 3, zone)]
    for count, expected in ((7, scaled_out), (4, scaled_in)):
        world.call("UpdateService", service="s", desiredCount=count)
        world.settle()
        assert tuple(places(world)[arn] for arn in machines) == expected


def test_scaling_in_takes_from_the_instance_that_has_most_left_when_packing(world: World) -> None:
    for family, memory in (("web", 512), ("six", 3072), ("two", 1024)):
        world.define_ec2(family, {"name": "app", "image": "app:1", "memory": memory})
    first = machine(world, 1)
    world.run("six", **EC2)
    two = world.run("two", **EC2)["tasks"][0]["taskArn"]
    second = machine(world, 2)
    world.serve(count=2, placementStrategy=[{"type": "binpack", "field": "memory"}], **EC2)
    world.settle()
    world.call("StopTask", task=two)
    world.until(lambda: world.task(two)["lastStatus"] == "STOPPED")
    world.call("UpdateService", service="s", desiredCount=4)
    world.settle()
    assert places(world) == {first: 2, second: 2}
    world.call("UpdateService", service="s", desiredCount=2)
    world.settle()
    assert places(world) == {first: 2}, "the newest, but on the instance that is full"
