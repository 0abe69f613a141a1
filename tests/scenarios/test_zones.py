"""Availability Zones: where tasks and instances are put."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.furnished import GROUP

from .machines import machine
from .managed import TEMPLATE, Managed
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
