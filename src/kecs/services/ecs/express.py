"""CreateExpressGatewayService, DescribeExpressGatewayService, UpdateExpressGatewayService,
DeleteExpressGatewayService.

They make and change an ECS service like any other, and write down what is to be around it; the service loop and
control.express bring it about.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from kecs.aws.errors import ModeledError
from kecs.aws.model import ecs as m
from kecs.core.arns import scope_key, scope_of
from kecs.core.deployments.revisions import deployment_of
from kecs.core.express import rules
from kecs.core.express.definition import changed, first, primary_container
from kecs.core.express.resources import configuration_of, digest, log_group_name, provisioned, rolled_out
from kecs.core.express.service import OPTIONS, bounded, created, family_name, network, service_name
from kecs.core.express.view import Definitions, express_view, updated_view
from kecs.core.records import (
    ClusterRecord,
    ExpressConfiguration,
    ExpressRecord,
    ServiceRecord,
    TaskDefinitionRecord,
)
from kecs.core.scheduling.deployments import begin_deletion, set_desired_count
from kecs.core.service_rules import NOT_IDEMPOTENT, STILL_DRAINING
from kecs.core.services import configured, moved, updated
from kecs.core.tags import validate_tags
from kecs.core.tasks.options import check_launch
from kecs.ports.store import Store
from kecs.services.context import Context
from kecs.services.ecs.clusters import create_cluster
from kecs.services.ecs.finding import find_cluster
from kecs.services.ecs.quotas import ensure_room
from kecs.services.ecs.rollouts import roll_out
from kecs.services.ecs.services import new_deployment
from kecs.services.ecs.task_definitions import register, runnable_task_definition

SERVICE_ARN = re.compile(r"arn:[\w-]+:ecs:[\w-]+:\d{12}:service/(?P<cluster>[\w-]+)/[\w-]+")
NOT_FOUND = "Resource not found."
NOT_EXPRESS = "The specified service is not an Express Gateway service."
NOT_ACTIVE = {
    "DRAINING": "Service is in DRAINING status.",
    "INACTIVE": "Cannot perform this operation on a service in INACTIVE status.",
}


def create_express_gateway_service(
    context: Context, request: m.CreateExpressGatewayServiceRequest
) -> m.CreateExpressGatewayServiceResponse:
    """The service, or the one that is there when the very same one is asked for again by name."""
    rules.check_create(request)
    cluster = _cluster(context, request.cluster)
    request = replace(request, cluster=cluster.arn)
    own = _own_definition(context, request.task_definition_arn)
    container = request.primary_container or (primary_container(own.definition) if own else None)
    name = request.service_name or service_name(container.image if container else "", context.ids.hex32())
    existing = context.store.services.get(context.scope.service(cluster.name, name))
    if existing is not None and existing.status != "INACTIVE":
        express = _same(context, existing, request)
        return m.CreateExpressGatewayServiceResponse(service=shown(context.store, express, existing, tags=True))
    ensure_room(context, cluster)
    express, service = _make(context, cluster, name, own, request)
    return m.CreateExpressGatewayServiceResponse(service=shown(context.store, express, service, tags=True))


def describe_express_gateway_service(
    context: Context, request: m.DescribeExpressGatewayServiceRequest
) -> m.DescribeExpressGatewayServiceResponse:
    express, service = _find(context, request.service_arn, m.ResourceNotFoundException)
    tags = "TAGS" in (request.include or ())
    return m.DescribeExpressGatewayServiceResponse(service=shown(context.store, express, service, tags=tags))


def update_express_gateway_service(
    context: Context, request: m.UpdateExpressGatewayServiceRequest
) -> m.UpdateExpressGatewayServiceResponse:
    """A new service revision, which the service rolls out; what the request leaves out stays."""
    rules.check_update(request)
    express, service = _find_active(context, request.service_arn)
    cluster = find_cluster(context, service.cluster_arn)
    before = configuration_of(express, service.deployments[0].id)
    scaling = rules.scaling(request.scaling_target, before.scaling)
    definition = _changed_definition(context, cluster, service, request)
    placed = network(express, request.network_configuration, service.service.network_configuration)
    wanted = m.UpdateServiceRequest(service=service.arn, network_configuration=placed)
    options = moved(cluster, service.service, wanted)
    after = updated(service.service, wanted, options, definition)
    check_launch(definition, options, after.network_configuration, after.platform_version)
    service = replace(service, service=after, steady=False)
    if request.scaling_target is not None:
        service = set_desired_count(service, bounded(service.desired_count, scaling), context.now)
    path = request.health_check_path or before.health_check_path
    express, service = _roll_out(context, express, service, definition, wanted, path, scaling)
    return m.UpdateExpressGatewayServiceResponse(service=updated_view(express, service, _finder(context.store)))


def delete_express_gateway_service(
    context: Context, request: m.DeleteExpressGatewayServiceRequest
) -> m.DeleteExpressGatewayServiceResponse:
    """The service is DRAINING until its tasks are gone, however many there are."""
    express, service = _find_active(context, request.service_arn)
    service, express = begin_deletion(service, context.now), replace(express, updated_at=context.now)
    context.store.services.put(service)
    context.store.express_services.put(express)
    return m.DeleteExpressGatewayServiceResponse(service=shown(context.store, express, service, tags=True))


def shown(store: Store, express: ExpressRecord, service: ServiceRecord, *, tags: bool) -> m.ECSExpressGatewayService:
    """The service as the API shows it."""
    deployment = store.service_deployments.get(service.current_deployment or "")
    ongoing = deployment is not None and deployment.ongoing
    return express_view(express, service, _finder(store), ongoing=ongoing, tags=tags)


def _make(
    context: Context,
    cluster: ClusterRecord,
    name: str,
    own: TaskDefinitionRecord | None,
    request: m.CreateExpressGatewayServiceRequest,
) -> tuple[ExpressRecord, ServiceRecord]:
    """Everything that a new service consists of. `own` is the task definition that the caller brings."""
    store, ids, scaling = context.store, context.ids, rules.scaling(request.scaling_target)
    logs = request.primary_container.aws_logs_configuration if request.primary_container else None
    log_group = None if own or logs else log_group_name(cluster.name, name, ids.hex32())
    definition = own or register(
        context, first(request, family_name(cluster.name, name), log_group, context.scope.region)
    )
    arn, others = (
        context.scope.service(cluster.name, name),
        store.express_services.where("scope", scope_key(context.scope)),
    )
    express = provisioned(arn, request, others, log_group, context.now, ids.hex32, ids.uuid)
    wanted = created(name, definition.arn, network(express, request.network_configuration), scaling)
    check_launch(definition, OPTIONS, wanted.network_configuration, wanted.platform_version)
    configuration = configured(wanted, definition, OPTIONS, context.principal)
    service = ServiceRecord(
        arn=arn,
        cluster_arn=cluster.arn,
        service=replace(configuration, created_at=context.now, resource_management_type="ECS"),
        desired_count=scaling.min_task_count or 0,
        tags=validate_tags(request.tags),
    )
    path = request.health_check_path or rules.HEALTH_CHECK_PATH
    if log_group is not None:
        from kecs.services.logs.groups import ensure_log_group  # with the first such service

        ensure_log_group(context, log_group)
    return _roll_out(context, express, service, definition, wanted, path, scaling)


def _roll_out(
    context: Context,
    express: ExpressRecord,
    service: ServiceRecord,
    definition: TaskDefinitionRecord,
    wanted: m.CreateServiceRequest | m.UpdateServiceRequest,
    path: str,
    scaling: m.ExpressGatewayScalingTarget,
) -> tuple[ExpressRecord, ServiceRecord]:
    """Start a deployment of the service as it is configured now, and write both down."""
    store = context.store
    deployment = new_deployment(context, service, definition, wanted)
    service = roll_out(context, service, deployment, definition)
    known = {deployment_of(arn) for arn in store.service_revisions.keys("service", service.arn)}
    configuration = ExpressConfiguration(deployment=deployment, health_check_path=path, scaling=scaling)
    express = rolled_out(express, configuration, known, context.now)
    store.services.put(service)
    store.express_services.put(express)
    return express, service


def _same(context: Context, existing: ServiceRecord, request: m.CreateExpressGatewayServiceRequest) -> ExpressRecord:
    """The Express service that is there, when it was made by the same request."""
    if existing.status == "DRAINING":
        raise m.InvalidParameterException(STILL_DRAINING)
    express = context.store.express_services.get(existing.arn)
    if not _is_express(existing) or express is None or express.request != digest(request):
        raise m.InvalidParameterException(NOT_IDEMPOTENT)
    return express


def _own_definition(context: Context, reference: str | None) -> TaskDefinitionRecord | None:
    """The task definition that the caller brings, if there is one and it will do."""
    if reference is None:
        return None
    definition = runnable_task_definition(context.store, context.scope, reference)
    rules.check_definition(definition.definition)
    return definition


def _changed_definition(
    context: Context, cluster: ClusterRecord, service: ServiceRecord, request: m.UpdateExpressGatewayServiceRequest
) -> TaskDefinitionRecord:
    """The task definition after an update: the caller's, a new revision, or the one that is there."""
    own = _own_definition(context, request.task_definition_arn)
    if own is not None:
        return own
    current = context.store.task_definitions.get(service.deployments[0].task_definition)
    if current is None:
        raise m.ClientException("TaskDefinition not found.")
    family = family_name(cluster.name, service.name)
    registration = changed(current.definition, request, family, context.scope.region)
    return current if registration is None else register(context, registration)


def _cluster(context: Context, reference: str | None) -> ClusterRecord:
    """The cluster that is named; `default` is made when it is not there."""
    default = context.store.clusters.get(context.scope.cluster("default"))
    if reference in (None, "", "default") and (default is None or default.cluster.status != "ACTIVE"):
        create_cluster(context, m.CreateClusterRequest(cluster_name="default", capacity_providers=["FARGATE"]))
    return find_cluster(context, reference)


def _find(context: Context, arn: str, missing: type[ModeledError]) -> tuple[ExpressRecord, ServiceRecord]:
    """The Express service of this ARN. Raises `missing`, ClusterNotFoundException and InvalidParameterException."""
    match = SERVICE_ARN.fullmatch(arn)
    if match is None:
        raise m.InvalidParameterException("The ARN provided is invalid.")
    if scope_of(arn) != context.scope:
        raise missing(NOT_FOUND)
    find_cluster(context, match["cluster"])
    service, express = context.store.services.get(arn), context.store.express_services.get(arn)
    if service is None:
        raise missing(NOT_FOUND)
    if express is None or not _is_express(service):
        raise m.InvalidParameterException(NOT_EXPRESS)
    return express, service


def _find_active(context: Context, arn: str) -> tuple[ExpressRecord, ServiceRecord]:
    express, service = _find(context, arn, m.ServiceNotFoundException)
    if service.status != "ACTIVE":
        raise m.ServiceNotActiveException(NOT_ACTIVE[service.status])
    return express, service


def _is_express(service: ServiceRecord) -> bool:
    return service.service.resource_management_type == "ECS"


def _finder(store: Store) -> Definitions:
    def find(arn: str) -> m.TaskDefinition | None:
        record = store.task_definitions.get(arn)
        return record.definition if record else None

    return find
