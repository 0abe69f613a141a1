"""The Express loop: what is around the service of an Express Gateway service comes, follows it and goes.

Its keys are services. The service itself and its tasks are the service loop's; `core.express.resources` decides, and
`ports.traffic` leads requests to it and scales it.
"""

from __future__ import annotations

from kecs.control.queue import WorkQueue
from kecs.core.express.definition import logs, port
from kecs.core.express.resources import ACCESS, configuration_of, progressed
from kecs.core.express.rules import MAIN, main_container
from kecs.core.records import Change, ExpressRecord, ServiceRecord
from kecs.ports.clock import Clock
from kecs.ports.store import Store
from kecs.ports.traffic import Ingress, ScalingTarget, Traffic

KIND = "express service"


class Express:
    """The loop over Express Gateway services."""

    def __init__(self, store: Store, clock: Clock, queue: WorkQueue, traffic: Traffic) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._traffic = traffic
        queue.register(KIND, self.settle)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, before, after in changes:
            if table == "services" and _followed(before) != _followed(after):
                self._queue.add(KIND, key)

    def recover(self) -> None:
        """Take up what was in progress, and lead requests again after a restart."""
        for express in self._store.express_services:
            self._queue.add(KIND, express.arn)

    def settle(self, arn: str) -> None:
        """Make what is around a service what its status and its newest deployment want."""
        store, now = self._store, self._clock.now()
        express, service = store.express_services.get(arn), store.services.get(arn)
        if express is None:
            return
        if service is None or service.service.resource_management_type != "ECS":
            self._let_go(arn)
            with store.transaction():
                store.express_services.delete(arn)
            return
        after = progressed(express, service, now)
        if after is not express:
            with store.transaction():
                store.express_services.put(after)
        if after.settles_at is not None and after.settles_at > now:
            self._queue.wake(KIND, arn, after.settles_at)
        if after.status == "ACTIVE":
            self._lead(after, service)
        elif after.status != "PROVISIONING":
            self._let_go(arn)

    def _lead(self, express: ExpressRecord, service: ServiceRecord) -> None:
        configuration = configuration_of(express, service.deployments[0].id)
        scaling = configuration.scaling
        self._traffic.scale(
            ScalingTarget(
                service_arn=express.arn,
                minimum=scaling.min_task_count or 0,
                maximum=scaling.max_task_count or 0,
                metric=scaling.auto_scaling_metric or "",
                value=scaling.auto_scaling_target_value or 0,
            )
        )
        ingress = self._ingress(express, service, configuration.health_check_path)
        if ingress is not None:
            self._traffic.route(ingress)

    def _let_go(self, arn: str) -> None:
        self._traffic.unroute(arn)
        self._traffic.unscale(arn)

    def _ingress(self, express: ExpressRecord, service: ServiceRecord, path: str) -> Ingress | None:
        """Where requests go now; None when there is no container for them any more."""
        definition = self._store.task_definitions.get(service.deployments[0].task_definition)
        container = main_container(definition.definition) if definition else None
        number = port(definition.definition) if definition else None
        if container is None or number is None:
            return None
        log = logs(container)
        return Ingress(
            key=express.arn,
            service_arn=express.arn,
            host=express.host,
            access=ACCESS,
            container=MAIN,
            port=number,
            load_balancer_arn=express.balancer.arn,
            listener_arn=express.balancer.listener_arn,
            rule_arn=express.rule_arn,
            target_group_arns=express.target_group_arns,
            health_check_path=path,
            log_group=log.log_group if log else None,
        )


def _followed(service: ServiceRecord | None) -> tuple[str, str] | None:
    """What the loop looks at of an Express service's service: its status and its newest deployment."""
    if service is None or service.service.resource_management_type != "ECS":
        return None
    return service.status, service.deployments[0].id if service.deployments else ""
