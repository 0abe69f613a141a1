"""Services of the DAEMON strategy: a task on each instance that meets the constraints, whatever instances there are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from .machines import machine, resources
from .world import Refused, World

DAEMON = {"schedulingStrategy": "DAEMON", "count": None, "launchType": "EC2", "networkConfiguration": None}
REPLICA = {"launchType": "EC2", "networkConfiguration": None}
EXTERNAL = {"name": "ecs.capability.external"}
BLUE = {"name": "colour", "value": "blue"}
IS_BLUE = {"type": "memberOf", "expression": "attribute:colour == blue"}
APP = {"name": "app", "image": "app:1", "memory": 512}


@pytest.fixture
def machines(world: World) -> list[str]:
    """Three instances."""
    world.define_ec2("agent", {"name": "agent", "image": "agent:1", "memory": 512})
    world.define_ec2("app", APP)
    return [machine(world, number) for number in (1, 2, 3)]


def serve(world: World, name: str = "d", **members: Any) -> Any:
    return world.serve(name, **{"definition": "agent", **DAEMON, **members})


def places(world: World, name: str = "d") -> Counter[str]:
    """How many tasks of the service are wanted on each instance."""
    return Counter(task["containerInstanceArn"] for task in world.tasks(name) if task["desiredStatus"] == "RUNNING")


def one_each(world: World, *instances: str) -> bool:
    """Whether the service has come to a task on each of these instances, and nowhere else."""
    service = world.service("d")
    counts = service["desiredCount"], service["runningCount"], service["pendingCount"]
    return places(world) == dict.fromkeys(instances, 1) and counts == (len(instances), len(instances), 0)


def set_state(world: World, instance: str, status: str) -> None:
    world.call("UpdateContainerInstancesState", containerInstances=[instance], status=status)


def update(world: World, **members: Any) -> Any:
    return world.call("UpdateService", service="d", **members)["service"]


def messages(world: World) -> list[str]:
    """The events, oldest first."""
    return [event["message"] for event in reversed(world.service("d")["events"])]


def test_each_instance_gets_one_task(world: World, machines: list[str]) -> None:
    created = serve(world)
    assert (created["schedulingStrategy"], created["placementStrategy"]) == ("DAEMON", [])
    configuration = created["deploymentConfiguration"]
    assert (configuration["minimumHealthyPercent"], configuration["maximumPercent"]) == (0, 100)
    world.until(lambda: one_each(world, *machines), 5)
    service = world.service("d")
    assert [d["rolloutState"] for d in service["deployments"]] == ["COMPLETED"]
    assert service["deployments"][0]["desiredCount"] == 3
    assert messages(world)[-1] == "(service d) has reached a steady state."


def test_instances_that_come_and_go(world: World, machines: list[str]) -> None:
    serve(world)
    world.until(lambda: one_each(world, *machines), 5)
    fourth = machine(world, 4)
    world.until(lambda: one_each(world, *machines, fourth), 1)
    world.call("DeregisterContainerInstance", containerInstance=machines[0], force=True)
    world.until(lambda: one_each(world, *machines[1:], fourth), 1)
    assert "steady state" in messages(world)[-1]


def test_the_first_instance_of_an_empty_cluster(world: World) -> None:
    world.define_ec2("agent")
    world.call("CreateCluster", clusterName="c")
    serve(world, cluster="c")
    world.clock.advance(5)
    (service,) = world.call("DescribeServices", cluster="c", services=["d"])["services"]
    assert (service["desiredCount"], service["runningCount"]) == (1, 1), "the built-in instance is one"


def test_a_task_that_ends_is_replaced_where_it_was(world: World, machines: list[str]) -> None:
    serve(world)
    world.until(lambda: one_each(world, *machines), 5)
    task = world.tasks("d")[0]
    world.call("StopTask", task=task["taskArn"])
    world.until(lambda: world.task(task["taskArn"])["lastStatus"] == "STOPPED")
    world.until(lambda: one_each(world, *machines), 5)


def test_only_instances_that_meet_the_constraints(world: World, machines: list[str]) -> None:
    def paint(instance: str, operation: str = "PutAttributes") -> None:
        attribute = {**BLUE, "targetType": "container-instance", "targetId": instance}
        world.call(operation, attributes=[attribute])

    paint(machines[0])
    serve(world, placementConstraints=[IS_BLUE])
    world.until(lambda: one_each(world, machines[0]), 5)
    paint(machines[1])
    world.until(lambda: one_each(world, *machines[:2]), 5)
    paint(machines[0], "DeleteAttributes")
    world.until(lambda: one_each(world, machines[1]), 5)


def test_constraints_of_the_task_definition_count_too(world: World, machines: list[str]) -> None:
    blue = machine(world, 4, attributes=[BLUE])
    world.define_ec2("agent", APP, placementConstraints=[IS_BLUE])
    serve(world)
    world.until(lambda: one_each(world, blue), 5)


def test_an_instance_whose_agent_has_gone_keeps_its_task_and_gets_no_other(world: World, machines: list[str]) -> None:
    serve(world)
    world.until(lambda: one_each(world, *machines), 5)
    again = machine(world, 1)  # the machine has forgotten that it was an instance before
    world.until(lambda: one_each(world, *machines, again), 5)
    (lost,) = (t["taskArn"] for t in world.tasks("d") if t["containerInstanceArn"] == machines[0])
    world.call("StopTask", task=lost)
    world.until(lambda: one_each(world, *machines[1:], again), 60)
    assert "steady state" in messages(world)[-1]


@pytest.mark.parametrize("launch_type", ["EC2", "EXTERNAL"])
def test_instances_of_the_launch_type_only(world: World, machines: list[str], launch_type: str) -> None:
    outside = machine(world, 4, attributes=[EXTERNAL])
    world.define_ec2("agent", APP, requiresCompatibilities=[launch_type])
    serve(world, launchType=launch_type)
    wanted = machines if launch_type == "EC2" else [outside]
    world.until(lambda: one_each(world, *wanted), 5)
    assert {task["launchType"] for task in world.tasks("d")} == {launch_type}


def test_the_task_leaves_a_draining_instance_after_those_of_other_services(world: World, machines: list[str]) -> None:
    serve(world)
    world.serve("s", 6, "app", **REPLICA)
    world.settle()
    world.until(lambda: one_each(world, *machines), 5)
    set_state(world, machines[0], "DRAINING")
    last = next(t["taskArn"] for t in world.tasks("d") if t["containerInstanceArn"] == machines[0])
    world.until(lambda: world.task(last)["desiredStatus"] == "STOPPED")
    there = world.call("ListTasks", containerInstance=machines[0], desiredStatus="RUNNING")["taskArns"]
    assert there == []
    world.until(lambda: one_each(world, *machines[1:]), 60)
    assert world.service("d")["desiredCount"] == 2
    set_state(world, machines[0], "ACTIVE")
    world.until(lambda: one_each(world, *machines), 5)


def test_a_task_that_has_not_started_leaves_at_once(world: World, machines: list[str]) -> None:
    world.runtime.set_script("agent:1", {"pull_seconds": 60})
    serve(world)
    world.until(lambda: world.service("d")["pendingCount"] == 3)
    set_state(world, machines[0], "DRAINING")
    world.until(lambda: places(world) == dict.fromkeys(machines[1:], 1), 1)


def test_tasks_are_the_first_on_a_new_instance(world: World) -> None:
    world.define_ec2("agent", {"name": "agent", "image": "agent:1", "memory": 1024})
    world.define_ec2("app", {"name": "app", "image": "app:1", "memory": 3584})
    first = machine(world, 1)
    serve(world)
    world.until(lambda: one_each(world, first), 5)
    world.serve("s", 1, "app", **REPLICA)
    world.clock.advance(600)
    assert world.service("s")["runningCount"] == 0
    world.call("UpdateService", service="s", desiredCount=2)  # whoever is looked at first
    second = machine(world, 2)
    world.until(lambda: one_each(world, first, second), 5)
    assert places(world, "s") == {}


def test_an_instance_without_room_gets_its_task_when_there_is_some(world: World, machines: list[str]) -> None:
    small = machine(world, 4, totalResources=resources(memory=256))
    serve(world)
    world.until(lambda: world.service("d")["runningCount"] == 3, 5)
    world.clock.advance(1800)
    service = world.service("d")
    assert (service["desiredCount"], service["runningCount"], service["pendingCount"]) == (4, 3, 0)
    short = f"(container-instance {small.rsplit('/', 1)[1]}) has insufficient memory available."
    assert any("unable to place" in text and short in text for text in messages(world))
    machine(world, 4, containerInstanceArn=small)
    world.until(lambda: one_each(world, *machines, small), 1)


@pytest.mark.parametrize(("least", "at_once"), [(0, 3), (34, 1), (50, 1), (67, 0)])
def test_an_update_replaces_tasks_instance_by_instance(
    world: World, machines: list[str], least: int, at_once: int
) -> None:
    serve(world, deploymentConfiguration={"minimumHealthyPercent": least})
    world.until(lambda: one_each(world, *machines), 5)
    world.define_ec2("agent", {"name": "agent", "image": "agent:2", "memory": 512})
    update(world, taskDefinition="agent")
    if not at_once:
        world.clock.advance(600)
        assert "was unable to stop or start tasks during a deployment" in messages(world)[-1]
        return
    fewest = 3
    while len(world.service("d")["deployments"]) > 1 or not one_each(world, *machines):
        world.until_news()
        fewest = min(fewest, world.service("d")["runningCount"])
        live = [t["containerInstanceArn"] for t in world.tasks("d") if t["lastStatus"] != "STOPPED"]
        assert set(Counter(live).values()) <= {1}, "an instance has one task at a time"
    assert fewest == 3 - at_once
    assert {task["taskDefinitionArn"][-1] for task in world.tasks("d")} == {"2"}


def test_an_instance_that_comes_during_an_update_gets_the_new_task(world: World, machines: list[str]) -> None:
    serve(world, deploymentConfiguration={"minimumHealthyPercent": 50})
    world.until(lambda: one_each(world, *machines), 5)
    new = world.define_ec2("agent", {"name": "agent", "image": "agent:2", "memory": 512})
    world.runtime.set_script("agent:2", {"pull_seconds": 30})
    update(world, taskDefinition="agent")
    world.clock.advance(5)
    fourth = machine(world, 4)
    world.until(lambda: places(world)[fourth] == 1, 1)
    world.until(lambda: one_each(world, *machines, fourth))
    assert {task["taskDefinitionArn"] for task in world.tasks("d")} == {new}


def test_the_circuit_breaker_brings_the_old_tasks_back(world: World, machines: list[str]) -> None:
    breaker = {"enable": True, "rollback": True}
    serve(world, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    world.until(lambda: one_each(world, *machines), 5)
    before = world.service("d")["taskDefinition"]
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define_ec2("agent", {"name": "agent", "image": "gone:1", "memory": 512})
    update(world, taskDefinition="agent")
    world.until(lambda: any("rolling back to deployment" in text for text in messages(world)))
    world.until(lambda: one_each(world, *machines), 60)
    assert {task["taskDefinitionArn"] for task in world.tasks("d")} == {before}
    assert [d["rolloutState"] for d in world.service("d")["deployments"]] == ["COMPLETED"]


def test_unhealthy_tasks_are_replaced(world: World, machines: list[str]) -> None:
    check = {"command": ["CMD", "true"], "interval": 5, "retries": 1}
    world.define_ec2("agent", {**APP, "healthCheck": check})
    serve(world)
    world.until(lambda: one_each(world, *machines), 60)
    sick = world.tasks("d")[0]["taskArn"]
    world.until(lambda: world.task(sick)["healthStatus"] == "HEALTHY", 60)
    world.runtime.set_health(sick, "app", "UNHEALTHY")
    world.until(lambda: world.task(sick)["lastStatus"] == "STOPPED", 60)
    world.until(lambda: one_each(world, *machines), 60)


def test_deleting_needs_no_scaling_and_no_force(world: World, machines: list[str]) -> None:
    serve(world)
    world.until(lambda: one_each(world, *machines), 5)
    world.call("DeleteService", service="d")
    world.until(lambda: world.service("d")["status"] == "INACTIVE", 60)
    machine(world, 4)
    world.clock.advance(60)
    assert world.call("ListTasks", serviceName="d")["taskArns"] == []


def test_creating_it_again_is_the_same(world: World, machines: list[str]) -> None:
    serve(world)
    world.until(lambda: one_each(world, *machines), 5)
    assert serve(world)["runningCount"] == 3


def test_services_are_listed_by_strategy(world: World, machines: list[str]) -> None:
    daemon = serve(world)["serviceArn"]
    replica = world.serve("s", 1, "app", **REPLICA)["serviceArn"]
    assert world.call("ListServices", schedulingStrategy="DAEMON")["serviceArns"] == [daemon]
    assert world.call("ListServices", schedulingStrategy="REPLICA")["serviceArns"] == [replica]


def test_the_default_strategy_of_the_cluster_is_for_replicas(world: World, machines: list[str]) -> None:
    fargate = {"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}
    world.call("PutClusterCapacityProviders", cluster="default", **fargate)
    assert serve(world, launchType=None)["launchType"] == "EC2"
    world.until(lambda: one_each(world, *machines), 5)


STRATEGY = [{"capacityProvider": "FARGATE"}]
COMMON: list[tuple[dict[str, Any], str]] = [
    ({"placementStrategy": [{"type": "random"}]}, "does not support placement strategies"),
    ({"capacityProviderStrategy": STRATEGY, "launchType": None}, "Specifying a capacity provider strategy is not"),
    ({"deploymentConfiguration": {"maximumPercent": 150}}, "does not support values above 100 for maximumPercent"),
    ({"deploymentConfiguration": {"minimumHealthyPercent": 100}}, "cannot be 100 as this will block deployments"),
]


@pytest.mark.parametrize(
    ("members", "text"),
    [*COMMON, ({"launchType": "FARGATE"}, "FARGATE launch type"), ({"count": 2}, "does not support a desired count")],
)
def test_what_it_cannot_be_created_with(world: World, machines: list[str], members: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused, match=f"InvalidParameterException: .*{text}"):
        serve(world, **members)
    assert len(world.kernel.store.services) == 0


@pytest.mark.parametrize(("members", "text"), [*COMMON, ({"desiredCount": 2}, "does not support a desired count")])
def test_what_it_cannot_be_updated_with(world: World, machines: list[str], members: dict[str, Any], text: str) -> None:
    serve(world)
    before = world.service("d")
    with pytest.raises(Refused, match=f"InvalidParameterException: .*{text}"):
        update(world, **{name: value for name, value in members.items() if value is not None})
    assert world.service("d")["deployments"][0]["id"] == before["deployments"][0]["id"]
