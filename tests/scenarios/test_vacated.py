"""What a runtime hears of clusters that are deleted."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.journals import MemoryJournal

from .world import World

ARN = "arn:aws:ecs:us-east-1:000000000000:cluster/shop"


@pytest.fixture
def vacated(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(world.runtime, "vacate", found.extend)
    return found


def test_a_runtime_hears_of_a_cluster_that_is_deleted(world: World, vacated: list[str]) -> None:
    world.call("CreateCluster", clusterName="shop")
    world.define()
    (task,) = world.run(cluster="shop")["tasks"]
    world.clock.advance(60)
    world.call("StopTask", cluster="shop", task=task["taskArn"])
    world.clock.advance(60)
    assert vacated == []
    world.call("DeleteCluster", cluster="shop")
    assert vacated == []
    world.clock.advance(0)
    assert vacated == [ARN]
    world.clock.advance(7200)
    assert vacated == [ARN]


def test_not_of_one_that_is_there_again(world: World, vacated: list[str]) -> None:
    world.call("CreateCluster", clusterName="shop")
    world.call("DeleteCluster", cluster="shop")
    world.call("CreateCluster", clusterName="shop")
    world.clock.advance(0)
    assert vacated == []
    world.call("DeleteCluster", cluster="shop")
    world.clock.advance(0)
    assert vacated == [ARN]


def test_again_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.call("CreateCluster", clusterName="shop")
    world.call("DeleteCluster", cluster="shop")
    again, found = World(journal=journal, seed=2), list[str]()
    monkeypatch.setattr(again.runtime, "vacate", found.extend)
    asyncio.run(again.kernel.recover())
    again.clock.advance(0)
    assert found == [ARN]
