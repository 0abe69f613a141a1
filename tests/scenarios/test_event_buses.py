"""Event buses of EventBridge: their rules, their policies, and what may be put into them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .scheduled import events, put_rule
from .world import Refused, World


def test_buses(world: World) -> None:
    arn = events(world, "CreateEventBus", Name="shop", Description="d", Tags=[{"Key": "k", "Value": "v"}])[
        "EventBusArn"
    ]
    assert events(world, "DescribeEventBus", Name=arn)["Description"] == "d"
    assert events(world, "DescribeEventBus")["Arn"] == "arn:aws:events:us-east-1:000000000000:event-bus/default"
    assert [bus["Name"] for bus in events(world, "ListEventBuses")["EventBuses"]] == ["default", "shop"]
    assert events(world, "ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    put_rule(world, "r", pattern={"source": ["s"]}, EventBusName="shop")
    with pytest.raises(Refused, match="Event bus can't be deleted since it has rules"):
        events(world, "DeleteEventBus", Name="shop")
    events(world, "DeleteRule", Name="r", EventBusName=arn)
    events(world, "DeleteEventBus", Name="shop")
    with pytest.raises(Refused, match="Event bus shop does not exist"):
        events(world, "DescribeEventBus", Name="shop")


def statements(world: World, bus: str = "default") -> list[dict[str, Any]]:
    policy = json.loads(events(world, "DescribeEventBus", Name=bus)["Policy"])
    assert policy["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = policy["Statement"]
    return found


def test_permissions_are_kept_in_the_policy_of_a_bus(world: World) -> None:
    friend = {"Action": "events:PutEvents", "Principal": "222222222222", "StatementId": "friend"}
    condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"}
    events(world, "PutPermission", **friend)
    events(world, "PutPermission", **{**friend, "Principal": "*", "StatementId": "all"}, Condition=condition)
    arn = "arn:aws:events:us-east-1:000000000000:event-bus/default"
    allowed = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": arn}
    first = {"Sid": "friend", "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, **allowed}
    organization = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    assert statements(world) == [first, {"Sid": "all", "Principal": "*", **allowed, "Condition": organization}]
    events(world, "PutPermission", **{**friend, "Principal": "333333333333"})
    assert [each["Sid"] for each in statements(world)] == ["all", "friend"]
    events(world, "RemovePermission", StatementId="all")
    assert [each["Sid"] for each in statements(world)] == ["friend"]
    with pytest.raises(Refused, match="ResourceNotFoundException: Statement with the provided id does not exist"):
        events(world, "RemovePermission", StatementId="all")
    events(world, "RemovePermission", RemoveAllPermissions=True)
    assert "Policy" not in events(world, "DescribeEventBus")
    with pytest.raises(Refused, match="EventBus does not have a policy"):
        events(world, "RemovePermission", StatementId="friend")


def test_a_policy_as_a_whole(world: World) -> None:
    events(world, "CreateEventBus", Name="shop")
    policy = {"Version": "2012-10-17", "Statement": [{"Sid": "s", "Effect": "Allow"}]}
    events(world, "PutPermission", EventBusName="shop", Policy=json.dumps(policy))
    assert statements(world, "shop") == policy["Statement"]
    shop = next(bus for bus in events(world, "ListEventBuses")["EventBuses"] if bus["Name"] == "shop")
    assert json.loads(shop["Policy"]) == policy


FRIEND = {"Action": "events:PutEvents", "Principal": "222222222222", "StatementId": "friend"}
ANYBODYS = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"}


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({}, "Parameter Action must be specified."),
        ({**FRIEND, "Principal": None}, "Parameter Principal must be specified."),
        ({**FRIEND, "Action": "events:PutRule"}, "Provided value in parameter 'action' is not supported."),
        ({**FRIEND, "Condition": ANYBODYS}, "must be '\\*' when the parameter 'condition' is set."),
        ({**FRIEND, "Principal": "*", "Condition": {**ANYBODYS, "Type": "Bool"}}, "The only condition that is"),
        ({**FRIEND, "Principal": "somebody"}, "Member must satisfy regular expression pattern"),
        ({"Policy": "{"}, "This policy contains invalid Json"),
        ({"Policy": "{}"}, "This policy contains invalid Json"),
        ({"Policy": json.dumps({"Statement": [{"Sid": "x" * 11_000}]})}, "PolicyLengthExceededException"),
        ({**FRIEND, "EventBusName": "none"}, "ResourceNotFoundException"),
    ],
)
def test_permissions_that_are_refused(world: World, members: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused, match=text):
        events(world, "PutPermission", **members)
    assert "Policy" not in events(world, "DescribeEventBus")


def test_a_bus_is_changed(world: World) -> None:
    events(world, "CreateEventBus", Name="shop", Description="d", KmsKeyIdentifier="k")
    world.clock.advance(10)
    answer = events(world, "UpdateEventBus", Name="shop", Description="e", LogConfig={"Level": "INFO"})
    assert answer == {
        "Name": "shop", "Arn": "arn:aws:events:us-east-1:000000000000:event-bus/shop", "Description": "e",
        "KmsKeyIdentifier": "k", "LogConfig": {"Level": "INFO"},
    }  # fmt: skip
    shown = events(world, "DescribeEventBus", Name="shop")
    assert shown["LastModifiedTime"] - shown["CreationTime"] == 10
    with pytest.raises(Refused, match="Event bus none does not exist"):
        events(world, "UpdateEventBus", Name="none")


@pytest.mark.parametrize("operation", ["CreateArchive", "StartReplay", "CreateConnection", "CreateApiDestination"])
def test_what_is_not_there_says_so(world: World, operation: str) -> None:
    with pytest.raises(Refused, match=r"UnknownOperationException: The requested operation .* see docs/coverage\.md"):
        events(world, operation)
