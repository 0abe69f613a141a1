"""CreateTaskSet, UpdateTaskSet, DescribeTaskSets, DeleteTaskSet, UpdateServicePrimaryTaskSet.

They write down what is wanted; the service loop brings it about.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.deployments.counts import Numbers, tally
from kecs.core.records import ClusterRecord, ServiceRecord, TaskSetRecord
from kecs.core.scheduling.snapshot import service_task
from kecs.core.scheduling.view import task_set_view
from kecs.core.service_rules import check_fits
from kecs.core.tags import validate_tags
from kecs.core.task_sets import rules
from kecs.core.task_sets.changes import drained, promoted, scaled, showing
from kecs.core.task_sets.new import new_task_set
from kecs.core.tasks.options import check_launch, launch_options
from kecs.core.tasks.rules import check_volumes
from kecs.ports.ecs import TaskSetRequest
from kecs.services.context import Context
from kecs.services.ecs.finding import find_cluster, the_service
from kecs.services.ecs.local_instance import ensure_instance
from kecs.services.ecs.task_definitions import runnable_task_definition
from kecs.services.ecs.tokens import recall, remember

_Answer = (
    m.CreateTaskSetResponse | m.UpdateTaskSetResponse | m.DeleteTaskSetResponse | m.UpdateServicePrimaryTaskSetResponse
)


def create_task_set(context: Context, request: m.CreateTaskSetRequest) -> m.CreateTaskSetResponse:
    cluster = find_cluster(context, request.cluster)
    service = _active(context, cluster, request.service)
    task_set = _made_before(context, request)
    if task_set is None:
        task_set = _new(context, cluster, service, request)
        context.store.task_sets.put(task_set)
        remember(context, "CreateTaskSet", request.client_token, request, (task_set.arn,))
    return m.CreateTaskSetResponse(task_set=_view(context, task_set))


def update_task_set(context: Context, request: m.UpdateTaskSetRequest) -> m.UpdateTaskSetResponse:
    service = _active(context, find_cluster(context, request.cluster), request.service)
    task_set = _named(context, service, request.task_set)
    rules.check_stays(task_set)
    task_set = scaled(task_set, rules.scale_of(request.scale), context.now)
    context.store.task_sets.put(task_set)
    return m.UpdateTaskSetResponse(task_set=_view(context, task_set))


def describe_task_sets(context: Context, request: m.DescribeTaskSetsRequest) -> m.DescribeTaskSetsResponse:
    service = _managed(context, find_cluster(context, request.cluster), request.service)
    if service.status == "INACTIVE":
        raise m.ServiceNotActiveException("Service was not ACTIVE.")
    if not request.task_sets:
        raise m.InvalidParameterException("TaskSets cannot be empty.")
    tags = "TAGS" in (request.include or ())
    found, failures = [], []
    for reference in request.task_sets:
        task_set = _find(context, service, reference)
        if task_set is not None:
            found.append(_view(context, task_set, tags=tags))
        else:
            failures.append(m.Failure(arn=_arn(service, reference), reason="MISSING"))
    return m.DescribeTaskSetsResponse(task_sets=found, failures=failures)


def delete_task_set(context: Context, request: m.DeleteTaskSetRequest) -> m.DeleteTaskSetResponse:
    """The task set is DRAINING until its tasks are gone."""
    service = _active(context, find_cluster(context, request.cluster), request.service)
    task_set = _named(context, service, request.task_set)
    rules.check_delete(task_set, force=bool(request.force))
    if task_set.status == "PRIMARY":
        context.store.services.put(showing(service, None))
    task_set = drained(task_set, context.now)
    context.store.task_sets.put(task_set)
    return m.DeleteTaskSetResponse(task_set=_view(context, task_set))


def update_service_primary_task_set(
    context: Context, request: m.UpdateServicePrimaryTaskSetRequest
) -> m.UpdateServicePrimaryTaskSetResponse:
    service = _active(context, find_cluster(context, request.cluster), request.service)
    primary = _named(context, service, request.primary_task_set)
    rules.check_stays(primary)
    for task_set in promoted(context.store.task_sets.where("service", service.arn), primary, context.now):
        context.store.task_sets.put(task_set)
        primary = task_set if task_set.arn == primary.arn else primary
    context.store.services.put(showing(service, primary))
    return m.UpdateServicePrimaryTaskSetResponse(task_set=_view(context, primary))


def call(context: Context, request: TaskSetRequest) -> m.TaskSet:
    """Any of the operations that change task sets, for callers inside; see ports.ecs.CallEcs."""
    match request:
        case m.CreateTaskSetRequest():
            answer: _Answer = create_task_set(context, request)
        case m.UpdateTaskSetRequest():
            answer = update_task_set(context, request)
        case m.DeleteTaskSetRequest():
            answer = delete_task_set(context, request)
        case m.UpdateServicePrimaryTaskSetRequest():
            answer = update_service_primary_task_set(context, request)
    if answer.task_set is None:
        raise LookupError("these operations always answer a task set")
    return answer.task_set


def _managed(context: Context, cluster: ClusterRecord, reference: str) -> ServiceRecord:
    service = the_service(context, cluster, reference)
    rules.check_managed(service)
    return service


def _active(context: Context, cluster: ClusterRecord, reference: str) -> ServiceRecord:
    service = _managed(context, cluster, reference)
    if service.status != "ACTIVE":
        raise m.ServiceNotActiveException("Service was not ACTIVE.")
    return service


def _arn(service: ServiceRecord, reference: str) -> str:
    """The ARN that an id or an ARN stands for. Raises InvalidParameterException for what is neither."""
    rules.check_identifier(reference)
    if reference.startswith("arn:"):
        return reference
    return service.scope.task_set(last_part(service.cluster_arn), service.name, reference)


def _find(context: Context, service: ServiceRecord, reference: str) -> TaskSetRecord | None:
    """The task set, if it is one of the service's."""
    task_set = context.store.task_sets.get(_arn(service, reference))
    return task_set if task_set is not None and task_set.service_arn == service.arn else None


def _named(context: Context, service: ServiceRecord, reference: str) -> TaskSetRecord:
    task_set = _find(context, service, reference)
    if task_set is None:
        raise m.TaskSetNotFoundException(rules.NOT_FOUND)
    return task_set


def _made_before(context: Context, request: m.CreateTaskSetRequest) -> TaskSetRecord | None:
    """The task set that the same call has made. Raises InvalidParameterException when it was not the same call."""
    try:
        arns = recall(context, "CreateTaskSet", request.client_token, request)
    except m.ConflictException:
        raise m.InvalidParameterException(rules.NOT_IDEMPOTENT) from None
    return context.store.task_sets.get(arns[0]) if arns else None


def _new(
    context: Context, cluster: ClusterRecord, service: ServiceRecord, request: m.CreateTaskSetRequest
) -> TaskSetRecord:
    controller = service.service.deployment_controller
    kind = controller.type if controller else ""
    rules.check_new(request, kind, len(context.store.task_sets.keys("service", service.arn)))
    definition = runnable_task_definition(context.store, context.scope, request.task_definition)
    options = launch_options(cluster, request.launch_type, request.capacity_provider_strategy)
    check_launch(definition, options, request.network_configuration, request.platform_version)
    check_volumes(definition.definition, (), fargate=options.fargate)
    wanted = replace(
        service.service,
        load_balancers=request.load_balancers or [],
        service_registries=request.service_registries or [],
    )
    check_fits(wanted, definition.definition, options, "updated")
    ensure_instance(context, cluster, options)
    return new_task_set(
        service,
        definition,
        options,
        request,
        f"ecs-svc/{context.ids.digits19()}",
        context.now,
        scale=rules.scale_of(request.scale),
        started_by="CODE_DEPLOY" if kind == "CODE_DEPLOY" else None,
        external_id=request.external_id,
        tags=validate_tags(request.tags),
    )


def _view(context: Context, task_set: TaskSetRecord, *, tags: bool = True) -> m.TaskSet:
    tasks = context.store.tasks.where("unaccounted", task_set.service_arn)
    numbers = tally(service_task(task) for task in tasks)
    return task_set_view(task_set, numbers.get(task_set.id, Numbers()), tags=tags)
