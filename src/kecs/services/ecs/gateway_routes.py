"""DescribeGatewayResources, ListGatewayRoutes, DescribeGatewayRoute: what leads from gateways to services."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.arns import last_part, scope_key, scope_of
from kecs.core.gateways.view import resources_view, route_summary, route_view
from kecs.core.records import GatewayRouteRecord
from kecs.services.context import Context
from kecs.services.ecs.gateways import find_gateway

RESOURCES_LISTED = 10  # on a page, unless asked otherwise
MOST_RESOURCES_LISTED = 20


def describe_gateway_resources(
    context: Context, request: m.DescribeGatewayResourcesRequest
) -> m.DescribeGatewayResourcesResponse:
    gateway = find_gateway(context, request.gateway)
    routes = context.store.gateway_routes.where("gateway", gateway.arn)
    found = {group.load_balancer_arn or "": group for group in resources_view(gateway, routes)}
    size = RESOURCES_LISTED if request.max_results is None else request.max_results
    arns, token = page(list(found), request.next_token, size, most=MOST_RESOURCES_LISTED)
    shown = m.GatewayInfrastructureResources(host_shared_alb=[found[arn] for arn in arns])
    return m.DescribeGatewayResourcesResponse(
        gateway_resources=m.GatewayResources(gateway_arn=gateway.arn, resources=shown), next_token=token
    )


def list_gateway_routes(context: Context, request: m.ListGatewayRoutesRequest) -> m.ListGatewayRoutesResponse:
    store = context.store
    if request.gateway:
        records = store.gateway_routes.where("gateway", find_gateway(context, request.gateway).arn)
    else:
        records = store.gateway_routes.where("scope", scope_key(context.scope))
    found = {record.arn: record for record in records if _matches(record, request)}
    arns, token = page(list(found), request.next_token, request.max_results)
    return m.ListGatewayRoutesResponse(gateway_routes=[route_summary(found[arn]) for arn in arns], next_token=token)


def describe_gateway_route(context: Context, request: m.DescribeGatewayRouteRequest) -> m.DescribeGatewayRouteResponse:
    record = context.store.gateway_routes.get(request.gateway_route_arn)
    gateway = context.store.gateways.get(record.gateway_arn) if record else None
    if record is None or gateway is None or scope_of(record.arn) != context.scope:
        raise m.ResourceNotFoundException("Gateway route not found.")
    return m.DescribeGatewayRouteResponse(gateway_route=route_view(record, gateway))


def _matches(record: GatewayRouteRecord, request: m.ListGatewayRoutesRequest) -> bool:
    """Clusters and services go by name or ARN; a name may be that of several services."""
    if request.cluster and request.cluster not in (record.cluster_arn, last_part(record.cluster_arn)):
        return False
    if request.service and request.service not in (record.service_arn, last_part(record.service_arn)):
        return False
    if request.status and record.status not in request.status:
        return False
    return request.service_container_port_name in (None, "", record.connector.port_name)
