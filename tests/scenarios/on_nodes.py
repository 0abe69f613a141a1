"""A world on two nodes, and what tests ask of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.support.nodes import FakeNodes, node

from .world import World

EC2 = {"launchType": "EC2", "networkConfiguration": None}
HOST = "Host EC2 (instance {}) terminated."


def zoned(name: str, letter: str, **members: Any) -> Any:
    labels = {"topology.kubernetes.io/zone": f"us-east-1{letter}", "node.kubernetes.io/instance-type": "c5.large"}
    return node(name, labels=labels, **members)


def two_nodes() -> FakeNodes:
    return FakeNodes(zoned("one", "a"), zoned("two", "b"))


def world_on(nodes: FakeNodes) -> World:
    world = World(nodes=nodes)
    world.define_ec2("web", {"name": "app", "image": "app:1", "memory": 512})
    return world


def instances(world: World, cluster: str = "default", **members: Any) -> dict[str, Any]:
    """The cluster's container instances by the names of their nodes."""
    arns = world.call("ListContainerInstances", cluster=cluster, **members)["containerInstanceArns"]
    if not arns:
        return {}
    found = world.call("DescribeContainerInstances", cluster=cluster, containerInstances=arns)["containerInstances"]
    return {instance["ec2InstanceId"]: instance for instance in found}


def arn(world: World, name: str, cluster: str = "default") -> str:
    found: str = instances(world, cluster)[name]["containerInstanceArn"]
    return found


def statuses(world: World, cluster: str = "default") -> dict[str, str]:
    return {name: instance["status"] for name, instance in instances(world, cluster).items()}


def places(world: World, service: str = "s") -> Counter[str]:
    """How many tasks of the service are wanted on each node."""
    names = {instance["containerInstanceArn"]: name for name, instance in instances(world).items()}
    wanted = [task for task in world.tasks(service) if task["desiredStatus"] == "RUNNING"]
    return Counter(names[task["containerInstanceArn"]] for task in wanted)


def set_state(world: World, name: str, status: str, cluster: str = "default") -> None:
    found = arn(world, name, cluster)
    world.call("UpdateContainerInstancesState", cluster=cluster, containerInstances=[found], status=status)
    world.clock.advance(0)


def attributes(world: World, name: str) -> dict[str, str | None]:
    return {a["name"]: a.get("value") for a in instances(world)[name]["attributes"]}


def served(world: World, count: int = 4) -> World:
    world.serve(count=count, **EC2)
    world.settle()
    return world
