"""Calls about gateways, as the scenarios make them."""

from __future__ import annotations

from typing import Any

from .world import World

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


def described(world: World) -> Any:
    """Every route in full."""
    arns = [route["gatewayRouteArn"] for route in routes(world)]
    return [world.call("DescribeGatewayRoute", gatewayRouteArn=arn)["gatewayRoute"] for arn in arns]


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
