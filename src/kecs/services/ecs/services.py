"""CreateService, UpdateService, DeleteService, DescribeServices, ListServices.

They write down what is wanted; the service loop brings it about.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.clusters import fargate_storage_key
from kecs.core.express.rules import check_own_update
from kecs.core.gateways.routes import check_connectors
from kecs.core.records import ClusterRecord, DeploymentRecord, ServiceRecord, TaskDefinitionRecord
from kecs.core.scheduling.daemon import is_daemon
from kecs.core.scheduling.deployments import begin_deletion, set_desired_count
from kecs.core.scheduling.snapshot import service_task
from kecs.core.scheduling.view import service_view
from kecs.core.service_connect import check_connect, discovery_names, with_namespace
from kecs.core.service_rules import NOT_IDEMPOTENT, STILL_DRAINING, check_create, check_daemon
from kecs.core.services import DEPLOYMENT_ONLY, configured, moved, starts_deployment, updated
from kecs.core.tags import validate_tags
from kecs.core.task_sets.rules import leaves_task_sets
from kecs.core.taskdefs.ports import check_port_names
from kecs.core.tasks.options import check_launch, launch_options
from kecs.core.tasks.platforms import platform_version
from kecs.core.tasks.rules import check_volumes
from kecs.services.context import Context
from kecs.services.ecs import external
from kecs.services.ecs.finding import SERVICE_NOT_FOUND, find_cluster, find_service, the_service
from kecs.services.ecs.gateways import gateways_of
from kecs.services.ecs.local_instance import ensure_instance
from kecs.services.ecs.namespaces import members_of
from kecs.services.ecs.quotas import ensure_room
from kecs.services.ecs.rollouts import roll_out
from kecs.services.ecs.task_definitions import runnable_task_definition
from kecs.services.ecs.tokens import recall, remember

MOST_SERVICES_DESCRIBED = 10
SERVICES_LISTED = 10  # on a page, unless asked otherwise


def create_service(context: Context, request: m.CreateServiceRequest) -> m.CreateServiceResponse:
    cluster = find_cluster(context, request.cluster)
    record = _made_before(context, request)
    if record is None:
        record = _create(context, cluster, request)
        remember(context, "CreateService", request.client_token, request, (record.arn,))
    return m.CreateServiceResponse(service=_view(context, record, tags=True))


def update_service(context: Context, request: m.UpdateServiceRequest) -> m.UpdateServiceResponse:
    cluster = find_cluster(context, request.cluster)
    record = the_service(context, cluster, request.service)
    if record.status != "ACTIVE":
        raise m.ServiceNotActiveException("Service was not ACTIVE.")
    check_own_update(record, request)
    taken_over = leaves_task_sets(record, request)
    if taken_over:
        record = external.take_over(context, record)
    elif record.has_task_sets:
        record = external.update(context, record, request)
        return m.UpdateServiceResponse(service=_view(context, record, tags=True))
    request = replace(
        request, service_connect_configuration=with_namespace(request.service_connect_configuration, cluster)
    )
    if is_daemon(record):
        check_daemon(request)
    before, current = record.service, record.deployments[0]
    definition = context.store.task_definitions.get(current.task_definition)
    if request.task_definition or definition is None:
        definition = _definition(context, request.task_definition or current.task_definition)
    options = moved(cluster, before, request)
    after = updated(before, request, options, definition)
    check_launch(definition, options, after.network_configuration, request.platform_version or after.platform_version)
    ensure_instance(context, cluster, options)
    rolls = definition.arn != current.task_definition or starts_deployment(before, after, current, request)
    rolls = rolls or taken_over
    record = replace(record, service=after, steady=False)
    if request.desired_count is not None:
        record = set_desired_count(record, request.desired_count, context.now)
    if rolls:
        record = roll_out(context, record, new_deployment(context, record, definition, request), definition)
    context.store.services.put(record)
    return m.UpdateServiceResponse(service=_view(context, record, tags=True))


def delete_service(context: Context, request: m.DeleteServiceRequest) -> m.DeleteServiceResponse:
    """The service is DRAINING until its tasks are gone."""
    cluster = find_cluster(context, request.cluster)
    record = find_service(context, cluster, request.service)
    if record is None or record.status == "INACTIVE":
        raise m.ServiceNotFoundException(SERVICE_NOT_FOUND)
    if record.status == "ACTIVE":
        if record.desired_count > 0 and not request.force and not is_daemon(record):
            raise m.InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
        record = begin_deletion(record, context.now)
        context.store.services.put(record)
    return m.DeleteServiceResponse(service=_view(context, record, tags=True))


def describe_services(context: Context, request: m.DescribeServicesRequest) -> m.DescribeServicesResponse:
    cluster = find_cluster(context, request.cluster)
    if not request.services:
        raise m.InvalidParameterException("Services cannot be empty.")
    if len(request.services) > MOST_SERVICES_DESCRIBED:
        raise m.InvalidParameterException(f"service names can have at most {MOST_SERVICES_DESCRIBED} items.")
    tags = "TAGS" in (request.include or ())
    services, failures = [], []
    for reference in request.services:
        record = find_service(context, cluster, reference)
        if record is not None:
            services.append(_view(context, record, tags=tags))
        else:
            arn = reference if reference.startswith("arn:") else context.scope.service(cluster.name, reference)
            failures.append(m.Failure(arn=arn, reason="MISSING"))
    return m.DescribeServicesResponse(services=services, failures=failures)


def list_services(context: Context, request: m.ListServicesRequest) -> m.ListServicesResponse:
    cluster = find_cluster(context, request.cluster)
    arns = [
        record.arn
        for record in context.store.services.where("cluster", cluster.arn)
        if record.status == "ACTIVE" and _matches(record, request)
    ]
    size = SERVICES_LISTED if request.max_results is None else request.max_results
    found, token = page(arns, request.next_token, size)
    return m.ListServicesResponse(service_arns=list(found), next_token=token)


def _definition(context: Context, reference: str | None) -> TaskDefinitionRecord:
    if not reference:
        raise m.InvalidParameterException("TaskDefinition can not be blank.")
    return runnable_task_definition(context.store, context.scope, reference)


def _made_before(context: Context, request: m.CreateServiceRequest) -> ServiceRecord | None:
    """The service that the same call has made, as it is now. Raises InvalidParameterException when it was not the
    same call."""
    try:
        arns = recall(context, "CreateService", request.client_token, request)
    except m.ConflictException:
        raise m.InvalidParameterException(NOT_IDEMPOTENT) from None
    record = context.store.services.get(arns[0]) if arns else None
    return None if record is None or record.status == "INACTIVE" else record


def _create(context: Context, cluster: ClusterRecord, request: m.CreateServiceRequest) -> ServiceRecord:
    """The new service, or the one that is there when the very same one is asked for again."""
    if request.deployment_controller is not None and request.deployment_controller.type != "ECS":
        return external.create(context, cluster, request)
    check_create(request)
    request = replace(
        request, service_connect_configuration=with_namespace(request.service_connect_configuration, cluster)
    )
    definition = _definition(context, request.task_definition)
    launch_type = request.launch_type or ("EC2" if request.scheduling_strategy == "DAEMON" else None)
    options = launch_options(cluster, launch_type, request.capacity_provider_strategy)
    check_launch(definition, options, request.network_configuration, request.platform_version)
    arn = context.scope.service(cluster.name, request.service_name)
    record = ServiceRecord(
        arn=arn,
        cluster_arn=cluster.arn,
        service=replace(configured(request, definition, options, context.principal), created_at=context.now),
        desired_count=request.desired_count or 0,
        tags=validate_tags(request.tags),
    )
    deployment = new_deployment(context, record, definition, request)
    existing = context.store.services.get(arn)
    if existing is not None and existing.status != "INACTIVE":
        return _same(existing, record, deployment)
    ensure_room(context, cluster)
    ensure_instance(context, cluster, options)
    record = roll_out(context, record, deployment, definition)
    context.store.services.put(record)
    return record


def _same(existing: ServiceRecord, asked: ServiceRecord, deployment: DeploymentRecord) -> ServiceRecord:
    """The service that is there, when it is what is asked for."""
    if existing.status == "DRAINING":
        raise m.InvalidParameterException(STILL_DRAINING)
    same = (
        replace(existing.service, created_at=asked.service.created_at) == asked.service
        and (is_daemon(existing) or existing.desired_count == asked.desired_count)
        and existing.tags == asked.tags
        and all(
            getattr(existing.deployments[0], f) == getattr(deployment, f) for f in ("task_definition", *DEPLOYMENT_ONLY)
        )
    )
    if not same:
        raise m.InvalidParameterException(NOT_IDEMPOTENT)
    return existing


def new_deployment(
    context: Context,
    record: ServiceRecord,
    definition: TaskDefinitionRecord,
    request: m.CreateServiceRequest | m.UpdateServiceRequest,
) -> DeploymentRecord:
    """A deployment of the service as it is configured now; what only deployments have is handed on if not given."""
    service, last = record.service, record.deployments[0] if record.deployments else None
    given = {field: getattr(request, field) for field in DEPLOYMENT_ONLY}
    asked = {field: getattr(last, field, None) if value is None else value for field, value in given.items()}
    connect, volumes, lattice = (asked[f] for f in DEPLOYMENT_ONLY[:3])
    if given["gateway_connectors"]:
        check_connectors(given["gateway_connectors"], gateways_of(context, record.cluster_arn))
    check_port_names(definition.definition, asked["gateway_connectors"] or (), "gatewayConnectors")
    check_volumes(definition.definition, volumes or (), fargate=service.platform_version is not None)
    check_port_names(definition.definition, lattice or (), "vpcLatticeConfigurations")
    check_connect(connect, definition.definition, _taken(context, record, connect))
    return DeploymentRecord(
        id=f"ecs-svc/{context.ids.digits19()}",
        status="PRIMARY",
        task_definition=definition.arn,
        desired_count=record.desired_count,
        created_at=context.now,
        updated_at=context.now,
        launch_type=service.launch_type,
        capacity_provider_strategy=tuple(service.capacity_provider_strategy or ()),
        platform_version=service.platform_version and platform_version(definition.definition, service.platform_version),
        platform_family=service.platform_family,
        network_configuration=service.network_configuration,
        service_connect_configuration=connect,
        volume_configurations=tuple(volumes or ()),
        vpc_lattice_configurations=tuple(lattice or ()),
        gateway_connectors=tuple(asked["gateway_connectors"] or ()),
        monitoring=asked["monitoring"],
        fargate_ephemeral_storage=_storage(context, record),
    )


def _storage(context: Context, record: ServiceRecord) -> m.DeploymentEphemeralStorage | None:
    """How the cluster has the storage of its Fargate tasks encrypted."""
    cluster = context.store.clusters.get(record.cluster_arn)
    key = fargate_storage_key(cluster) if cluster and record.service.platform_version else None
    return m.DeploymentEphemeralStorage(kms_key_id=key) if key else None


def _taken(context: Context, record: ServiceRecord, connect: m.ServiceConnectConfiguration | None) -> list[str]:
    """The names that other services have in the namespace."""
    if connect is None or not connect.services or not connect.namespace:
        return []
    others = (s for s in members_of(context, connect.namespace) if s.arn != record.arn and s.status == "ACTIVE")
    return [name for s in others for name in discovery_names(s.deployments[0].service_connect_configuration)]


def _view(context: Context, record: ServiceRecord, *, tags: bool) -> m.Service:
    tasks = [service_task(task) for task in context.store.tasks.where("unaccounted", record.arn)]
    view = service_view(record, tasks, context.store.task_sets.where("service", record.arn), tags=tags)
    return replace(view, tags=list(record.tags)) if tags else view


def _matches(record: ServiceRecord, request: m.ListServicesRequest) -> bool:
    service: m.Service = record.service
    if request.launch_type and service.launch_type != request.launch_type:
        return False
    if request.scheduling_strategy and service.scheduling_strategy != request.scheduling_strategy:
        return False
    return request.resource_management_type in (None, service.resource_management_type or "CUSTOMER")
