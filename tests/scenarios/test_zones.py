"""Availability Zones: where tasks and instances are put."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.furnished import GROUP
from tests.support.journals import MemoryJournal

from .machines import machine
from .managed import TEMPLATE, Managed
from .sent import sent
from .world import World

A, B, C = "us-east-1a", "us-east-1b", "us-east-1c"


def network(*subnets: str) -> dict[str, Any]:
    return {"awsvpcConfiguration": {"subnets": list(subnets)}}


def subnet(task: dict[str, Any]) -> str:
    (attachment,) = task["attachments"]
    found: str = next(d["value"] for d in attachment["details"] if d["name"] == "subnetId")
    return found


def spread(tasks: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many tasks each zone has."""
    return dict(sorted(Counter(task["availabilityZone"] for task in tasks).items()))


# subnets -> the zone of each
SUBNETS = [
    (["subnet-1", "subnet-2", "subnet-3", "subnet-4"], [A, B, C, A]),
    (["subnet-a", "subnet-b", "subnet-c"], [A, B, C]),
    (["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"], [A, B]),
]


@pytest.mark.parametrize(("subnets", "zones"), SUBNETS)
def test_a_subnet_is_always_in_the_same_zone(world: World, subnets: list[str], zones: list[str]) -> None:
    world.define()
    for _ in range(2):
        found = [world.run(networkConfiguration=network(s))["tasks"][0]["availabilityZone"] for s in subnets]
        assert found == zones


def test_a_zone_is_one_of_the_region(world: World) -> None:
    members = {"region": "eu-west-3"}
    world.call("CreateCluster", clusterName="default", **members)
    definition = {"containerDefinitions": [{"name": "app", "image": "app:1"}], "networkMode": "awsvpc"}
    world.call("RegisterTaskDefinition", family="web", cpu="256", memory="512", **definition, **members)
    run = world.call(
        "RunTask", taskDefinition="web", launchType="FARGATE", networkConfiguration=network("subnet-2"), **members
    )
    assert run["tasks"][0]["availabilityZone"] == "eu-west-3b"


def test_tasks_on_fargate_are_spread_over_the_zones_of_their_subnets(world: World) -> None:
    world.define()
    tasks = world.run(count=7, networkConfiguration=network("subnet-1", "subnet-2", "subnet-4"))["tasks"]
    assert spread(tasks) in ({A: 4, B: 3}, {A: 3, B: 4})
    of_subnets = Counter(map(subnet, tasks))
    assert of_subnets["subnet-2"] == spread(tasks)[B]
    assert abs(of_subnets["subnet-1"] - of_subnets["subnet-4"]) <= 1


def test_one_task_alone_may_get_any_of_them(world: World) -> None:
    world.define()
    runs = [world.run(networkConfiguration=network("subnet-1", "subnet-2", "subnet-3")) for _ in range(20)]
    assert set(spread([run["tasks"][0] for run in runs])) == {A, B, C}


def test_a_service_on_fargate_stays_spread(world: World) -> None:
    world.define()
    world.serve(count=6, networkConfiguration=network("subnet-1", "subnet-2", "subnet-3"))
    world.settle()
    assert spread(world.tasks()) == {A: 2, B: 2, C: 2}
    for task in world.tasks():
        if task["availabilityZone"] == B:
            world.call("StopTask", task=task["taskArn"])
    world.clock.advance(5)
    assert spread(world.tasks()) == {A: 2, B: 2, C: 2}
    world.call("UpdateService", service="s", desiredCount=3)
    world.clock.advance(5)
    assert spread(world.tasks()) == {A: 1, B: 1, C: 1}
    world.call("UpdateService", service="s", desiredCount=5, forceNewDeployment=True)
    world.settle()
    world.clock.advance(5)
    assert sorted(spread(world.tasks()).values()) == [1, 2, 2]


def test_a_task_on_an_instance_gets_a_subnet_of_its_zone(world: World) -> None:
    world.define("web", requiresCompatibilities=["EC2"], cpu=None)
    machine(world, 1, B)
    (task,) = world.run(launchType="EC2", networkConfiguration=network("subnet-1", "subnet-2"))["tasks"]
    assert (task["availabilityZone"], subnet(task)) == (B, "subnet-2")
    (task,) = world.run(launchType="EC2", networkConfiguration=network("subnet-1"))["tasks"]
    assert (task["availabilityZone"], subnet(task)) == (B, "subnet-1"), "it runs where there is an instance at all"


def zones_of_instances(world: World) -> dict[str, int]:
    instances = world.call("ListContainerInstances")["containerInstanceArns"]
    described = world.call("DescribeContainerInstances", containerInstances=instances)["containerInstances"]
    found = (a["value"] for i in described for a in i["attributes"] if a["name"] == "ecs.availability-zone")
    return dict(sorted(Counter(found).items()))


def test_the_instances_of_a_group_are_spread_over_the_region(world: World) -> None:
    given = {"autoScalingGroupArn": GROUP.format("one"), "managedScaling": {"status": "ENABLED"}}
    tags = [{"key": "kecs:max-size", "value": "8"}, {"key": "kecs:instance-type", "value": "m5.large"}]
    world.call("CreateCapacityProvider", name="asg", autoScalingGroupProvider=given, tags=tags)
    strategy = [{"capacityProvider": "asg", "weight": 1}]
    world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["asg"],
        defaultCapacityProviderStrategy=strategy,
    )
    world.define("web", requiresCompatibilities=["EC2"], cpu="2048")
    world.serve(count=5, launchType=None, networkConfiguration=network("subnet-1", "subnet-2", "subnet-3"))
    world.settle()
    assert zones_of_instances(world) == {A: 2, B: 2, C: 1}
    assert spread(world.tasks()) == {A: 2, B: 2, C: 1}
    assert Counter(map(subnet, world.tasks())) == {"subnet-1": 2, "subnet-2": 2, "subnet-3": 1}


def test_managed_instances_are_in_the_subnets_of_their_template(world: World) -> None:
    in_two = {**TEMPLATE["networkConfiguration"], "subnets": ["subnet-12345671", "subnet-12345672"]}
    managed = Managed(world, {**TEMPLATE, "networkConfiguration": in_two})
    managed.serve(3)
    world.settle("app")
    assert sorted(zones_of_instances(world).values()) == [1, 2]


# -- rebalancing ------------------------------------------------------------------------------------------------------

EC2 = {"launchType": "EC2", "networkConfiguration": None}


def crowded(world: World, count: int = 4, **members: Any) -> None:
    """A steady service with all its tasks in zone a, since that had the only instance; now there is one in b."""
    world.define_ec2()
    machine(world, 1, A)
    world.serve(count=count, **EC2, **members)
    world.settle()
    world.clock.advance(60)
    assert spread(world.tasks()) == {A: count}
    machine(world, 2, B)


def news(world: World) -> list[str]:
    """The events, oldest first, without the service's name and the tasks."""
    texts = (event["message"].removeprefix("(service s) ") for event in reversed(world.service()["events"]))
    return [text.partition(": (task")[0] for text in texts]


def running(world: World) -> list[dict[str, Any]]:
    return [task for task in world.tasks() if task["lastStatus"] == "RUNNING"]


def test_a_service_moves_half_of_its_tasks_to_a_new_zone(world: World) -> None:
    crowded(world)
    said, lowest, highest = len(news(world)), 4, 4
    while spread(world.tasks()) != {A: 2, B: 2} or not world.stable():
        world.until_news()
        lowest, highest = min(lowest, len(running(world))), max(highest, len(world.tasks()))
    world.clock.advance(5)
    assert (lowest, highest) == (4, 6)
    assert news(world)[said:] == [
        f"is not AZ balanced with 4 tasks in {A} and 0 tasks in {B}. AZ Rebalancing in progress.",
        f"has started 2 tasks in {B} to AZ Rebalance",
        f"has stopped 2 running tasks in {A} due to AZ rebalancing",
        "has reached a steady state.",
        f"is AZ balanced with 2 tasks in {A} and 2 tasks in {B}.",
    ]
    world.clock.advance(600)
    assert news(world)[said + 5 :] == []
    (moved, *_) = (world.task(arn) for arn in world.statuses_of_all("STOPPED"))
    assert (moved["stopCode"], moved["availabilityZone"]) == ("ServiceSchedulerInitiated", A)
    assert moved["stoppedReason"].startswith("Scaling activity initiated by (deployment ecs-svc/")


# Where it is off; https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
OFF: list[dict[str, Any]] = [
    {"availabilityZoneRebalancing": "DISABLED"},
    {"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 0}},
    {"placementStrategy": [{"type": "binpack", "field": "memory"}]},
    {"placementConstraints": [{"type": "memberOf", "expression": f"attribute:ecs.availability-zone in [{A}, {B}]"}]},
]


@pytest.mark.parametrize("members", OFF)
def test_nothing_moves_where_it_is_off(world: World, members: dict[str, Any]) -> None:
    crowded(world, **members)
    world.clock.advance(3600)
    assert spread(world.tasks()) == {A: 4}


def test_it_begins_when_it_is_turned_on(world: World) -> None:
    crowded(world, availabilityZoneRebalancing="DISABLED")
    world.clock.advance(60)
    world.call("UpdateService", service="s", availabilityZoneRebalancing="ENABLED")
    world.clock.advance(60)
    assert spread(world.tasks()) == {A: 2, B: 2}


def test_it_waits_for_room(world: World) -> None:
    crowded(world)
    world.define_ec2("big", {"name": "app", "image": "app:1", "memory": 4096})
    (second,) = world.call("ListContainerInstances", filter=f"attribute:ecs.availability-zone == {B}")[
        "containerInstanceArns"
    ]
    (big,) = world.call("StartTask", taskDefinition="big", containerInstances=[second])["tasks"]
    world.clock.advance(3600)
    assert spread(world.tasks()) == {A: 4}
    full = f"is unable to place a task in {B} because no container instance met all of its requirements."
    assert news(world)[-1] == full
    assert world.service()["deployments"][0]["failedTasks"] == 0
    world.call("StopTask", task=big["taskArn"])
    world.clock.advance(60)
    assert spread(world.tasks()) == {A: 2, B: 2}
    assert news(world)[-1] == f"is AZ balanced with 2 tasks in {A} and 2 tasks in {B}."


def test_it_says_so_to_eventbridge(world: World) -> None:
    crowded(world)
    world.clock.advance(60)
    actions = sent(world, "ECS Service Action")
    assert [action["eventName"] for action in actions][1:] == [
        "SERVICE_REBALANCING_STARTED",
        "TASKS_STARTED",
        "TASKS_STOPPED",
        "SERVICE_STEADY_STATE",
        "SERVICE_REBALANCING_COMPLETED",
    ]
    assert sorted(actions[2]["taskArns"]) == sorted(t["taskArn"] for t in world.tasks() if t["availabilityZone"] == B)


def test_it_goes_on_after_a_restart(world: World) -> None:
    journal = MemoryJournal()
    before = World(journal=journal)
    crowded(before)
    before.until(lambda: len(before.tasks()) == 6)
    after = World(journal=journal, start=before.clock.now(), seed=2)
    asyncio.run(after.kernel.recover())
    after.clock.advance(60)
    assert spread(after.tasks()) == {A: 2, B: 2}
    assert news(after)[-1].startswith("is AZ balanced with")


def test_a_blue_green_service_is_balanced_between_its_deployments(world: World) -> None:
    crowded(world, deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1})
    world.clock.advance(60)
    assert spread(world.tasks()) == {A: 2, B: 2}
    world.call("UpdateService", service="s", forceNewDeployment=True)
    world.clock.advance(600)
    assert (spread(world.tasks()), world.stable()) == ({A: 2, B: 2}, True)
