"""A service deployment as ListServiceDeployments and DescribeServiceDeployments show it."""

from __future__ import annotations

from typing import Any

from kecs.aws.model import ecs as m
from kecs.core.deployments.counts import Tally, summaries
from kecs.core.deployments.hooks import hook_view
from kecs.core.deployments.revisions import deployment_of
from kecs.core.records import ServiceDeploymentRecord, ServiceRecord
from kecs.core.scheduling.breaker import threshold


def brief_view(record: ServiceDeploymentRecord) -> m.ServiceDeploymentBrief:
    return m.ServiceDeploymentBrief(
        service_deployment_arn=record.arn,
        service_arn=record.service_arn,
        cluster_arn=record.cluster_arn,
        started_at=record.started_at,
        created_at=record.created_at,
        finished_at=record.finished_at,
        target_service_revision_arn=record.target,
        status=record.status,
        status_reason=record.status_reason,
    )


def deployment_view(record: ServiceDeploymentRecord, service: ServiceRecord, numbers: Tally) -> m.ServiceDeployment:
    """`numbers` are those of the service's tasks now; they count for a deployment that goes on."""
    target, *sources = record.final or summaries(record, service, numbers)
    return m.ServiceDeployment(
        service_deployment_arn=record.arn,
        service_arn=record.service_arn,
        cluster_arn=record.cluster_arn,
        created_at=record.created_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        stopped_at=record.stopped_at,
        updated_at=record.updated_at,
        source_service_revisions=sources or None,
        target_service_revision=target,
        status=record.status,
        status_reason=record.status_reason,
        lifecycle_stage=_stage(record, target, sources),
        lifecycle_hook_details=[hook_view(hook) for hook in record.hooks] or None,
        deployment_configuration=record.configuration,
        rollback=record.rollback,
        deployment_circuit_breaker=_breaker(record, service),
        alarms=_alarms(record),
    )


def _stage(
    record: ServiceDeploymentRecord, target: m.ServiceRevisionSummary, sources: list[m.ServiceRevisionSummary]
) -> Any:
    """Where the deployment is. Of a rolling update in which nothing waits for a stage it follows from its tasks."""
    if record.stages:
        return record.stages[-1].name
    if record.status == "PENDING":
        return "RECONCILE_SERVICE" if len(sources) > 1 else "PRE_SCALE_UP"
    if record.status == "SUCCESSFUL" or (target.running_task_count or 0) >= (target.requested_task_count or 0):
        return "CLEAN_UP"
    return "SCALE_UP"


def _monitor(record: ServiceDeploymentRecord, enabled: bool) -> Any:
    if not enabled:
        return "DISABLED"
    return "MONITORING" if record.ongoing else "MONITORING_COMPLETE"


def _breaker(record: ServiceDeploymentRecord, service: ServiceRecord) -> m.ServiceDeploymentCircuitBreaker:
    breaker = record.configuration.deployment_circuit_breaker if record.configuration else None
    failed = {d.id: d.failed_tasks for d in service.deployments}
    watching = record.ongoing and not record.tripped
    return m.ServiceDeploymentCircuitBreaker(
        status="TRIGGERED" if record.tripped else _monitor(record, breaker is not None and breaker.enable),
        failure_count=failed.get(deployment_of(record.target), 0) if watching else record.failed_tasks,
        threshold=threshold(breaker, service.desired_count) if breaker else None,
    )


def _alarms(record: ServiceDeploymentRecord) -> m.ServiceDeploymentAlarms:
    alarms = record.configuration.alarms if record.configuration else None
    if alarms is None or not alarms.enable or record.unwatched:
        return m.ServiceDeploymentAlarms(status="DISABLED")
    return m.ServiceDeploymentAlarms(
        status="TRIGGERED" if record.triggered_alarms else _monitor(record, True),
        alarm_names=list(alarms.alarm_names),
        triggered_alarm_names=list(record.triggered_alarms),
    )
