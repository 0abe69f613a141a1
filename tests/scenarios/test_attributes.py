"""Attributes that users give to their container instances."""

from __future__ import annotations

from typing import Any

import pytest

from .machines import described, machine
from .world import Refused, World


def put(world: World, *attributes: dict[str, str]) -> Any:
    return world.call("PutAttributes", attributes=list(attributes))["attributes"]


def listed(world: World, **members: Any) -> list[tuple[str, str | None]]:
    answer = world.call("ListAttributes", targetType="container-instance", **members)
    return [(attribute["name"], attribute.get("value")) for attribute in answer["attributes"]]


def test_an_attribute_is_there_from_when_it_is_put(world: World) -> None:
    arn = machine(world)
    assert put(world, {"name": "stack", "value": "blue", "targetId": arn}) == [
        {"name": "stack", "value": "blue", "targetId": arn}
    ]
    assert {"name": "stack", "value": "blue"} in described(world, arn)["attributes"]
    short = {"name": "stack", "value": "green", "targetId": arn.split("/")[-1], "targetType": "container-instance"}
    assert put(world, short)[0]["targetId"] == arn
    assert listed(world, attributeName="stack") == [("stack", "green")]


def test_attributes_are_listed_by_name_and_value_and_page(world: World) -> None:
    arns = [machine(world, number) for number in range(3)]
    put(world, *({"name": "stack", "value": color, "targetId": arn} for arn, color in zip(arns, "bgb", strict=True)))
    assert listed(world, attributeName="stack", attributeValue="b") == [("stack", "b")] * 2
    assert listed(world, attributeName="ecs.os-type") == [("ecs.os-type", "linux")] * 3
    first = world.call("ListAttributes", targetType="container-instance", attributeName="stack", maxResults=2)
    assert len(first["attributes"]) == 2
    assert listed(world, attributeName="stack", maxResults=2, nextToken=first["nextToken"]) == [("stack", "b")]
    world.call("DeregisterContainerInstance", containerInstance=arns[0])
    assert listed(world, attributeName="stack") == [("stack", "g"), ("stack", "b")]


def test_deleting_answers_what_was_there(world: World) -> None:
    arn = machine(world)
    put(world, {"name": "stack", "value": "blue", "targetId": arn}, {"name": "flag", "targetId": arn})
    wanted = [{"name": name, "targetId": arn} for name in ("stack", "nothing")]
    deleted = world.call("DeleteAttributes", attributes=wanted)["attributes"]
    assert deleted == [{"name": "stack", "value": "blue", "targetId": arn}]
    names = {attribute["name"] for attribute in described(world, arn)["attributes"]}
    assert ("stack" in names, "flag" in names) == (False, True)


def test_an_instance_has_so_many_custom_attributes(world: World) -> None:
    arn = machine(world)
    put(world, *({"name": f"a{number}", "targetId": arn} for number in range(10)))
    put(world, {"name": "a0", "value": "again", "targetId": arn})
    before = described(world, arn)
    with pytest.raises(Refused, match="AttributeLimitExceededException"):
        put(world, {"name": "a1", "value": "new", "targetId": arn}, {"name": "a10", "targetId": arn})
    assert described(world, arn) == before


@pytest.mark.parametrize(
    ("attribute", "code", "text"),
    [
        ({"name": "no spaces"}, "InvalidParameterException", "The attribute name must contain"),
        ({"name": "a" * 129}, "InvalidParameterException", "The attribute name must contain"),
        ({"value": " x"}, "InvalidParameterException", "The attribute value must contain"),
        ({"value": "x" * 129}, "InvalidParameterException", "The attribute value must contain"),
        ({"targetId": ""}, "InvalidParameterException", "The targetId of an attribute can not be blank."),
        ({"targetId": "0" * 32}, "InvalidParameterException", "The targetType is required"),
        (
            {"targetId": "0" * 32, "targetType": "container-instance"},
            "TargetNotFoundException",
            "The specified target wasn't found.",
        ),
    ],
)
def test_what_is_no_attribute_is_refused(world: World, attribute: dict[str, str], code: str, text: str) -> None:
    given = {"name": "stack", "targetId": machine(world), **attribute}
    with pytest.raises(Refused, match=text) as refused:
        put(world, given)
    assert refused.value.code == code
    assert listed(world, attributeName="stack") == []


def test_a_gone_instance_and_one_of_another_cluster_are_no_targets(world: World) -> None:
    world.call("CreateCluster", clusterName="other")
    gone, elsewhere = machine(world, 1), machine(world, 2, cluster="other")
    world.call("DeregisterContainerInstance", containerInstance=gone)
    for arn in (gone, elsewhere):
        for operation in ("PutAttributes", "DeleteAttributes"):
            with pytest.raises(Refused, match="TargetNotFoundException"):
                world.call(operation, attributes=[{"name": "stack", "targetId": arn}])


def test_a_value_without_a_name_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="attributeName must be specified"):
        listed(world, attributeValue="blue")
    for operation in ("PutAttributes", "DeleteAttributes"):
        with pytest.raises(Refused, match="Attributes cannot be empty"):
            world.call(operation, attributes=[])
