"""Gateways, associations and routes as the API shows them.

Called by services.ecs.gateways and gateway_routes, and for `connection_view` by services.ecs.deployments.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.gateways.resources import security_group_arn
from kecs.core.records import GatewayAssociationRecord, GatewayRecord, GatewayRouteRecord


def gateway_view(record: GatewayRecord) -> m.Gateway:
    shown = replace(record.alb, current_alb_count=len(record.balancers))
    configuration = m.DescribeGatewayConfiguration(host_shared_alb=shown)
    return replace(record.gateway, configuration=configuration, tags=list(record.tags))


def gateway_summary(record: GatewayRecord) -> m.GatewaySummary:
    gateway = record.gateway
    return m.GatewaySummary(
        gateway_arn=record.arn, name=record.name, status=gateway.status, created_at=gateway.created_at
    )


def association_summary(record: GatewayAssociationRecord) -> m.GatewayClusterAssociationSummary:
    return m.GatewayClusterAssociationSummary(
        gateway_arn=record.gateway_arn, cluster_arn=record.cluster_arn, status=record.status
    )


def resources_view(gateway: GatewayRecord, routes: Iterable[GatewayRouteRecord]) -> list[m.ElbGatewayResources]:
    """Each load balancer of the gateway with its routes, in the order in which they were made."""
    found = list(routes)
    return [
        m.ElbGatewayResources(
            load_balancer_arn=balancer.arn,
            listener_arn=balancer.listener_arn,
            security_group=balancer.security_group,
            gateway_route_arns=[r.arn for r in found if r.resources and r.resources.load_balancer_arn == balancer.arn],
        )
        for balancer in gateway.balancers
    ]


def connection_view(record: GatewayRouteRecord, gateway: GatewayRecord) -> m.GatewayConnection:
    """The route as DescribeServiceRevisions shows it with the revision that uses it."""
    made = _resources(record, gateway)
    return m.GatewayConnection(
        gateway_arn=record.gateway_arn,
        gateway_route_arn=record.arn,
        port_name=record.connector.port_name,
        service_url=f"https://{record.host}",
        access_type=gateway.gateway.access_type,
        status=record.status,
        resources=m.GatewayConnectionResources(host_shared_alb=[_connection_resources(record, made)]) if made else None,
    )


def route_summary(record: GatewayRouteRecord) -> m.GatewayRouteSummary:
    return m.GatewayRouteSummary(
        gateway_route_arn=record.arn,
        gateway_arn=record.gateway_arn,
        cluster_arn=record.cluster_arn,
        service_arn=record.service_arn,
        service_container_port_name=record.connector.port_name,
        status=record.status,
    )


def route_view(record: GatewayRouteRecord, gateway: GatewayRecord) -> m.GatewayRoute:
    made = _resources(record, gateway)
    return m.GatewayRoute(
        gateway_route_arn=record.arn,
        service_arn=record.service_arn,
        service_container_port_name=record.connector.port_name,
        status=record.status,
        service_url=f"https://{record.host}",
        resources=m.GatewayRouteResources(host_shared_alb=[made]) if made else None,
    )


def _resources(record: GatewayRouteRecord, gateway: GatewayRecord) -> m.GatewayRouteAlbResources | None:
    """What was made for the route. The load balancer also has the security group that the gateway's owner gave it."""
    made, network = record.resources, gateway.alb.network_configuration
    given = network.inbound_security_group if network else None
    if made is None or given is None:
        return made
    group = m.GatewayRouteLoadBalancerSecurityGroup(arn=security_group_arn(gateway.scope, given), rule_arns=[])
    return replace(made, load_balancer_security_groups=[*(made.load_balancer_security_groups or ()), group])


def _connection_resources(
    record: GatewayRouteRecord, made: m.GatewayRouteAlbResources
) -> m.GatewayConnectionAlbResources:
    tests = made.test_listener_rule_arns
    return m.GatewayConnectionAlbResources(
        acm_certificate_arn=made.acm_certificate_arn,
        load_balancer_arn=made.load_balancer_arn,
        load_balancer_security_group_arns=[group.arn or "" for group in made.load_balancer_security_groups or ()],
        listener_arn=made.listener_arn,
        listener_rule_arn=made.listener_rule_arn,
        test_listener_rule_arn=tests[0] if tests else None,
        target_group_arn=record.target_group_arn,
    )
