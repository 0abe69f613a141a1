"""Gateways: made, changed, deleted; associated with clusters; and the routes that services get through them."""

from __future__ import annotations

from typing import Any

import pytest

from .world import Refused, World

ROLE = "arn:aws:iam::000000000000:role/infrastructure"
PORT = {"name": "http", "containerPort": 8080}


def create(world: World, name: str = "edge", **members: Any) -> Any:
    given = {"infrastructureRoleArn": ROLE, "configuration": {"hostSharedAlb": {}}, **members}
    return world.call("CreateGateway", name=name, **given)


def gateway(world: World, name: str = "edge") -> Any:
    return world.call("DescribeGateway", gateway=name)["gateway"]


def routes(world: World, **filters: Any) -> Any:
    world.clock.advance(0)  # the loops get their turn
    return routes_now(world, **filters)


def routes_now(world: World, **filters: Any) -> Any:
    return world.call("ListGatewayRoutes", **filters)["gatewayRoutes"]


def associations(world: World, **filters: Any) -> Any:
    world.clock.advance(0)
    return associations_now(world, **filters)


def associations_now(world: World, **filters: Any) -> Any:
    return world.call("ListGatewayClusterAssociations", **filters)["gatewayClusterAssociations"]


def associate(world: World, name: str = "edge") -> Any:
    return world.call("AssociateGatewayWithCluster", gateway=name, cluster="default")


def serve(world: World, name: str = "s", **members: Any) -> Any:
    world.define("web", {"name": "app", "image": "app:1", "portMappings": [PORT]})
    return world.serve(name, 1, **{"gatewayConnectors": [{"portName": "http"}], **members})


def routed(world: World) -> None:
    """A gateway, its association, and a service whose route is ACTIVE."""
    create(world)
    associate(world)
    serve(world)
    world.until(lambda: [route["status"] for route in routes_now(world)] == ["ACTIVE"])


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


def test_a_service_that_uses_a_gateway_gets_a_route(world: World) -> None:
    create(world, configuration={"hostSharedAlb": {"testTrafficRules": {"header": {"name": "x", "values": ["1"]}}}})
    associate(world)
    service = serve(world)
    (summary,) = routes(world)
    assert (summary["status"], summary["serviceContainerPortName"]) == ("CREATE_IN_PROGRESS", "http")
    assert summary["serviceArn"] == service["serviceArn"]
    world.until(lambda: routes_now(world)[0]["status"] == "ACTIVE", 1)
    route = world.call("DescribeGatewayRoute", gatewayRouteArn=summary["gatewayRouteArn"])["gatewayRoute"]
    assert route["serviceUrl"].startswith("https://s-")
    assert route["serviceUrl"].endswith(".ecs.us-east-1.on.aws")
    (made,) = route["resources"]["hostSharedAlb"]
    assert len(made["testListenerRuleArns"]) == 1
    (group,) = world.call("DescribeGatewayResources", gateway="edge")["gatewayResources"]["resources"]["hostSharedAlb"]
    assert group["gatewayRouteArns"] == [summary["gatewayRouteArn"]]
    assert (group["loadBalancerArn"], group["listenerArn"]) == (made["loadBalancerArn"], made["listenerArn"])
    assert gateway(world)["configuration"]["hostSharedAlb"]["currentAlbCount"] == 1
    (ingress,) = world.kernel.traffic.ingresses.values()
    assert (ingress.container, ingress.port, ingress.host) == ("app", 8080, route["serviceUrl"][8:])


def test_routes_are_found_by_their_parts(world: World) -> None:
    routed(world)
    for filters in ({"gateway": "edge"}, {"cluster": "default"}, {"service": "s"}, {"status": ["ACTIVE"]},
                    {"serviceContainerPortName": "http"}):  # fmt: skip
        assert len(routes(world, **filters)) == 1
    for filters in (
        {"cluster": "c"},
        {"service": "t"},
        {"status": ["CREATE_FAILED"]},
        {"serviceContainerPortName": "x"},
    ):
        assert routes(world, **filters) == []
    with pytest.raises(Refused, match="GatewayNotFoundException"):
        routes(world, gateway="gone")
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        world.call("DescribeGatewayRoute", gatewayRouteArn="arn:aws:ecs:us-east-1:000000000000:gateway-route/edge/1")


def test_a_changed_connector_updates_the_route_and_an_empty_list_deletes_it(world: World) -> None:
    routed(world)
    connector = {"portName": "http", "healthCheck": {"healthCheckPath": "/ready"}}
    before = world.service()["deployments"][0]["id"]
    world.call("UpdateService", service="s", gatewayConnectors=[connector])
    assert world.service()["deployments"][0]["id"] != before
    assert routes(world)[0]["status"] == "UPDATE_IN_PROGRESS"
    world.until(lambda: routes_now(world)[0]["status"] == "ACTIVE", 1)
    assert [i.health_check_path for i in world.kernel.traffic.ingresses.values()] == ["/ready"]
    world.call("UpdateService", service="s", gatewayConnectors=[])
    assert routes(world)[0]["status"] == "DELETE_IN_PROGRESS"
    world.until(lambda: routes_now(world) == [], 1)
    assert world.kernel.traffic.ingresses == {}
    assert gateway(world)["configuration"]["hostSharedAlb"]["currentAlbCount"] == 0


def test_an_association_counts_with_the_next_deployment(world: World) -> None:
    routed(world)
    create(world, "inner", configuration={"hostSharedAlb": {"scheme": "internal"}})
    associate(world, "inner")
    world.clock.advance(60)
    assert len(routes(world)) == 1
    world.call("UpdateService", service="s", forceNewDeployment=True)
    world.clock.advance(1)
    assert [route["status"] for route in routes(world)] == ["ACTIVE", "ACTIVE"]
    assert {ingress.access for ingress in world.kernel.traffic.ingresses.values()} == {"PUBLIC", "PRIVATE"}


def test_a_connector_applies_to_the_access_types_of_its_filters(world: World) -> None:
    create(world)
    create(world, "inner", configuration={"hostSharedAlb": {"scheme": "internal"}})
    associate(world)
    associate(world, "inner")
    serve(world, gatewayConnectors=[{"portName": "http", "filters": {"accessTypes": ["PRIVATE"]}}])
    assert [route["gatewayArn"].split("/")[-1] for route in routes(world)] == ["inner"]


def test_disassociation_waits_for_the_routes_of_the_cluster(world: World) -> None:
    routed(world)
    answer = world.call("DisassociateGatewayFromCluster", gateway="edge", cluster="default")
    assert answer["status"] == "DISASSOCIATING"
    world.clock.advance(60)
    assert associations(world)[0]["status"] == "DISASSOCIATING"
    assert len(routes(world)) == 1
    world.call("UpdateService", service="s", forceNewDeployment=True)
    world.until(lambda: associations_now(world) == [], 5)
    assert routes(world) == []
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        world.call("DisassociateGatewayFromCluster", gateway="edge", cluster="default")


def test_a_service_that_is_deleted_loses_its_routes(world: World) -> None:
    routed(world)
    world.call("DeleteService", service="s", force=True)
    world.until(lambda: routes_now(world) == [], 60)
    assert world.kernel.traffic.ingresses == {}


def test_a_gateway_without_room_for_another_load_balancer_fails_the_route(world: World) -> None:
    create(world, configuration={"hostSharedAlb": {"maxAlbCount": 1}})
    associate(world)
    for number in range(26):
        serve(world, f"s{number}", desiredCount=0)
    world.clock.advance(1)
    statuses = [route["status"] for route in routes(world)]
    assert (statuses.count("ACTIVE"), statuses.count("CREATE_FAILED")) == (25, 1)
    (failed,) = routes(world, status=["CREATE_FAILED"])
    shown = world.call("DescribeGatewayRoute", gatewayRouteArn=failed["gatewayRouteArn"])["gatewayRoute"]
    assert "resources" not in shown


@pytest.mark.parametrize(
    "connector", [{"portName": "other"}, {"portName": "http", "filters": {"accessTypes": ["PRIVATE"]}}]
)
def test_a_connector_that_leads_nowhere_is_refused(world: World, connector: dict[str, Any]) -> None:
    create(world)
    associate(world)
    with pytest.raises(Refused, match="InvalidParameterException"):
        serve(world, gatewayConnectors=[connector])
    assert world.call("ListServices")["serviceArns"] == []


def test_a_connector_needs_a_gateway(world: World) -> None:
    with pytest.raises(Refused, match="InvalidParameterException: The cluster is not associated with a gateway"):
        serve(world)


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
