"""Daemons, their revisions and deployments as the API shows them. `services.ecs.daemons` calls this."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.daemons.fleet import Fleet
from kecs.core.daemons.rollout import LIVE, THRESHOLD
from kecs.core.records import DaemonDeploymentRecord

Counts = Counter[tuple[str, str]]
"""Of instances, by revision ARN and the name of their capacity provider."""


def daemon_view(fleet: Fleet) -> m.DaemonDetail:
    """The daemon with the revision that new instances get, then those that still run somewhere."""
    daemon, running, without = fleet.daemon, running_on(fleet), without_daemon(fleet)
    revisions = dict.fromkeys([daemon.revision_arn, *(arn for arn, _ in running)])
    return m.DaemonDetail(
        daemon_arn=daemon.arn,
        cluster_arn=daemon.cluster_arn,
        status=daemon.status,
        current_revisions=[_revision(fleet, arn, running, without) for arn in revisions],
        deployment_arn=daemon.deployment_arn,
        created_at=daemon.created_at,
        updated_at=daemon.updated_at,
    )


def deployment_view(deployment: DaemonDeploymentRecord, fleet: Fleet | None) -> m.DaemonDeployment:
    """The deployment; `fleet` is the daemon as it is now, None when it has been deleted."""
    target = deployment.target_revision_arn
    return m.DaemonDeployment(
        daemon_deployment_arn=deployment.arn,
        cluster_arn=deployment.cluster_arn,
        status=deployment.status,
        status_reason=deployment.status_reason or None,
        target_daemon_revision=_detail(deployment, target, fleet) if target else None,
        source_daemon_revisions=[_detail(deployment, arn, fleet) for arn in deployment.source_revision_arns],
        circuit_breaker=_breaker(deployment),
        alarms=_alarms(deployment),
        rollback=deployment.rollback,
        deployment_configuration=deployment.configuration,
        created_at=deployment.created_at,
        started_at=deployment.started_at,
        stopped_at=deployment.stopped_at,
        finished_at=deployment.finished_at,
    )


def deployment_summary(deployment: DaemonDeploymentRecord) -> m.DaemonDeploymentSummary:
    return m.DaemonDeploymentSummary(
        daemon_deployment_arn=deployment.arn,
        daemon_arn=deployment.daemon_arn,
        cluster_arn=deployment.cluster_arn,
        status=deployment.status,
        status_reason=deployment.status_reason or None,
        target_daemon_revision_arn=deployment.target_revision_arn,
        created_at=deployment.created_at,
        started_at=deployment.started_at,
        stopped_at=deployment.stopped_at,
        finished_at=deployment.finished_at,
    )


def running_on(fleet: Fleet) -> Counts:
    """Daemon tasks that run."""
    return Counter(
        (place.task.daemon_revision_arn or "", place.provider)
        for place in fleet.places
        if place.task is not None and place.task.last_status == "RUNNING"
    )


def without_daemon(fleet: Fleet) -> Counts:
    """Instances that take other tasks although a daemon that is not critical does not run on them."""
    revision = fleet.daemon.revision_arn
    if revision in fleet.critical:
        return Counter()
    return Counter(
        (revision, place.provider)
        for place in fleet.places
        if place.instance.instance.status == "ACTIVE" and (place.task is None or place.task.last_status != "RUNNING")
    )


def _draining(fleet: Fleet, drained: Iterable[str]) -> Counts:
    """Instances that a deployment drains, by the revision that they run."""
    return Counter(
        (place.task.daemon_revision_arn or "", place.provider)
        for place in fleet.places
        if place.task is not None and place.arn in drained
    )


def _revision(fleet: Fleet, arn: str, running: Counts, without: Counts) -> m.DaemonRevisionDetail:
    providers = [
        m.DaemonCapacityProvider(
            arn=provider_arn,
            running_count=running[arn, last_part(provider_arn)],
            without_daemon_count=without[arn, last_part(provider_arn)],
        )
        for provider_arn in _providers(fleet)
    ]
    return m.DaemonRevisionDetail(
        arn=arn,
        capacity_providers=providers,
        total_running_count=sum(p.running_count or 0 for p in providers),
        total_without_daemon_count=sum(p.without_daemon_count or 0 for p in providers),
    )


def _providers(fleet: Fleet) -> list[str]:
    """The ARNs of the daemon's capacity providers, then of those that it is about to leave."""
    daemon = fleet.daemon
    left = [daemon.scope.capacity_provider(place.provider) for place in fleet.places if place.target is None]
    return list(dict.fromkeys([*(target.provider_arn for target in daemon.targets), *left]))


def _detail(deployment: DaemonDeploymentRecord, arn: str, fleet: Fleet | None) -> m.DaemonDeploymentRevisionDetail:
    running, without, draining = Counts(), Counts(), Counts()
    if fleet is not None:
        running, without, draining = running_on(fleet), without_daemon(fleet), _draining(fleet, deployment.drained)
    providers = [
        m.DaemonDeploymentCapacityProvider(
            arn=provider_arn,
            running_instance_count=running[arn, last_part(provider_arn)],
            without_daemon_instance_count=without[arn, last_part(provider_arn)],
            draining_instance_count=draining[arn, last_part(provider_arn)],
        )
        for provider_arn in deployment.provider_arns
    ]
    return m.DaemonDeploymentRevisionDetail(
        arn=arn,
        capacity_providers=providers,
        total_running_instance_count=sum(p.running_instance_count or 0 for p in providers),
        total_without_daemon_instance_count=sum(p.without_daemon_instance_count or 0 for p in providers),
        total_draining_instance_count=sum(p.draining_instance_count or 0 for p in providers),
    )


def _breaker(deployment: DaemonDeploymentRecord) -> m.DaemonCircuitBreaker:
    status = _monitor(deployment)
    if deployment.target_revision_arn is None:
        status = "DISABLED"  # a deletion starts nothing that could fail
    elif deployment.failure_count >= THRESHOLD:
        status = "TRIGGERED"
    return m.DaemonCircuitBreaker(failure_count=deployment.failure_count, status=status, threshold=THRESHOLD)


def _alarms(deployment: DaemonDeploymentRecord) -> m.DaemonDeploymentAlarms:
    alarms = deployment.configuration.alarms or m.DaemonAlarmConfiguration()
    return m.DaemonDeploymentAlarms(
        status=_monitor(deployment) if alarms.enable else "DISABLED",
        alarm_names=alarms.alarm_names or [],
        triggered_alarm_names=[],
    )


def _monitor(deployment: DaemonDeploymentRecord) -> m.DaemonDeploymentRollbackMonitorsStatus:
    return "MONITORING" if deployment.status in LIVE else "MONITORING_COMPLETE"
