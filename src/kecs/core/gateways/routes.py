"""Gateway routes: which ones a service wants, what AWS makes for each, and how they come and go.

A route exists for every gateway that the service's connector applies to. Associating a cluster with a gateway, or
taking that back, changes no route; the next deployment of a service does, as AWS says of both operations.
Called by control.gateways and by the checks of CreateService and UpdateService.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.gateways import resources
from kecs.core.records import GatewayBalancer, GatewayRecord, GatewayRouteRecord, ServiceRecord

MOST_ROUTES_OF_A_BALANCER = 25  # as many services share a load balancer in AWS's Express Mode

# Seconds until what is in progress is over. AWS takes minutes, for load balancers that start and names that spread;
# nothing starts here, but whoever waits for the status has something to wait for.
SECONDS: dict[str, float] = {"CREATE_IN_PROGRESS": 0.1, "UPDATE_IN_PROGRESS": 0.05, "DELETE_IN_PROGRESS": 0.05}

# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
HEALTH_CHECKS = {
    "healthCheckPort": ("health_check_port", 1, 65_535),
    "healthCheckTimeoutSeconds": ("health_check_timeout_seconds", 2, 120),
    "healthCheckIntervalSeconds": ("health_check_interval_seconds", 5, 300),
    "healthyThresholdCount": ("healthy_threshold_count", 2, 10),
    "unhealthyThresholdCount": ("unhealthy_threshold_count", 2, 10),
}
"""Members with the range of each."""

NO_GATEWAY = "The cluster is not associated with a gateway that the service's gateway connector applies to."


def applies(connector: m.GatewayConnector, gateway: GatewayRecord) -> bool:
    """Whether the connector's filters let the gateway lead to the service."""
    accepted = connector.filters.access_types if connector.filters else None
    return not accepted or gateway.gateway.access_type in accepted


def check_connectors(connectors: Iterable[m.GatewayConnector], gateways: Iterable[GatewayRecord]) -> None:
    """There is a gateway for each connector, and its health check can be. `gateways` are the cluster's.

    Raises InvalidParameterException.
    """
    found = list(gateways)
    for connector in connectors:
        _check_health(connector.health_check)
        if not any(applies(connector, gateway) for gateway in found):
            raise m.InvalidParameterException(NO_GATEWAY)


def wanted(service: ServiceRecord, gateways: Iterable[GatewayRecord]) -> dict[tuple[str, str], m.GatewayConnector]:
    """The service's connectors by gateway ARN and port name; `gateways` are those its cluster is associated with."""
    if service.status != "ACTIVE" or not service.deployments:
        return {}
    connectors = service.deployments[0].gateway_connectors
    return {(g.arn, c.port_name): c for g in gateways for c in connectors if applies(c, g)}


def new_route(
    service: ServiceRecord,
    gateway: GatewayRecord,
    connector: m.GatewayConnector,
    balancer: GatewayBalancer | None,
    now: float,
    hex32: resources.NewHex,
    uuid: Callable[[], str],
) -> GatewayRouteRecord:
    """A route on the balancer, which fails for want of one."""
    scope = gateway.scope
    route = GatewayRouteRecord(
        arn=scope.arn(f"gateway-route/{gateway.name}/{hex32()}"),
        gateway_arn=gateway.arn,
        cluster_arn=service.cluster_arn,
        service_arn=service.arn,
        connector=connector,
        host=resources.host_name(scope, service.name, hex32),
        status="CREATE_FAILED",
    )
    if balancer is None:
        return route
    made = m.GatewayRouteAlbResources(
        acm_certificate_arn=resources.certificate_arn(scope, uuid()),
        load_balancer_arn=balancer.arn,
        listener_arn=balancer.listener_arn,
        listener_rule_arn=resources.rule_arn(balancer.listener_arn, hex32),
        test_listener_rule_arns=_test_rules(gateway, balancer.listener_arn, hex32),
        load_balancer_security_groups=[
            m.GatewayRouteLoadBalancerSecurityGroup(
                arn=resources.security_group_arn(scope, balancer.security_group),
                rule_arns=[resources.security_group_rule_arn(scope, hex32)],
            )
        ],
        service_security_group_arn=_service_group(service),
    )
    group = resources.target_group_arn(scope, hex32)
    return progress(replace(route, resources=made, target_group_arn=group), "CREATE_IN_PROGRESS", now)


def followed(route: GatewayRouteRecord, service: ServiceRecord, connector: m.GatewayConnector) -> GatewayRouteRecord:
    """The route as the service's newest deployment wants it; itself when nothing has changed."""
    if route.resources is None:
        return route
    made = replace(route.resources, service_security_group_arn=_service_group(service))
    after = replace(route, connector=connector, resources=made)
    return route if after == route else after


def with_test_rules(route: GatewayRouteRecord, gateway: GatewayRecord, hex32: resources.NewHex) -> GatewayRouteRecord:
    """The route with a rule for test traffic if its gateway knows such traffic, and else without."""
    made = route.resources
    if made is None or bool(made.test_listener_rule_arns) == _tests(gateway):
        return route
    rules = _test_rules(gateway, made.listener_arn or "", hex32)
    return replace(route, resources=replace(made, test_listener_rule_arns=rules))


def progress(route: GatewayRouteRecord, status: m.GatewayRouteStatus, now: float) -> GatewayRouteRecord:
    return replace(route, status=status, settles_at=now + SECONDS[status])


def with_room(
    gateway: GatewayRecord, routes: Iterable[GatewayRouteRecord], hex32: resources.NewHex
) -> tuple[GatewayRecord, GatewayBalancer | None]:
    """A load balancer of the gateway for one more route, a new one if need be and allowed; `routes` are all of it."""
    used = Counter(route.resources.load_balancer_arn for route in routes if route.resources)
    for balancer in gateway.balancers:
        if used[balancer.arn] < MOST_ROUTES_OF_A_BALANCER:
            return gateway, balancer
    if len(gateway.balancers) >= (gateway.alb.max_alb_count or 0):
        return gateway, None
    arn = resources.load_balancer_arn(gateway.scope, "ecs-gateway-alb", hex32)
    balancer = GatewayBalancer(
        arn=arn, listener_arn=resources.listener_arn(arn, hex32), security_group=resources.security_group_id(hex32)
    )
    return replace(gateway, balancers=(*gateway.balancers, balancer)), balancer


def without_idle(gateway: GatewayRecord, routes: Iterable[GatewayRouteRecord]) -> GatewayRecord:
    """The gateway without load balancers that no route uses."""
    used = {route.resources.load_balancer_arn for route in routes if route.resources}
    kept = tuple(balancer for balancer in gateway.balancers if balancer.arn in used)
    return gateway if kept == gateway.balancers else replace(gateway, balancers=kept)


def _check_health(check: m.GatewayConnectorHealthCheck | None) -> None:
    if check is None:
        return
    for name, (member, least, most) in HEALTH_CHECKS.items():
        value: int | None = getattr(check, member)
        if value is not None and not least <= value <= most:
            raise m.InvalidParameterException(f"{name} must be between {least} and {most}.")
    if check.health_check_path is not None and not check.health_check_path.startswith("/"):
        raise m.InvalidParameterException("healthCheckPath must start with a forward slash.")


def _tests(gateway: GatewayRecord) -> bool:
    rules = gateway.alb.test_traffic_rules
    return rules is not None and rules.header is not None


def _test_rules(gateway: GatewayRecord, listener: str, hex32: resources.NewHex) -> list[str]:
    return [resources.rule_arn(listener, hex32)] if _tests(gateway) else []


def _service_group(service: ServiceRecord) -> str | None:
    """The first of the service's own security groups."""
    network = service.deployments[0].network_configuration
    vpc = network.awsvpc_configuration if network else None
    groups = vpc.security_groups if vpc else None
    return resources.security_group_arn(service.scope, groups[0]) if groups else None
