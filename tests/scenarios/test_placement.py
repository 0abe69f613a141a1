"""Which container instance a task goes to: what does not fit, constraints, strategies, GPUs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from .machines import machine, resources
from .world import World

DISTINCT = {"type": "distinctInstance"}


class Fleet:
    """Four instances in two zones; from the first to the last they have more CPU and less memory."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.define_ec2("web", {"name": "app", "image": "app:1", "cpu": 100, "memory": 100})
        self.arns = [
            machine(
                world,
                number,
                f"us-east-1{'ab'[number % 2]}",
                totalResources=resources(1024 * (number + 1), 2048 * (4 - number)),
                attributes=[{"name": "rack", "value": str(number)}],
            )
            for number in range(4)
        ]

    def run(self, count: int = 1, *strategies: dict[str, str], **members: Any) -> list[int]:
        """The numbers of the instances that the tasks went to."""
        given = {"taskDefinition": "web", "count": count, "placementStrategy": list(strategies), **members}
        answer = self.world.call("RunTask", **given)
        self.reasons = [failure["reason"] for failure in answer["failures"]]
        return self.numbers(answer["tasks"])

    def numbers(self, tasks: list[dict[str, Any]]) -> list[int]:
        return [self.arns.index(task["containerInstanceArn"]) for task in tasks]

    def member_of(self, expression: str, **members: Any) -> list[int]:
        return self.run(2, placementConstraints=[{"type": "memberOf", "expression": expression}], **members)


@pytest.fixture
def fleet(world: World) -> Fleet:
    return Fleet(world)


# -- what does not fit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"cpu": 5000}, "RESOURCE:CPU"),
        ({"memory": 9000}, "RESOURCE:MEMORY"),
        ({"portMappings": [{"containerPort": 80, "hostPort": 22}]}, "RESOURCE:PORTS"),
        ({"resourceRequirements": [{"type": "GPU", "value": "1"}]}, "RESOURCE:GPU"),
    ],
)
def test_every_instance_says_why_it_takes_no_task(fleet: Fleet, container: dict[str, Any], reason: str) -> None:
    fleet.world.define_ec2("big", {"name": "app", "image": "app:1", "memory": 128, **container})
    answer = fleet.world.call("RunTask", taskDefinition="big")
    assert answer == {"tasks": [], "failures": [{"arn": arn, "reason": reason} for arn in fleet.arns]}
    answer = fleet.world.call("StartTask", taskDefinition="big", containerInstances=fleet.arns[:1])
    assert answer == {"tasks": [], "failures": [{"arn": fleet.arns[0], "reason": reason}]}


def test_what_found_no_place_may_be_tried_again_with_its_token(fleet: Fleet) -> None:
    port = {"containerPort": 80, "hostPort": 8080}
    fleet.world.define_ec2("port", {"name": "app", "image": "app:1", "memory": 64, "portMappings": [port]})
    fleet.run(4, taskDefinition="port")
    assert fleet.run(1, taskDefinition="port", clientToken="once") == []
    task = fleet.world.call("ListTasks", containerInstance=fleet.arns[1])["taskArns"][0]
    fleet.world.call("StopTask", task=task)
    fleet.world.clock.advance(60)
    assert fleet.run(1, taskDefinition="port", clientToken="once") == [1]


def test_a_port_is_taken_for_one_protocol_on_one_instance(fleet: Fleet) -> None:
    for protocol in ("tcp", "udp"):
        mapping = {"containerPort": 53, "hostPort": 53, "protocol": protocol}
        fleet.world.define_ec2(protocol, {"name": "dns", "image": "dns", "memory": 64, "portMappings": [mapping]})
        assert sorted(fleet.run(5, taskDefinition=protocol)) == [0, 1, 2, 3]
        assert set(fleet.reasons) == {"RESOURCE:PORTS"}


def test_an_instance_reserves_a_hundred_ports_at_most(world: World) -> None:
    mappings = [{"containerPort": port, "hostPort": port} for port in range(8000, 8099)]
    world.define_ec2("many", {"name": "app", "image": "app", "memory": 64, "portMappings": mappings})
    world.define_ec2("one", {"name": "app", "image": "app", "memory": 64, "portMappings": [{"containerPort": 80}]})
    extra = {"name": "app", "image": "app", "memory": 64, "portMappings": [{"containerPort": 80, "hostPort": 80}]}
    world.define_ec2("extra", extra)
    arn = machine(world)  # with port 22
    assert world.call("RunTask", taskDefinition="many")["failures"] == []
    assert world.call("RunTask", taskDefinition="extra")["failures"] == [{"arn": arn, "reason": "RESOURCE:PORTS"}]
    assert world.call("RunTask", taskDefinition="one")["failures"] == []  # ports that are found later do not count


def test_an_instance_that_tells_what_it_can_do_is_asked_for_more(world: World) -> None:
    world.define_ec2("web", {"name": "app", "image": "app", "memory": 64, "privileged": True})
    able = "com.amazonaws.ecs.capability.privileged-container"
    other = machine(world, 1, attributes=[{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.44"}])
    assert world.call("RunTask", taskDefinition="web")["failures"] == [{"arn": other, "reason": "ATTRIBUTE"}]
    fit = machine(world, 2, attributes=[{"name": able}])
    (task,) = world.call("RunTask", taskDefinition="web")["tasks"]
    assert task["containerInstanceArn"] == fit


# -- constraints ------------------------------------------------------------------------------------------------------


def test_distinct_instances_hold_one_task_of_a_group(fleet: Fleet) -> None:
    assert sorted(fleet.run(5, placementConstraints=[DISTINCT])) == [0, 1, 2, 3]
    assert set(fleet.reasons) == {"DistinctInstance placement constraint unsatisfied."}
    assert sorted(fleet.run(4, placementConstraints=[DISTINCT], group="other")) == [0, 1, 2, 3]


def test_a_stopped_task_no_longer_stands_in_the_way(fleet: Fleet) -> None:
    fleet.run(4, placementConstraints=[DISTINCT])
    task = fleet.world.call("ListTasks", containerInstance=fleet.arns[2])["taskArns"][0]
    fleet.world.call("StopTask", task=task)
    assert fleet.run(1, placementConstraints=[DISTINCT]) == [2]


def test_members_of_a_group_of_instances(fleet: Fleet) -> None:
    assert set(fleet.member_of("attribute:rack in [1, 2]")) <= {1, 2}
    assert fleet.member_of("attribute:ecs.availability-zone == us-east-1a and attribute:rack > 0") == [2, 2]
    assert fleet.member_of("attribute:rack == 9") == []
    assert set(fleet.reasons) == {"MemberOf placement constraint unsatisfied."}


def test_tasks_keep_to_a_group_of_tasks_or_away_from_it(fleet: Fleet) -> None:
    fleet.world.call("StartTask", taskDefinition="web", containerInstances=[fleet.arns[3]], group="db")
    assert fleet.member_of("task:group == db", group="near") == [3, 3]
    assert 3 not in fleet.member_of("not(task:group == db)", group="far")


def test_the_constraints_of_a_definition_hold_wherever_it_runs(fleet: Fleet) -> None:
    constraint = {"type": "memberOf", "expression": "attribute:rack == 3"}
    fleet.world.define_ec2("pinned", placementConstraints=[constraint])
    assert fleet.run(2, taskDefinition="pinned") == [3, 3]
    answer = fleet.world.call("StartTask", taskDefinition="pinned", containerInstances=fleet.arns[:1])
    assert [f["reason"] for f in answer["failures"]] == ["MemberOf placement constraint unsatisfied."]


def test_the_constraints_of_a_service_hold_for_all_its_tasks(fleet: Fleet) -> None:
    constraints = [DISTINCT, {"type": "memberOf", "expression": "attribute:rack != 0"}]
    members = {"launchType": "EC2", "networkConfiguration": None, "placementConstraints": constraints}
    fleet.world.serve(count=3, **members)
    fleet.world.settle()
    assert sorted(fleet.numbers(fleet.world.tasks())) == [1, 2, 3]


# -- strategies -------------------------------------------------------------------------------------------------------

ZONES = {"type": "spread", "field": "attribute:ecs.availability-zone"}


@pytest.mark.parametrize("field", ["instanceId", "host", "attribute:rack"])
def test_tasks_are_spread_over_instances(fleet: Fleet, field: str) -> None:
    assert Counter(fleet.run(8, {"type": "spread", "field": field})) == {0: 2, 1: 2, 2: 2, 3: 2}


def test_tasks_are_spread_over_zones_unless_it_is_said_otherwise(fleet: Fleet) -> None:
    for strategies in ([ZONES], []):
        numbers = fleet.run(6, *strategies, group=str(len(strategies)))
        assert Counter(number % 2 for number in numbers) == {0: 3, 1: 3}


def test_each_task_counts_for_where_the_next_one_goes(fleet: Fleet) -> None:
    fleet.world.call("StartTask", taskDefinition="web", containerInstances=[fleet.arns[0]] * 3)
    numbers = fleet.run(5, ZONES)
    assert Counter(number % 2 for number in numbers) == {0: 1, 1: 4}


@pytest.mark.parametrize(("field", "fullest"), [("cpu", 0), ("memory", 3), ("MEMORY", 3)])
def test_tasks_are_packed_where_least_is_left(fleet: Fleet, field: str, fullest: int) -> None:
    assert fleet.run(10, {"type": "binpack", "field": field}) == [fullest] * 10


def test_packing_goes_on_with_the_next_instance_when_one_is_full(fleet: Fleet) -> None:
    numbers = [*fleet.run(10, {"type": "binpack", "field": "cpu"}), *fleet.run(4, {"type": "binpack", "field": "cpu"})]
    assert numbers == [0] * 10 + [1] * 4


def test_strategies_are_followed_one_after_the_other(fleet: Fleet) -> None:
    assert Counter(fleet.run(8, ZONES, {"type": "binpack", "field": "memory"})) == {2: 4, 3: 4}


def test_chance_picks_any_instance(fleet: Fleet) -> None:
    assert {number for _ in range(4) for number in fleet.run(10, {"type": "random"})} == {0, 1, 2, 3}


# -- GPUs -------------------------------------------------------------------------------------------------------------


def test_each_container_has_gpus_of_its_own(world: World) -> None:
    one = [{"type": "GPU", "value": "1"}]
    containers = [{"name": name, "image": "i", "memory": 64, "resourceRequirements": one} for name in "ab"]
    world.define_ec2("pair", *containers)
    every = {"name": "app", "image": "i", "memory": 64, "resourceRequirements": [{"type": "GPU", "value": "ALL"}]}
    world.define_ec2("every", every)
    arn = machine(world, totalResources=resources(gpus=("g0", "g1", "g2")))
    pair = world.call("RunTask", taskDefinition="pair")["tasks"][0]
    assert [container["gpuIds"] for container in pair["containers"]] == [["g0"], ["g1"]]
    assert world.call("RunTask", taskDefinition="pair")["failures"] == [{"arn": arn, "reason": "RESOURCE:GPU"}]
    world.call("StopTask", task=pair["taskArn"])
    world.clock.advance(60)
    (rest,) = world.call("RunTask", taskDefinition="every")["tasks"]
    assert rest["containers"][0]["gpuIds"] == ["g0", "g1", "g2"]


def test_the_number_of_gpus_can_be_changed_for_one_run(world: World) -> None:
    one = {"name": "app", "image": "i", "memory": 64, "resourceRequirements": [{"type": "GPU", "value": "1"}]}
    world.define_ec2("web", one)
    machine(world, totalResources=resources(gpus=("g0", "g1", "g2")))
    two = [{"name": "app", "resourceRequirements": [{"type": "GPU", "value": "2"}]}]
    (task,) = world.call("RunTask", taskDefinition="web", overrides={"containerOverrides": two})["tasks"]
    assert task["containers"][0]["gpuIds"] == ["g0", "g1"]
