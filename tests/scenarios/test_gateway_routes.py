"""The routes that services get through gateways: made, changed, refused, shown."""

from __future__ import annotations

from typing import Any

import pytest

from .gateways import (
    PORT,
    associate,
    associations,
    associations_now,
    create,
    described,
    gateway,
    routed,
    routes,
    routes_now,
    serve,
)
from .world import Refused, World


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


def test_a_route_that_failed_is_made_anew_with_the_next_deployment(world: World) -> None:
    create(world, configuration={"hostSharedAlb": {"maxAlbCount": 1}})
    associate(world)
    for number in range(26):
        serve(world, f"s{number}", desiredCount=0)
    world.clock.advance(1)
    (failed,) = routes(world, status=["CREATE_FAILED"])
    world.call("UpdateGateway", gateway="edge", configuration={"hostSharedAlb": {"maxAlbCount": 2}})
    world.clock.advance(60)
    assert routes(world, status=["CREATE_FAILED"]) == [failed]
    world.call("UpdateService", service=failed["serviceArn"], forceNewDeployment=True)
    world.clock.advance(1)
    assert [route["status"] for route in routes(world)] == ["ACTIVE"] * 26
    assert gateway(world)["configuration"]["hostSharedAlb"]["currentAlbCount"] == 2


def test_a_route_follows_the_service_to_another_port_and_security_group(world: World) -> None:
    routed(world)
    world.define("web", {"name": "app", "image": "app:2", "portMappings": [{**PORT, "containerPort": 9090}]})
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-2"]}}
    world.call("UpdateService", service="s", taskDefinition="web", networkConfiguration=network)
    world.clock.advance(1)
    assert [ingress.port for ingress in world.kernel.traffic.ingresses.values()] == [9090]
    (route,) = described(world)
    assert route["status"] == "ACTIVE"
    assert route["resources"]["hostSharedAlb"][0]["serviceSecurityGroupArn"].endswith("security-group/sg-2")


def test_a_deployment_that_would_lose_the_port_is_refused(world: World) -> None:
    routed(world)
    world.define("other")
    with pytest.raises(Refused, match=r"InvalidParameterException: The portName 'http' of gatewayConnectors"):
        world.call("UpdateService", service="s", taskDefinition="other")
    world.call("UpdateService", service="s", taskDefinition="other", gatewayConnectors=[])
    world.clock.advance(1)
    assert routes(world) == []


def test_an_update_reaches_the_routes_that_are_there(world: World) -> None:
    routed(world)
    (made,) = described(world)[0]["resources"]["hostSharedAlb"]
    assert (made["testListenerRuleArns"], len(made["loadBalancerSecurityGroups"])) == ([], 1)
    header = {"name": "x-test", "values": ["yes"]}
    alb = {"networkConfiguration": {"inboundSecurityGroup": "sg-1"}, "testTrafficRules": {"header": header}}
    world.call("UpdateGateway", gateway="edge", configuration={"hostSharedAlb": alb})
    world.clock.advance(1)
    (after,) = described(world)[0]["resources"]["hostSharedAlb"]
    (rule,) = after["testListenerRuleArns"]
    assert rule.startswith(after["listenerArn"].replace(":listener/", ":listener-rule/"))
    own, given = after["loadBalancerSecurityGroups"]
    assert own == made["loadBalancerSecurityGroups"][0]
    assert given == {"arn": "arn:aws:ec2:us-east-1:000000000000:security-group/sg-1", "ruleArns": []}
    world.call("UpdateGateway", gateway="edge", configuration={"hostSharedAlb": {"testTrafficRules": {}}})
    world.clock.advance(1)
    assert described(world)[0]["resources"]["hostSharedAlb"][0]["testListenerRuleArns"] == []


def test_a_revision_shows_its_connection(world: World) -> None:
    routed(world)
    (route,) = described(world)
    (made,) = route["resources"]["hostSharedAlb"]
    arn = world.service()["currentServiceRevisions"][0]["arn"]
    (revision,) = world.call("DescribeServiceRevisions", serviceRevisionArns=[arn])["serviceRevisions"]
    (connection,) = revision["ecsManagedResources"].pop("gatewayConnections")
    assert revision["ecsManagedResources"] == {}
    (shown,) = connection.pop("resources")["hostSharedAlb"]
    assert connection == {
        "gatewayArn": gateway(world)["gatewayArn"], "gatewayRouteArn": route["gatewayRouteArn"], "portName": "http",
        "serviceUrl": route["serviceUrl"], "accessType": "PUBLIC", "status": "ACTIVE",
    }  # fmt: skip
    assert (shown["listenerRuleArn"], shown["listenerArn"]) == (made["listenerRuleArn"], made["listenerArn"])
    assert shown["targetGroupArn"] == next(iter(world.kernel.traffic.ingresses.values())).target_group_arns[0]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ({"healthCheckPort": 0}, "healthCheckPort must be between 1 and 65535"),
        ({"healthCheckTimeoutSeconds": 1}, "healthCheckTimeoutSeconds must be between 2 and 120"),
        ({"healthCheckIntervalSeconds": 301}, "healthCheckIntervalSeconds must be between 5 and 300"),
        ({"unhealthyThresholdCount": 11}, "unhealthyThresholdCount must be between 2 and 10"),
        ({"healthCheckPath": "ready"}, "healthCheckPath must start with a forward slash"),
    ],
)
def test_a_health_check_that_cannot_be_is_refused(world: World, check: dict[str, Any], text: str) -> None:
    create(world)
    associate(world)
    with pytest.raises(Refused, match=f"InvalidParameterException: {text}"):
        serve(world, gatewayConnectors=[{"portName": "http", "healthCheck": check}])
