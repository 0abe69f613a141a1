"""The Express loop: what is around the service of an Express Gateway service comes, follows it and goes.

Its keys are services. The service itself and its tasks are the service loop's; `core.express.resources` decides,
`ports.traffic` leads requests to it, and the autoscaling loop scales it by what is put down here.
"""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.control.queue import WorkQueue
from kecs.core.autoscaling.express import is_managed, managed_policy, managed_target
from kecs.core.express.definition import logs, port
from kecs.core.express.resources import ACCESS, configuration_of, progressed
from kecs.core.express.rules import MAIN, main_container
from kecs.core.records import Change, ExpressRecord, ServiceRecord
from kecs.ports.clock import Clock
from kecs.ports.store import Store
from kecs.ports.traffic import Ingress, Traffic

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
            self._let_go(express)
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
            self._let_go(after)

    def _lead(self, express: ExpressRecord, service: ServiceRecord) -> None:
        configuration = configuration_of(express, service.deployments[0].id)
        self._scale(express, configuration.scaling)
        ingress = self._ingress(express, service, configuration.health_check_path)
        if ingress is not None:
            self._traffic.route(ingress)

    def _scale(self, express: ExpressRecord, scaling: m.ExpressGatewayScalingTarget) -> None:
        """Have the service scaled like this from now on."""
        targets, policies, now = self._store.scalable_targets, self._store.scaling_policies, self._clock.now()
        existing = targets.get(express.arn)
        target, policy = managed_target(express, scaling, existing, now), managed_policy(express, scaling, now)
        before = policies.get(policy.key)
        with self._store.transaction():
            if target is not existing:
                targets.put(target)
            for other in policies.where("service", express.arn):
                if is_managed(express, other.arn) and other.key != policy.key:
                    policies.delete(other.key)
            if before is None or before.tracking != policy.tracking:
                policies.put(policy)

    def _let_go(self, express: ExpressRecord) -> None:
        self._traffic.unroute(express.arn)
        target = self._store.scalable_targets.get(express.arn)
        if target is None or not is_managed(express, target.arn):
            return
        with self._store.transaction():
            self._store.scalable_targets.delete(express.arn)
            for policy in self._store.scaling_policies.where("service", express.arn):
                self._store.scaling_policies.delete(policy.key)
            for action in self._store.scheduled_actions.where("service", express.arn):
                self._store.scheduled_actions.delete(action.key)

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
