"""The gateway loop: routes of services that use a gateway, and whatever is in progress comes to its end.

Three kinds of keys: a service whose routes may have changed, a route and a gateway that are on their way from one
status to the next. `core.gateways.routes` decides; `ports.traffic` leads the requests.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.control.queue import WorkQueue
from kecs.core.gateways import routes as rules
from kecs.core.records import Change, GatewayRecord, GatewayRouteRecord, GatewayUseRecord, ServiceRecord
from kecs.core.records.gateways import association_key
from kecs.core.taskdefs.ports import named_port
from kecs.ports.clock import Clock, Ids
from kecs.ports.store import Store
from kecs.ports.traffic import Ingress, Traffic

GATEWAY, ROUTE, SERVICE = "gateway", "gateway route", "service of a gateway"


class Gateways:
    """The loop over gateways, their routes and the services behind them."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, queue: WorkQueue, traffic: Traffic) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._queue = queue
        self._traffic = traffic
        queue.register(SERVICE, self.reroute)
        queue.register(ROUTE, self.settle_route)
        queue.register(GATEWAY, self.settle_gateway)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, before, after in changes:
            if table == "services" and _deployment(before) != _deployment(after):
                self._queue.add(SERVICE, key)
            elif table == "gateway_routes":
                self._notice_route(key, after)
            elif table == "gateways" and after is not None and after.settles_at is not None:
                self._queue.wake(GATEWAY, key, after.settles_at)
            elif table == "gateway_associations" and after is not None and after.status == "DISASSOCIATING":
                self._queue.add(GATEWAY, after.gateway_arn)
            elif table == "clusters" and after is not None and after.cluster.status == "INACTIVE":
                for association in self._store.gateway_associations.where("cluster", key):
                    self._queue.add(GATEWAY, association.gateway_arn)

    def recover(self) -> None:
        """Take up what was in progress and lead requests again after a restart."""
        for gateway in self._store.gateways:
            self._queue.add(GATEWAY, gateway.arn)
        for route in self._store.gateway_routes:
            self._notice_route(route.arn, route)
        for service in self._store.services:
            self._queue.add(SERVICE, service.arn)

    def reroute(self, arn: str) -> None:
        """Make the routes of a service what its newest deployment wants; look once at each deployment."""
        store, service, now = self._store, self._store.services.get(arn), self._clock.now()
        routes = [r for r in store.gateway_routes.where("service", arn) if r.status != "DELETE_IN_PROGRESS"]
        use = store.gateway_uses.get(arn)
        if service is None or service.status != "ACTIVE":
            with store.transaction():
                for route in routes:
                    store.gateway_routes.put(rules.progress(route, "DELETE_IN_PROGRESS", now))
                store.gateway_uses.delete(arn)
            return
        if not service.deployments:
            return
        deployment = service.deployments[0]
        if (use is not None and use.deployment_id == deployment.id) or not (deployment.gateway_connectors or routes):
            return
        with store.transaction():
            self._change_routes(service, routes, now)
            store.gateway_uses.put(GatewayUseRecord(service_arn=arn, deployment_id=deployment.id))
        for route in routes:
            self._queue.add(ROUTE, route.arn)  # the named port may be another one now

    def settle_route(self, arn: str) -> None:
        """Bring what is in progress to its end, if it is time, and have the requests led there."""
        store, route, now = self._store, self._store.gateway_routes.get(arn), self._clock.now()
        if route is None:
            return
        if route.settles_at is not None and route.settles_at > now:
            self._queue.wake(ROUTE, arn, route.settles_at)
            return
        if route.status == "DELETE_IN_PROGRESS":
            self._traffic.unroute(arn)
            with store.transaction():
                store.gateway_routes.delete(arn)
            self._queue.add(GATEWAY, route.gateway_arn)
            return
        if route.settles_at is not None:
            route = replace(route, status="ACTIVE", settles_at=None)
            with store.transaction():
                store.gateway_routes.put(route)
        ingress = self._ingress(route)
        if ingress is not None:
            self._traffic.route(ingress)

    def settle_gateway(self, arn: str) -> None:
        """End an update that is over; let go of load balancers and associations that nothing uses any more."""
        store, gateway = self._store, self._store.gateways.get(arn)
        if gateway is None:
            return
        routes = store.gateway_routes.where("gateway", arn)
        with store.transaction():
            after = rules.without_idle(self._updated(gateway), routes)
            if after is not gateway:
                store.gateways.put(after)
            for route in routes:
                with_rules = rules.with_test_rules(route, after, self._ids.hex32)
                if with_rules is not route:
                    store.gateway_routes.put(with_rules)
            used = {route.cluster_arn for route in routes}
            for association in store.gateway_associations.where("gateway", arn):
                cluster = store.clusters.get(association.cluster_arn)
                gone = cluster is None or cluster.cluster.status == "INACTIVE"
                if association.cluster_arn not in used and (gone or association.status == "DISASSOCIATING"):
                    store.gateway_associations.delete(association_key(arn, association.cluster_arn))

    def _updated(self, gateway: GatewayRecord) -> GatewayRecord:
        if gateway.settles_at is None:
            return gateway
        if gateway.settles_at > self._clock.now():
            self._queue.wake(GATEWAY, gateway.arn, gateway.settles_at)
            return gateway
        return replace(gateway, gateway=replace(gateway.gateway, status="UPDATE_COMPLETE"), settles_at=None)

    def _notice_route(self, arn: str, route: GatewayRouteRecord | None) -> None:
        if route is not None and route.settles_at is not None:
            self._queue.wake(ROUTE, arn, route.settles_at)
        elif route is not None and route.status == "ACTIVE":
            self._queue.add(ROUTE, arn)

    def _change_routes(self, service: ServiceRecord, routes: list[GatewayRouteRecord], now: float) -> None:
        store = self._store
        associations = store.gateway_associations.where("cluster", service.cluster_arn)
        found = [store.gateways.get(a.gateway_arn) for a in associations if a.status == "ACTIVE"]
        gateways = {gateway.arn: gateway for gateway in found if gateway is not None}
        wanted = rules.wanted(service, gateways.values())
        for route in routes:
            place = route.gateway_arn, route.connector.port_name
            if place not in wanted:
                store.gateway_routes.put(rules.progress(route, "DELETE_IN_PROGRESS", now))
            elif route.resources is None:
                store.gateway_routes.delete(route.arn)  # it failed; a new one may find room
            else:
                changed = rules.followed(route, service, wanted.pop(place))
                if changed is not route:
                    store.gateway_routes.put(rules.progress(changed, "UPDATE_IN_PROGRESS", now))
        for (arn, _), connector in wanted.items():
            used = store.gateway_routes.where("gateway", arn)
            gateway, balancer = rules.with_room(gateways[arn], used, self._ids.hex32)
            if gateway is not gateways[arn]:
                store.gateways.put(gateway)
                gateways[arn] = gateway
            route = rules.new_route(service, gateway, connector, balancer, now, self._ids.hex32, self._ids.uuid)
            store.gateway_routes.put(route)

    def _ingress(self, route: GatewayRouteRecord) -> Ingress | None:
        """Where the route leads now; None when it does not lead anywhere."""
        service, gateway = self._store.services.get(route.service_arn), self._store.gateways.get(route.gateway_arn)
        made = route.resources
        if service is None or gateway is None or made is None or not service.deployments:
            return None
        definition = self._store.task_definitions.get(service.deployments[0].task_definition)
        port = named_port(definition.definition, route.connector.port_name) if definition else None
        if port is None:
            return None
        check = route.connector.health_check
        return Ingress(
            key=route.arn,
            service_arn=route.service_arn,
            host=route.host,
            access=gateway.gateway.access_type or "PUBLIC",
            container=port.container,
            port=port.port,
            load_balancer_arn=made.load_balancer_arn or "",
            listener_arn=made.listener_arn or "",
            rule_arn=made.listener_rule_arn or "",
            target_group_arns=(route.target_group_arn,) if route.target_group_arn else (),
            health_check_path=(check.health_check_path if check else None) or "/",
        )


def _deployment(service: ServiceRecord | None) -> tuple[str, str] | None:
    """What routes follow: the service's status and its newest deployment."""
    if service is None:
        return None
    return service.status, service.deployments[0].id if service.deployments else ""
