"""CreateService and UpdateService for services whose deployments are somebody else's business: the deployment
controllers EXTERNAL and CODE_DEPLOY. Called by `services`.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.deployments.revisions import new_revision
from kecs.core.records import ClusterRecord, ServiceRecord, TaskSetRecord
from kecs.core.scheduling.deployments import set_desired_count
from kecs.core.service_rules import NOT_IDEMPOTENT, STILL_DRAINING, check_fits
from kecs.core.tags import validate_tags
from kecs.core.task_sets.changes import fields_of, showing, taken_over
from kecs.core.task_sets.new import new_task_set
from kecs.core.task_sets.rules import check_new_service, check_percents, check_update
from kecs.core.task_sets.services import configured_code_deploy, configured_external, updated
from kecs.core.tasks.options import LaunchOptions, check_launch, launch_options
from kecs.core.tasks.rules import check_volumes
from kecs.services.context import Context
from kecs.services.ecs.local_instance import ensure_instance
from kecs.services.ecs.quotas import ensure_room
from kecs.services.ecs.task_definitions import runnable_task_definition


def create(context: Context, cluster: ClusterRecord, request: m.CreateServiceRequest) -> ServiceRecord:
    """The new service, or the one that is there when the very same one is asked for again."""
    external = request.deployment_controller is not None and request.deployment_controller.type == "EXTERNAL"
    if external:
        request = replace(request, desired_count=request.desired_count or 0)
    check_new_service(request)
    record = ServiceRecord(
        arn=context.scope.service(cluster.name, request.service_name),
        cluster_arn=cluster.arn,
        service=configured_external(request, context.principal),
        desired_count=request.desired_count or 0,
        tags=validate_tags(request.tags),
    )
    task_set = None
    if not external:
        record, task_set = _first_task_set(context, cluster, record, request)
    existing = context.store.services.get(record.arn)
    if existing is not None and existing.status != "INACTIVE":
        return _same(existing, record, task_set)
    ensure_room(context, cluster)
    record = replace(record, service=replace(record.service, created_at=context.now))
    context.store.services.put(record)
    if task_set is not None:
        context.store.task_sets.put(task_set)
    return record


def update(context: Context, record: ServiceRecord, request: m.UpdateServiceRequest) -> ServiceRecord:
    """The service after the update, put where it belongs."""
    check_update(record.service, request)
    after = updated(record.service, request)
    for task_set in context.store.task_sets.where("service", record.arn):
        definition = context.store.task_definitions.get(task_set.deployment.task_definition)
        if definition is not None:
            check_fits(_with_balancers(after, task_set), definition.definition, _options(task_set), "updated")
    record = replace(record, service=after, steady=False)
    if request.desired_count is not None:
        record = set_desired_count(record, request.desired_count, context.now)
    context.store.services.put(record)
    return record


def take_over(context: Context, record: ServiceRecord) -> ServiceRecord:
    """The service with the ECS deployment controller and no task sets, for the caller to roll out and put."""
    store = context.store
    task_sets = store.task_sets.where("service", record.arn)
    record = taken_over(record, task_sets)
    for task_set in task_sets:
        definition = store.task_definitions.get(task_set.deployment.task_definition)
        if definition is not None:
            store.service_revisions.put(new_revision(record, task_set.deployment, definition.definition))
        store.task_sets.delete(task_set.arn)
    return record


def _with_balancers(service: m.Service, task_set: TaskSetRecord) -> m.Service:
    balancers, registries = list(task_set.load_balancers), list(task_set.service_registries)
    return replace(service, load_balancers=balancers, service_registries=registries)


def _options(task_set: TaskSetRecord) -> LaunchOptions:
    return LaunchOptions(task_set.deployment.launch_type, task_set.deployment.capacity_provider_strategy)


def _first_task_set(
    context: Context, cluster: ClusterRecord, record: ServiceRecord, request: m.CreateServiceRequest
) -> tuple[ServiceRecord, TaskSetRecord]:
    """A service with the CODE_DEPLOY controller starts with all its tasks in one task set."""
    if not request.task_definition:
        raise m.InvalidParameterException("TaskDefinition can not be blank.")
    definition = runnable_task_definition(context.store, context.scope, request.task_definition)
    options = launch_options(cluster, request.launch_type, request.capacity_provider_strategy)
    check_launch(definition, options, request.network_configuration, request.platform_version)
    check_percents("CODE_DEPLOY", request.deployment_configuration, options)
    check_volumes(definition.definition, (), fargate=options.fargate)
    ensure_instance(context, cluster, options)
    record = replace(record, service=configured_code_deploy(request, definition, options, context.principal))
    set_id = f"ecs-svc/{context.ids.digits19()}"
    task_set = new_task_set(record, definition, options, request, set_id, context.now, status="PRIMARY", scale=100.0)
    return showing(record, task_set), task_set


def _same(existing: ServiceRecord, asked: ServiceRecord, task_set: TaskSetRecord | None) -> ServiceRecord:
    """The service that is there, when it is what is asked for."""
    if existing.status == "DRAINING":
        raise m.InvalidParameterException(STILL_DRAINING)
    shown = fields_of(existing.service) if task_set is None else replace(existing.service, created_at=None)
    if (shown, existing.desired_count, existing.tags) != (asked.service, asked.desired_count, asked.tags):
        raise m.InvalidParameterException(NOT_IDEMPOTENT)
    return existing
