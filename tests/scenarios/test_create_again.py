"""CreateService a second time: by its name, and by its client token."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.journals import MemoryJournal

from .world import Refused, World

PORT = {"name": "app", "image": "app", "portMappings": [{"containerPort": 80, "name": "http"}]}
TARGET = "arn:aws:vpc-lattice:us-east-1:000000000000:targetgroup/tg-1"
LATTICE = [{"roleArn": "arn:aws:iam::000000000000:role/l", "targetGroupArn": TARGET, "portName": "http"}]


@pytest.mark.parametrize(
    "members",
    [
        {"count": 2},
        {"definition": "other"},
        {"enableExecuteCommand": True},
        {"tags": [{"key": "a", "value": "b"}]},
        {"serviceConnectConfiguration": {"enabled": True, "namespace": "shop"}},
        {"vpcLatticeConfigurations": LATTICE},
    ],
)
def test_the_same_name_again(world: World, members: dict[str, Any]) -> None:
    for family in ("web", "other"):
        world.define(family, PORT, taskRoleArn="arn:aws:iam::000000000000:role/task")
    first = world.serve(count=1)
    assert world.serve(count=1)["deployments"][0]["id"] == first["deployments"][0]["id"]
    with pytest.raises(Refused) as refused:
        world.serve(**{"count": 1, **members})
    assert (refused.value.code, refused.value.text) == (
        "InvalidParameterException",
        "Creation of service was not idempotent.",
    )
    assert world.service()["deployments"] == first["deployments"]


def test_a_token_answers_with_what_it_made_whatever_has_become_of_it(world: World) -> None:
    world.define()
    made = world.serve(count=1, clientToken="t")
    world.call("UpdateService", service="s", desiredCount=2)
    world.settle()
    again = world.serve(count=1, clientToken="t")
    assert (again["createdAt"], again["desiredCount"], again["runningCount"]) == (made["createdAt"], 2, 2)
    assert world.serve("t", 0, clientToken="T")["serviceName"] == "t"  # tokens are case-sensitive


@pytest.mark.parametrize("members", [{"name": "other"}, {"count": 2}, {"tags": [{"key": "a", "value": "b"}]}])
def test_a_token_is_for_one_request(world: World, members: dict[str, Any]) -> None:
    world.define()
    world.serve(count=1, clientToken="t")
    with pytest.raises(Refused, match=r"InvalidParameterException: Creation of service was not idempotent\."):
        world.serve(**{"count": 1, "clientToken": "t", **members})
    assert len(world.kernel.store.services) == 1


def test_a_token_outlives_a_restart_but_neither_its_service_nor_a_day(world: World) -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.define()
    world.serve(count=0, clientToken="t")
    world = World(journal=journal, seed=2, start=world.clock.now() + 1)
    world.call("TagResource", resourceArn=world.service()["serviceArn"], tags=[{"key": "a", "value": "b"}])
    assert world.serve(count=0, clientToken="t")["tags"] == [{"key": "a", "value": "b"}]
    world.call("DeleteService", service="s")
    world.until(lambda: world.service()["status"] == "INACTIVE")
    assert world.serve(count=0, clientToken="t")["status"] == "ACTIVE"
    world.clock.advance(24 * 3600)
    assert world.serve("other", 0, clientToken="t")["serviceName"] == "other"


@pytest.mark.parametrize("token", ["x" * 37, "with space", "ü"])
def test_what_is_no_token(world: World, token: str) -> None:
    world.define()
    with pytest.raises(Refused, match="InvalidParameterException: clientToken"):
        world.serve(clientToken=token)
