"""What a KECS starts with: entries go through the handlers, all of them or none, and what is there stays as it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.scenarios.world import World
from tests.support.journals import MemoryJournal

from kecs.app.seeding import SeedRefused, seed
from kecs.app.snapshots import KernelSnapshots

SHOP = """
accountSettings:
  - {name: containerInsights, value: enabled}
capacityProviders:
  - name: machines
    autoScalingGroupProvider:
      autoScalingGroupArn: arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:8c1b:autoScalingGroupName/m
clusters:
  - clusterName: default
    settings: [{name: containerInsights, value: enhanced}]
    capacityProviders: [machines]
    tags: [{key: team, value: platform}]
  - clusterName: shop
    tags: [{key: since, value: 2024-01-31}]
taskDefinitions:
  - family: web
    containerDefinitions: [{name: app, image: "web:1", memory: 128}]
  - family: web
    containerDefinitions: [{name: app, image: "web:2", memory: 128}]
services:
  - {cluster: shop, serviceName: web, taskDefinition: web, desiredCount: 2, launchType: EC2}
tasks:
  - {cluster: shop, taskDefinition: "web:1", count: 2, launchType: EC2}
tags:
  - resourceArn: arn:aws:ecs:us-east-1:000000000000:service/shop/web
    tags: [{key: owner, value: ada}]
"""

BIG = """
taskDefinitions: [{family: big, containerDefinitions: [{name: a, image: a, memory: 900000}]}]
tasks: [{taskDefinition: big, launchType: EC2}]
"""


def sown(text: str, folder: Path, world: World | None = None) -> World:
    world = world or World()
    file = folder / "seed.yaml"
    file.write_text(text)
    asyncio.run(seed(world.kernel, file))
    return world


def test_everything_in_the_words_of_the_api(tmp_path: Path) -> None:
    world = sown(SHOP, tmp_path)
    world.clock.advance(10)
    (service,) = world.call("DescribeServices", cluster="shop", services=["web"], include=["TAGS"])["services"]
    assert (service["runningCount"], service["taskDefinition"][-5:]) == (2, "web:2")
    assert service["tags"] == [{"key": "owner", "value": "ada"}]
    jobs = world.call("ListTasks", cluster="shop", family="web")["taskArns"]
    assert len(jobs) == 4
    include = ["TAGS", "SETTINGS"]
    default, shop = world.call("DescribeClusters", clusters=["default", "shop"], include=include)["clusters"]
    assert default["tags"] == [{"key": "team", "value": "platform"}]
    assert default["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    assert default["capacityProviders"] == ["machines"]
    assert shop["tags"] == [{"key": "since", "value": "2024-01-31"}]
    assert shop["settings"] == [{"name": "containerInsights", "value": "enabled"}]


def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    journal = MemoryJournal()
    world = sown(SHOP, tmp_path, World(journal=journal))
    world.clock.advance(10)
    world.call("UpdateService", cluster="shop", service="web", desiredCount=1)
    web = "arn:aws:ecs:us-east-1:000000000000:service/shop/web"
    world.call("TagResource", resourceArn=web, tags=[{"key": "owner", "value": "bob"}])
    again = World(journal=journal, seed=2)
    asyncio.run(again.kernel.recover())
    sown(SHOP.replace("clusters:\n", "clusters:\n  - clusterName: more\n"), tmp_path, again)
    (service,) = again.call("DescribeServices", cluster="shop", services=["web"], include=["TAGS"])["services"]
    assert service["desiredCount"] == 1
    assert service["tags"] == [{"key": "owner", "value": "bob"}]
    assert len(again.call("ListTaskDefinitions", familyPrefix="web")["taskDefinitionArns"]) == 2
    started = again.call("ListTasks", cluster="shop", family="web", desiredStatus="RUNNING")["taskArns"]
    assert len(started) <= 4
    assert len(again.call("ListClusters")["clusterArns"]) == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[1, 2]", "is no mapping of accountSettings, "),
        ("clusters: {a: b}", r"seed\.yaml, clusters: it is a list, and each entry has members of CreateCluster\."),
        ("clusters: [shop]", "each entry has members of CreateCluster"),
        ("cluster: []", "has no use for cluster; there are accountSettings, capacityProviders, clusters, "),
        ("clusters: [", "is no YAML: .*line 1"),
        ("clusters: [{clusterName: 'no good'}]", r"clusters\[0\] \(no good\): CreateCluster is refused with Invalid"),
        ("clusters: [{clusterName: [1]}]", "SerializationException"),
        (
            "clusters: [{clusterName: a}]\nservices: [{serviceName: web, taskDefinition: x, desiredCount: 1}]",
            r"services\[0\] \(web\): CreateService is refused with ClientException: TaskDefinition not found\.",
        ),
        (BIG, r"tasks\[0\] \(big\): RunTask is refused with RESOURCE:MEMORY"),
    ],
)
def test_what_is_refused_leaves_nothing(text: str, why: str, tmp_path: Path) -> None:
    world = World()
    with pytest.raises(SeedRefused, match=why):
        sown(text, tmp_path, world)
    assert [record for table in world.kernel.store.tables.values() for record in table] == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SeedRefused, match=r"nothing\.yaml cannot be read: No such file"):
        asyncio.run(seed(World().kernel, tmp_path / "nothing.yaml"))


def test_an_empty_file_is_fine(tmp_path: Path) -> None:
    sown("# nothing yet\n", tmp_path)


def test_a_snapshot_is_a_seed_where_there_is_nothing(tmp_path: Path) -> None:
    world = sown(SHOP, tmp_path)
    world.clock.advance(10)
    document = KernelSnapshots(world.kernel).take().decode()
    again = sown(document, tmp_path)
    assert KernelSnapshots(again.kernel).take().decode() == document
    again.call("CreateCluster", clusterName="new")
    sown(document, tmp_path, again)
    assert len(again.call("ListClusters")["clusterArns"]) == 3, "what is there stays"
    with pytest.raises(SeedRefused, match=r"seed\.yaml cannot be used: The snapshot was taken by a newer"):
        sown('{"kecsSnapshot": 99}', tmp_path)
