"""Gateways: made, changed, deleted; associated with clusters."""

from __future__ import annotations

from typing import Any

import pytest

from .gateways import ROLE, associate, associations, create, gateway, routed
from .world import Refused, World


def test_a_new_gateway_is_active_with_every_default(world: World) -> None:
    arn = "arn:aws:ecs:us-east-1:000000000000:gateway/edge"
    assert create(world) == {"gatewayArn": arn, "name": "edge", "status": "ACTIVE"}
    now = world.clock.now()
    assert gateway(world) == {
        "gatewayArn": arn,
        "name": "edge",
        "status": "ACTIVE",
        "infrastructureRoleArn": ROLE,
        "deletionProtection": True,
        "configuration": {
            "hostSharedAlb": {
                "networkConfiguration": {"ipAddressType": "dualstack"},
                "scheme": "internet-facing",
                "port": 443,
                "protocol": "HTTPS",
                "maxAlbCount": 10,
                "currentAlbCount": 0,
                "httpDesync": "defensive",
            }
        },
        "accessType": "PUBLIC",
        "propagateTags": "GATEWAY",
        "tags": [],
        "createdAt": now,
        "updatedAt": now,
    }
    assert gateway(world, arn)["name"] == "edge"


def test_what_is_given_is_kept(world: World) -> None:
    alb = {
        "networkConfiguration": {"inboundSecurityGroup": "sg-1", "subnets": ["subnet-1"], "ipAddressType": "ipv4"},
        "scheme": "internal",
        "webACLArn": "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/a/1",
        "accessLogs": {"destination": {"s3": {"bucket": "logs", "prefix": "edge"}}},
        "port": 443,
        "protocol": "HTTPS",
        "maxAlbCount": 2,
        "httpDesync": "strictest",
        "testTrafficRules": {"header": {"name": "x-test", "values": ["yes"]}},
    }
    tags = [{"key": "team", "value": "a"}]
    create(world, configuration={"hostSharedAlb": alb}, deletionProtection=False, propagateTags="NONE", tags=tags)
    shown = gateway(world)
    assert shown["configuration"]["hostSharedAlb"] == {**alb, "currentAlbCount": 0}
    assert (shown["accessType"], shown["deletionProtection"], shown["propagateTags"]) == ("PRIVATE", False, "NONE")
    assert shown["tags"] == tags
    arn = shown["gatewayArn"]
    world.call("TagResource", resourceArn=arn, tags=[{"key": "stage", "value": "b"}])
    world.call("UntagResource", resourceArn=arn, tagKeys=["team"])
    assert world.call("ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "stage", "value": "b"}]


@pytest.mark.parametrize(
    "members",
    [
        {"name": "a b"},
        {"infrastructureRoleArn": "role"},
        {"configuration": {}},
        {"configuration": {"hostSharedAlb": {"port": 80}}},
        {"configuration": {"hostSharedAlb": {"protocol": "HTTP"}}},
        {"configuration": {"hostSharedAlb": {"maxAlbCount": 0}}},
        {"configuration": {"hostSharedAlb": {"networkConfiguration": {"subnets": []}}}},
        {"configuration": {"hostSharedAlb": {"accessLogs": {}}}},
        {"configuration": {"hostSharedAlb": {"testTrafficRules": {"header": {"name": "x", "values": []}}}}},
        {
            "configuration": {
                "hostSharedAlb": {
                    "scheme": "internal",
                    "networkConfiguration": {"ipAddressType": "dualstack-without-public-ipv4"},
                }
            }
        },
    ],
)
def test_what_a_gateway_cannot_be_is_refused(world: World, members: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="InvalidParameterException"):
        create(world, **members)
    assert world.call("ListGateways") == {"gateways": []}


def test_a_name_is_taken_once_and_a_token_asks_once(world: World) -> None:
    create(world, clientToken="one")
    assert create(world, "other", clientToken="one")["name"] == "edge"
    with pytest.raises(Refused, match="ClientException: A gateway with the name edge already exists"):
        create(world)
    assert [found["name"] for found in world.call("ListGateways")["gateways"]] == ["edge"]


def test_an_update_is_in_progress_until_it_is_complete(world: World) -> None:
    create(world, configuration={"hostSharedAlb": {"networkConfiguration": {"subnets": ["subnet-1"]}}})
    alb = {"networkConfiguration": {"inboundSecurityGroup": "sg-1"}, "maxAlbCount": 3, "httpDesync": "monitor"}
    world.clock.advance(10)
    answer = world.call("UpdateGateway", gateway="edge", configuration={"hostSharedAlb": alb}, deletionProtection=False)
    assert answer["status"] == "UPDATE_IN_PROGRESS"
    world.until(lambda: gateway(world)["status"] == "UPDATE_COMPLETE", 1)
    shown = gateway(world)
    after = shown["configuration"]["hostSharedAlb"]
    assert after["networkConfiguration"] == {
        "inboundSecurityGroup": "sg-1", "subnets": ["subnet-1"], "ipAddressType": "dualstack",
    }  # fmt: skip
    assert (after["maxAlbCount"], after["httpDesync"], after["scheme"]) == (3, "monitor", "internet-facing")
    assert shown["updatedAt"] == shown["createdAt"] + 10
    assert shown["deletionProtection"] is False
    with pytest.raises(Refused, match="InvalidParameterException"):
        world.call("UpdateGateway", gateway="edge", configuration={"hostSharedAlb": {"maxAlbCount": 0}})


def test_gateways_are_listed_by_name_and_status_in_pages(world: World) -> None:
    for name in ("a", "b", "c"):
        create(world, name)
    world.call("UpdateGateway", gateway="b")
    assert [g["name"] for g in world.call("ListGateways", status=["UPDATE_IN_PROGRESS"])["gateways"]] == ["b"]
    assert [g["name"] for g in world.call("ListGateways", names=["c", "gone"])["gateways"]] == ["c"]
    page = world.call("ListGateways", maxResults=2)
    rest = world.call("ListGateways", maxResults=2, nextToken=page["nextToken"])
    assert [g["name"] for g in page["gateways"] + rest["gateways"]] == ["a", "b", "c"]
    with pytest.raises(Refused, match="names can have at most 10 items"):
        world.call("ListGateways", names=[str(number) for number in range(11)])


def test_a_gateway_that_is_protected_or_in_use_is_not_deleted(world: World) -> None:
    create(world)
    associate(world)
    with pytest.raises(Refused, match=r"ClientException: .*deletion protection"):
        world.call("DeleteGateway", gateway="edge")
    world.call("UpdateGateway", gateway="edge", deletionProtection=False)
    with pytest.raises(Refused, match=r"ClientException: .*associated"):
        world.call("DeleteGateway", gateway="edge")
    world.call("DisassociateGatewayFromCluster", gateway="edge", cluster="default")
    world.clock.advance(1)
    assert world.call("DeleteGateway", gateway="edge")["status"] == "DELETED"
    with pytest.raises(Refused, match=r"GatewayNotFoundException: Gateway not found\."):
        gateway(world)


def test_a_cluster_has_at_most_five_gateways(world: World) -> None:
    for number in range(6):
        create(world, f"g{number}")
    for number in (0, 1, 2, 3, 4, 4):
        assert associate(world, f"g{number}")["status"] == "ACTIVE"
    with pytest.raises(Refused, match="ClientException: A cluster can be associated with at most 5 gateways"):
        associate(world, "g5")
    assert len(associations(world, cluster="default")) == 5
    assert [a["gatewayArn"].split("/")[-1] for a in associations(world, gateway="g1")] == ["g1"]
    assert associations(world, status=["DISASSOCIATING"]) == []
    assert associations(world, gateway="nothing") == []


def test_a_deleted_cluster_lets_its_gateways_go(world: World) -> None:
    create(world)
    associate(world)
    world.call("DeleteCluster", cluster="default")
    world.clock.advance(1)
    assert associations(world) == []


def test_the_feed_tells_of_gateways_and_routes(world: World) -> None:
    routed(world)
    assert [event.after for event in world.events("gateway")] == ["ACTIVE"]
    assert [event.after for event in world.events("gateway-route")] == ["CREATE_IN_PROGRESS", "ACTIVE"]
