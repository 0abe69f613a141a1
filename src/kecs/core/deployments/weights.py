"""Which share of a service's requests goes to which of its revisions, while a deployment shifts them.

Called by `services.ecs.rollouts` when a deployment starts, and by `stages` when it moves on. Weights are percentages
and stand in the service's deployments; `ports.traffic` is handed them. Only a service with a load balancer, Service
Connect or VPC Lattice has its traffic shifted:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-implementation.html
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import DeploymentRecord, ServiceRecord

ALL = 100.0
STEP, STEP_BAKE = 10.0, 6  # percent and minutes, AWS's defaults of linearConfiguration
CANARY, CANARY_BAKE = 5.0, 10  # likewise of canaryConfiguration


def shares(configuration: m.DeploymentConfiguration | None, *, alone: bool) -> tuple[float, ...]:
    """What the new revision has of the production traffic after each step of the shift; the last is 100.

    `alone`: there is no other revision that could have the rest.
    """
    strategy = configuration.strategy if configuration else None
    if configuration is None or alone:
        return (ALL,)
    if strategy == "CANARY" and configuration.canary_configuration is not None:
        percent = configuration.canary_configuration.canary_percent or CANARY
    elif strategy == "LINEAR" and configuration.linear_configuration is not None:
        percent = configuration.linear_configuration.step_percent or STEP
    else:
        percent = ALL
    steps = 1 if strategy == "CANARY" else int(ALL / percent)
    shifted = (round(step * percent, 1) for step in range(1, steps + 1))
    return (*(share for share in shifted if share < ALL), ALL)


def step_bake(configuration: m.DeploymentConfiguration | None) -> float:
    """Seconds between two steps of the shift."""
    if configuration is None:
        return 0.0
    if configuration.strategy == "CANARY" and configuration.canary_configuration is not None:
        minutes = configuration.canary_configuration.canary_bake_time_in_minutes
        return 60.0 * (CANARY_BAKE if minutes is None else minutes)
    if configuration.strategy == "LINEAR" and configuration.linear_configuration is not None:
        minutes = configuration.linear_configuration.step_bake_time_in_minutes
        return 60.0 * (STEP_BAKE if minutes is None else minutes)
    return 0.0


def source_of(service: ServiceRecord, completed: str | None) -> str | None:
    """The id of the deployment that serves while another one starts: the one that completed last, as long as it has all
    its tasks, else the one with the most traffic, else the newest that has worked. `completed`: the former's id."""
    kept = next((d for d in service.deployments if d.id == completed), None)
    if kept is not None and kept.desired_count >= service.desired_count:
        return kept.id
    serving = [d for d in service.deployments if d.production_weight]
    if serving:
        return max(serving, key=lambda d: d.production_weight or 0.0).id
    worked = kept or next((d for d in service.deployments if d.reached_running), None)
    return worked.id if worked else None


def in_other_groups(service: ServiceRecord, deployment: DeploymentRecord, blue: str | None) -> DeploymentRecord:
    """The deployment, which is about to start, with those target groups that `blue` has not."""
    if service.service.load_balancers and is_shifted(service.service.deployment_configuration):
        other = next((d for d in service.deployments if d.id == blue), None)
        return replace(deployment, alternate=other is not None and not other.alternate)
    return deployment


def is_shifted(configuration: m.DeploymentConfiguration | None) -> bool:
    """Whether both revisions run side by side while traffic is shifted."""
    return configuration is not None and configuration.strategy not in (None, "ROLLING")


def start(service: ServiceRecord, blue: str | None) -> ServiceRecord:
    """The service whose PRIMARY deployment has just been started: all that is shared out goes to `blue`."""
    if not is_shifted(service.service.deployment_configuration) or not _is_managed(service):
        return _with(service, (replace(d, production_weight=None, test_weight=None) for d in service.deployments))
    return shift(service, blue, blue, production=ALL, test=ALL)


def rejoined(service: ServiceRecord) -> ServiceRecord:
    """The service after a revision has come back to it that has nothing of the traffic yet."""
    for kind in ("production_weight", "test_weight"):
        if any(getattr(d, kind) is not None for d in service.deployments):
            fresh = (replace(d, **{kind: getattr(d, kind) or 0.0}) for d in service.deployments)
            service = _with(service, fresh)
    return service


def shift(
    service: ServiceRecord, green: str | None, blue: str | None, *, production: float | None, test: float | None
) -> ServiceRecord:
    """The service with so much for `green` and the rest for `blue`; None leaves that kind of traffic as it is."""
    if not _is_managed(service):
        return service
    if not _has_test_traffic(service):
        test = None
    deployments = []
    for deployment in service.deployments:
        if production is not None:
            share = _share(deployment.id, green, blue, production)
            deployment = replace(deployment, production_weight=share)
        if test is not None:
            deployment = replace(deployment, test_weight=_share(deployment.id, green, blue, test))
        deployments.append(deployment)
    return _with(service, deployments)


def _share(deployment: str, green: str | None, blue: str | None, percent: float) -> float:
    if deployment == green:
        return percent
    return round(ALL - percent, 1) if deployment == blue else 0.0


def _with(service: ServiceRecord, deployments: Iterable[DeploymentRecord]) -> ServiceRecord:
    changed = tuple(deployments)
    return service if changed == service.deployments else replace(service, deployments=changed)


def _is_managed(service: ServiceRecord) -> bool:
    primary = service.deployments[0]
    return bool(service.service.load_balancers or _connects(primary) or primary.vpc_lattice_configurations)


def _has_test_traffic(service: ServiceRecord) -> bool:
    """A load balancer needs a rule for it; Service Connect has one of its own unless it is told another."""
    rules = (b.advanced_configuration for b in service.service.load_balancers or ())
    return _connects(service.deployments[0]) or any(rule and rule.test_listener_rule for rule in rules)


def _connects(deployment: DeploymentRecord) -> bool:
    connect = deployment.service_connect_configuration
    return connect is not None and connect.enabled and bool(connect.services)
