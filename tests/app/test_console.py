"""What /_kecs/health and /_kecs/state tell."""

from __future__ import annotations

import json

import pytest
from tests.scenarios.world import Refused, World
from tests.support.furnished import Furnished
from tests.support.journals import MemoryJournal

from kecs.app.console import KernelConsole


@pytest.fixture(scope="module")
def console() -> KernelConsole:
    return KernelConsole(Furnished().world().kernel, "test")


def test_nothing_that_is_kept_is_left_out(console: KernelConsole) -> None:
    state = console.state()
    json.dumps(state)
    assert all(state[name] for name in state if name not in ("records", "lastEvent"))
    kept = {name for name, records in state["records"].items() if records}
    assert {"service_deployments", "service_revisions", "task_sets", "daemons", "account_settings"} <= kept


def test_a_cluster_alone(console: KernelConsole) -> None:
    for name in ("other", "arn:aws:ecs:us-east-1:000000000000:cluster/other"):
        state = console.state(name)
        assert [cluster["clusterName"] for cluster in state["clusters"]] == ["other"]
        assert {task["clusterArn"].rsplit("/", 1)[1] for task in state["tasks"]} == {"other"}
        assert state["services"] == []
        assert [daemon["arn"].rsplit("/", 1)[1] for daemon in state["records"]["daemons"]] == ["watch"]
        assert state["records"]["account_settings"] == []


def test_the_definitions_that_a_cluster_uses(console: KernelConsole) -> None:
    used = {definition["family"] for definition in console.state("default")["taskDefinitions"]}
    assert "job" in used, "of a service without tasks"
    assert "old" not in used


def test_a_cluster_that_is_not_there(console: KernelConsole) -> None:
    assert console.state("nothing")["clusters"] == []


def test_a_disk_that_is_full_is_told_until_it_is_not() -> None:
    disk = MemoryJournal()
    world = World(journal=disk)
    console = KernelConsole(world.kernel, "test")
    disk.full = True
    with pytest.raises(Refused, match="ServerException"):
        world.call("CreateCluster", clusterName="a")
    health = console.health()
    assert (health["status"], "no space left on device" in health["reason"]) == ("degraded", True)
    disk.full = False
    world.call("CreateCluster", clusterName="b")
    assert console.health()["status"] == "ok"
    assert {record.name for kind, record in disk.load() if kind == "clusters"} == {"default", "a", "b"}
