"""ListTasks and ListServices: filters, which of them stand alone, and pages."""

from __future__ import annotations

from typing import Any

import pytest

from .world import Refused, World


def listed(world: World, **filters: Any) -> list[str]:
    arns: list[str] = world.call("ListTasks", **filters)["taskArns"]
    return arns


def test_every_filter_of_list_tasks(world: World) -> None:
    world.define()
    world.define_ec2("ec2")
    world.serve(count=1)
    world.settle()
    service = world.service()
    (of_service,) = listed(world, serviceName="s")
    one_off = world.run(startedBy="me")["tasks"][0]["taskArn"]
    on_instance = world.run("ec2", launchType="EC2", networkConfiguration=None)["tasks"][0]
    instance = on_instance["containerInstanceArn"]
    assert set(listed(world)) == {of_service, one_off, on_instance["taskArn"]}
    assert listed(world, serviceName=service["serviceArn"]) == [of_service]
    assert listed(world, startedBy="me") == [one_off]
    assert listed(world, startedBy=service["deployments"][0]["id"]) == [of_service]
    assert listed(world, family="web") == [of_service, one_off]
    assert listed(world, family="we") == []
    assert listed(world, launchType="EC2") == [on_instance["taskArn"]]
    assert listed(world, containerInstance=instance) == [on_instance["taskArn"]]
    assert listed(world, containerInstance=instance.rsplit("/", 1)[1], family="ec2") == [on_instance["taskArn"]]
    assert listed(world, family="web", launchType="EC2") == []
    assert listed(world, desiredStatus="PENDING") == []
    world.call("StopTask", task=one_off)
    assert listed(world, desiredStatus="STOPPED", startedBy="me") == [one_off]
    assert one_off not in listed(world)


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        ({"startedBy": "me", "family": "web"}, "cannot specify startedBy with other arguments"),
        ({"startedBy": "me", "launchType": "EC2"}, "cannot specify startedBy with other arguments"),
        ({"startedBy": "me", "serviceName": "s"}, "cannot specify startedBy with other arguments"),
        ({"serviceName": "s", "family": "web"}, "cannot specify serviceName with other arguments"),
        ({"serviceName": "s", "containerInstance": "0" * 32}, "cannot specify serviceName with other arguments"),
        ({"containerInstance": "0" * 32}, f"Referenced container instance {'0' * 32} not found."),
        ({"maxResults": 0}, "maxResults must be between 1 and 100"),
        ({"maxResults": 101}, "maxResults must be between 1 and 100"),
        ({"nextToken": "?"}, "Invalid token"),
    ],
)
def test_filters_that_do_not_go(world: World, filters: dict[str, Any], text: str) -> None:
    world.define()
    world.serve(count=0)
    with pytest.raises(Refused) as refused:
        listed(world, **filters)
    assert (refused.value.code, refused.value.text) == ("InvalidParameterException", text)


def test_tasks_of_what_is_not_there(world: World) -> None:
    with pytest.raises(Refused, match=r"ServiceNotFoundException: Service not found\."):
        listed(world, serviceName="nope")
    with pytest.raises(Refused, match=r"ClientException: The specified daemon was not found\."):
        listed(world, daemonName="nope")


def test_pages_of_tasks_neither_repeat_nor_lose_any(world: World) -> None:
    world.define()
    arns = [task["taskArn"] for task in world.run(count=7)["tasks"]]
    found, token = [], None
    while True:
        page = world.call("ListTasks", maxResults=3, **({"nextToken": token} if token else {}))
        found += page["taskArns"]
        token = page.get("nextToken")
        if token is None:
            break
    assert sorted(found) == sorted(arns)


def test_services_come_ten_at_a_time(world: World) -> None:
    world.define()
    for number in range(12):
        world.serve(f"s{number}", count=0)
    page = world.call("ListServices")
    assert len(page["serviceArns"]) == 10
    rest = world.call("ListServices", nextToken=page["nextToken"])
    assert len(rest["serviceArns"]) == 2
    assert "nextToken" not in rest
    assert len(world.call("ListServices", maxResults=100)["serviceArns"]) == 12
    with pytest.raises(Refused, match=r"service names can have at most 10 items\."):
        world.call("DescribeServices", services=[f"s{n}" for n in range(11)])


def test_filters_of_list_services(world: World) -> None:
    world.define()
    world.define_ec2("ec2")
    world.serve("f", count=0)
    world.serve("e", count=0, definition="ec2", launchType="EC2", networkConfiguration=None)

    def names(**filters: Any) -> list[str]:
        return [arn.rsplit("/", 1)[1] for arn in world.call("ListServices", **filters)["serviceArns"]]

    assert names(launchType="EC2") == ["e"]
    assert names(launchType="FARGATE") == ["f"]
    assert names(schedulingStrategy="DAEMON") == []
    assert names(resourceManagementType="ECS") == []
    assert sorted(names(schedulingStrategy="REPLICA", resourceManagementType="CUSTOMER")) == ["e", "f"]
