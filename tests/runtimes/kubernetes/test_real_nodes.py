"""Nodes of a real cluster as container instances: told, drained, lost and deleted."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from lightkube.resources.core_v1 import Node, Pod
from tests.runtimes.kubernetes import machines, pods
from tests.scenarios.world import World

from kecs.runtimes.kubernetes.api.client import Cluster
from kecs.runtimes.kubernetes.names import of_instance
from kecs.runtimes.kubernetes.nodes import KubernetesNodes

pytestmark = pytest.mark.kubernetes

ZONE = "topology.kubernetes.io/zone"


@pytest.fixture
def owner() -> str:
    """The name of an ECS cluster, and the beginning of those of its nodes."""
    return f"kecs-test-{secrets.token_hex(3)}"


@pytest.fixture
async def nodes(cluster: Cluster, owner: str) -> AsyncIterator[KubernetesNodes]:
    opened = KubernetesNodes(cluster, owner)
    assert await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def world(nodes: KubernetesNodes, owner: str) -> World:
    """Tasks are simulated, nodes are not."""
    world = World(nodes=nodes)
    world.call("CreateCluster", clusterName=owner)
    world.define_ec2("web", {"name": "app", "image": "app:1", "memory": 512})
    return world


def instances(world: World, owner: str) -> dict[str, Any]:
    """The cluster's container instances by the names of their nodes."""
    world.clock.advance(0)
    arns = world.call("ListContainerInstances", cluster=owner)["containerInstanceArns"]
    members = {"cluster": owner, "containerInstances": arns}
    found = world.call("DescribeContainerInstances", **members)["containerInstances"] if arns else []
    return {instance["ec2InstanceId"]: instance for instance in found}


def statuses(world: World, owner: str) -> set[tuple[str, str]]:
    return {(name, instance["status"]) for name, instance in instances(world, owner).items()}


def connected(world: World, owner: str) -> dict[str, bool]:
    return {name: instance["agentConnected"] for name, instance in instances(world, owner).items()}


async def test_draining_cordons_and_service_tasks_move(cluster: Cluster, world: World, owner: str) -> None:
    async with machines.machine(cluster, owner) as one, machines.machine(cluster, owner) as two:
        await machines.until(lambda: statuses(world, owner) == {(one, "ACTIVE"), (two, "ACTIVE")})
        world.call("CreateService", cluster=owner, serviceName="s", taskDefinition="web", desiredCount=2)
        world.clock.advance(60)
        arn = instances(world, owner)[one]["containerInstanceArn"]
        assert len(world.call("ListTasks", cluster=owner, containerInstance=arn)["taskArns"]) == 1
        world.call("UpdateContainerInstancesState", cluster=owner, containerInstances=[arn], status="DRAINING")
        world.clock.advance(300)
        assert world.call("ListTasks", cluster=owner, containerInstance=arn)["taskArns"] == []
        await machines.until(lambda: world.kernel.store.nodes.get(one).node.unschedulable)
        assert (await cluster.get(Node, one)).spec.unschedulable
        world.call("UpdateContainerInstancesState", cluster=owner, containerInstances=[arn], status="ACTIVE")
        world.clock.advance(0)
        await machines.until(lambda: not world.kernel.store.nodes.get(one).node.unschedulable)
        assert not (await cluster.get(Node, one)).spec.unschedulable


async def test_a_node_that_kubectl_cordons_drains(cluster: Cluster, world: World, owner: str) -> None:
    async with machines.machine(cluster, owner, **{ZONE: "rack-7"}) as one:
        await machines.until(lambda: statuses(world, owner) == {(one, "ACTIVE")})
        told = {a["name"]: a.get("value") for a in instances(world, owner)[one]["attributes"]}
        assert told[ZONE] == told["ecs.availability-zone"] == "rack-7"
        await cluster.patch(Node, one, {"spec": {"unschedulable": True}})
        await machines.until(lambda: statuses(world, owner) == {(one, "DRAINING")})
        await cluster.patch(Node, one, {"spec": {"unschedulable": None}})
        await machines.until(lambda: statuses(world, owner) == {(one, "ACTIVE")})


async def test_a_lost_node_and_a_deleted_one(cluster: Cluster, world: World, owner: str) -> None:
    async with machines.machine(cluster, owner) as one:
        async with machines.machine(cluster, owner) as two:
            await machines.until(lambda: statuses(world, owner) == {(one, "ACTIVE"), (two, "ACTIVE")})
            await machines.say(cluster, one, "Unknown")
            await machines.until(lambda: connected(world, owner) == {one: False, two: True})
            await machines.say(cluster, one)
            await machines.until(lambda: connected(world, owner) == {one: True, two: True})
        await machines.until(lambda: statuses(world, owner) == {(one, "ACTIVE")})


async def test_pods_of_a_node_that_is_given_up_go(cluster: Cluster, nodes: KubernetesNodes, owner: str) -> None:
    async with machines.machine(cluster, owner) as one, pods.namespace(cluster) as namespace:
        for name, labels in (("ours", of_instance(owner)), ("other", of_instance("other"))):
            spec = {"nodeName": one, "containers": [pods.container("true")]}
            await cluster.create(Pod, {"metadata": {"name": name, "labels": labels}, "spec": spec}, namespace)
        await cluster.delete(Pod, "ours", namespace, grace=30)
        nodes.give_up(one)
        await pods.until_gone(cluster, namespace, "ours")
        assert (await cluster.get(Pod, "other", namespace)).metadata.deletionTimestamp is None
