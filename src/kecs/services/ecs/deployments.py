"""ListServiceDeployments, DescribeServiceDeployments, DescribeServiceRevisions, StopServiceDeployment,
ContinueServiceDeployment: the history of a service, and the say that a user has in its latest chapter.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.deployments.counts import tally
from kecs.core.deployments.history import KEPT, continued, stopped
from kecs.core.deployments.revisions import revision_view
from kecs.core.deployments.view import brief_view, deployment_view
from kecs.core.express.managed import managed_resources
from kecs.core.gateways.view import connection_view
from kecs.core.records import RevisionRecord, ServiceDeploymentRecord
from kecs.core.scheduling.snapshot import service_task
from kecs.services.context import Context
from kecs.services.ecs.finding import find_cluster, the_service

MOST_DESCRIBED = 20
LISTED = 20  # on a page, unless asked otherwise
NOT_FOUND = "Service deployment not found."
INVALID_ARN = "The ARN provided is invalid."


def list_service_deployments(
    context: Context, request: m.ListServiceDeploymentsRequest
) -> m.ListServiceDeploymentsResponse:
    """The newest first."""
    service = the_service(context, find_cluster(context, _cluster(request)), request.service)
    records = context.store.service_deployments.where("service", service.arn)
    found = {r.arn: r for r in reversed(records) if _matches(r, request, context.now)}
    size = LISTED if request.max_results is None else request.max_results
    arns, token = page(list(found), request.next_token, size)
    return m.ListServiceDeploymentsResponse(
        service_deployments=[brief_view(found[arn]) for arn in arns], next_token=token
    )


def describe_service_deployments(
    context: Context, request: m.DescribeServiceDeploymentsRequest
) -> m.DescribeServiceDeploymentsResponse:
    _check_count("serviceDeploymentArns", request.service_deployment_arns)
    store, found, failures = context.store, [], []
    for arn in request.service_deployment_arns:
        record = _find(context, arn)
        service = store.services.get(record.service_arn) if record else None
        if record is None or service is None:
            failures.append(m.Failure(arn=arn, reason="MISSING"))
            continue
        tasks = map(service_task, store.tasks.where("unaccounted", service.arn)) if record.ongoing else ()
        found.append(deployment_view(record, service, tally(tasks)))
    return m.DescribeServiceDeploymentsResponse(service_deployments=found, failures=failures)


def describe_service_revisions(
    context: Context, request: m.DescribeServiceRevisionsRequest
) -> m.DescribeServiceRevisionsResponse:
    _check_count("serviceRevisionArns", request.service_revision_arns)
    if any(_is_inactive(context, arn) for arn in request.service_revision_arns):
        raise m.InvalidParameterException("Cannot call DescribeServiceRevisions for a service that is INACTIVE.")
    found, failures = [], []
    for arn in request.service_revision_arns:
        record = context.store.service_revisions.get(arn) if _is_own(context, arn, "service-revision") else None
        if record is not None:
            found.append(replace(revision_view(record), ecs_managed_resources=_managed(context, record)))
        else:
            failures.append(m.Failure(arn=arn, reason="MISSING"))
    return m.DescribeServiceRevisionsResponse(service_revisions=found, failures=failures)


def stop_service_deployment(
    context: Context, request: m.StopServiceDeploymentRequest
) -> m.StopServiceDeploymentResponse:
    """Writes down what is wanted; the service loop rolls back or stops."""
    record = _existing(context, request.service_deployment_arn)
    context.store.service_deployments.put(stopped(record, request.stop_type or "ROLLBACK", context.now))
    return m.StopServiceDeploymentResponse(service_deployment_arn=record.arn)


def continue_service_deployment(
    context: Context, request: m.ContinueServiceDeploymentRequest
) -> m.ContinueServiceDeploymentResponse:
    """Only for a deployment that waits at a lifecycle hook of its own."""
    record = _existing(context, request.service_deployment_arn)
    after = continued(record, request.hook_id, request.action or "CONTINUE", context.now)
    context.store.service_deployments.put(after)
    return m.ContinueServiceDeploymentResponse(service_deployment_arn=record.arn)


def _cluster(request: m.ListServiceDeploymentsRequest) -> str | None:
    """The cluster that is named, or the one in the service's ARN."""
    parts = request.service.split("/")
    return parts[1] if request.cluster is None and len(parts) == 3 and parts[0].startswith("arn:") else request.cluster


def _matches(record: ServiceDeploymentRecord, request: m.ListServiceDeploymentsRequest, now: float) -> bool:
    created = request.created_at or m.CreatedAt()
    if record.created_at <= now - KEPT or (request.status and record.status not in request.status):
        return False
    if created.before is not None and record.created_at >= created.before:
        return False
    return created.after is None or record.created_at > created.after


def _check_count(name: str, arns: Sequence[str]) -> None:
    if not arns:
        raise m.InvalidParameterException(f"{name} cannot be empty.")
    if len(arns) > MOST_DESCRIBED:
        raise m.InvalidParameterException(f"{name} can have at most {MOST_DESCRIBED} items.")


def _is_own(context: Context, arn: str, kind: str) -> bool:
    return arn.startswith(context.scope.arn(f"{kind}/"))


def _find(context: Context, arn: str) -> ServiceDeploymentRecord | None:
    return context.store.service_deployments.get(arn) if _is_own(context, arn, "service-deployment") else None


def _is_inactive(context: Context, revision: str) -> bool:
    """Whether the service of the revision has ended, and its revisions with it."""
    service = context.store.services.get(revision.rpartition("/")[0].replace(":service-revision/", ":service/"))
    return service is not None and service.status == "INACTIVE" and _is_own(context, revision, "service-revision")


def _managed(context: Context, revision: RevisionRecord) -> m.ECSManagedResources | None:
    """What ECS manages around a revision: all there is around an Express service, and routes through gateways."""
    store, deployment = context.store, revision.deployment
    made, connections = m.ECSManagedResources(), []
    express = store.express_services.get(revision.service_arn)
    if express is not None and revision.service.resource_management_type == "ECS":
        definition = store.task_definitions.get(deployment.task_definition)
        made = managed_resources(express, deployment, definition.definition if definition else None)
    used = {connector.port_name for connector in deployment.gateway_connectors}
    for route in store.gateway_routes.where("service", revision.service_arn) if used else ():
        gateway = store.gateways.get(route.gateway_arn)
        if gateway is not None and route.connector.port_name in used:
            connections.append(connection_view(route, gateway))
    if connections:
        made = replace(made, gateway_connections=connections)
    return None if made == m.ECSManagedResources() else made


def _existing(context: Context, arn: str) -> ServiceDeploymentRecord:
    if not arn.startswith("arn:") or ":service-deployment/" not in arn:
        raise m.InvalidParameterException(INVALID_ARN)
    record = _find(context, arn)
    if record is None:
        raise m.ServiceDeploymentNotFoundException(NOT_FOUND)
    return record
