"""RunTask, StopTask, DescribeTasks, ListTasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import page
from kecs.core.arns import last_part
from kecs.core.capacity.providers import patient
from kecs.core.placement import Room
from kecs.core.records import ClusterRecord, TaskDefinitionRecord, TaskRecord
from kecs.core.tags import validate_tags
from kecs.core.taskdefs.overrides import validate_overrides
from kecs.core.tasks.changes import request_stop
from kecs.core.tasks.create import TaskSpec
from kecs.core.tasks.launch import NO_FARGATE_CAPACITY, NO_INSTANCES, launch
from kecs.core.tasks.options import LaunchOptions, check_launch, launch_options
from kecs.core.tasks.rules import check_length, check_placement, check_task_role, check_token, check_volumes
from kecs.core.tasks.view import task_view
from kecs.services.context import Context
from kecs.services.ecs.finding import find_cluster, find_provider, the_service
from kecs.services.ecs.local_instance import ensure_instance
from kecs.services.ecs.task_definitions import runnable_task_definition
from kecs.services.ecs.tokens import recall, remember

MOST_TASKS_RUN = 10
MOST_TASKS_DESCRIBED = 100
LONGEST_STARTED_BY = 128  # characters
LONGEST_REASON = 1024  # characters
LONGEST_TOKEN = 64  # characters
NO_TASK_ROLE = (
    "The execute command failed because a valid task role is not being used. Specify a valid task role in your task "
    "definition or as a task override and try again."
)
ID_LENGTHS = (32, 36)
NOT_FOUND = "The referenced task was not found."
STOPPED_BY_USER = "Task stopped by user"


def run_task(context: Context, request: m.RunTaskRequest) -> m.RunTaskResponse:
    """New tasks, on their way already; what found no place comes back in `failures`."""
    cluster = find_cluster(context, request.cluster)
    check_token(request.client_token, LONGEST_TOKEN)
    known = recall(context, "RunTask", request.client_token, request)
    if known is not None:
        again = [task for arn in known if (task := context.store.tasks.get(arn))]
        return m.RunTaskResponse(tasks=[task_view(task, tags=True) for task in again], failures=[])
    definition = runnable_task_definition(context.store, context.scope, request.task_definition)
    count = 1 if request.count is None else request.count
    if not 1 <= count <= MOST_TASKS_RUN:
        raise m.InvalidParameterException(f"Task count must be between 1 and {MOST_TASKS_RUN}.")
    options = launch_options(cluster, request.launch_type, request.capacity_provider_strategy)
    check_launch(definition, options, request.network_configuration, request.platform_version)
    _check_run(request, definition.definition, options)
    if not ensure_instance(context, cluster, options):
        raise m.InvalidParameterException(NO_INSTANCES)
    launched = launch(
        _spec(request, cluster, definition, options),
        count,
        options.strategy,
        (),  # the base and weights of a RunTask hold for its own tasks alone
        lambda: rooms(context, cluster),
        context.now,
        context.ids.hex32,
        context.ids.uuid,
        patient(options.strategy, find_provider(context)),
        refuse=context.refuse,
    )
    for refusal in launched.refusals:
        if refusal.instance is None and refusal.reason != NO_FARGATE_CAPACITY:
            raise m.InvalidParameterException(refusal.reason)
    for task in launched.tasks:
        context.store.tasks.put(task)
    if launched.tasks:  # what found no place at all may be tried again with the same token
        remember(context, "RunTask", request.client_token, request, tuple(task.arn for task in launched.tasks))
    return m.RunTaskResponse(
        tasks=[task_view(task, tags=True) for task in launched.tasks],
        failures=[m.Failure(arn=arn, reason=reason) for arn, reason in launched.refusals],
    )


def stop_task(context: Context, request: m.StopTaskRequest) -> m.StopTaskResponse:
    """Asks the task to stop; its status follows, its tags go."""
    cluster = find_cluster(context, request.cluster)
    task = find_task(context, cluster, request.task)
    if task is None:
        raise m.InvalidParameterException(NOT_FOUND)
    check_length("reason", request.reason, LONGEST_REASON)
    stopping = request_stop(task, "UserInitiated", request.reason or STOPPED_BY_USER, context.now)
    if stopping is not task:
        context.store.tasks.put(replace(stopping, tags=()))
    return m.StopTaskResponse(task=task_view(stopping))


def describe_tasks(context: Context, request: m.DescribeTasksRequest) -> m.DescribeTasksResponse:
    cluster = find_cluster(context, request.cluster)
    if not request.tasks:
        raise m.InvalidParameterException("Tasks cannot be empty.")
    if len(request.tasks) > MOST_TASKS_DESCRIBED:
        raise m.InvalidParameterException(f"taskIds can have at most {MOST_TASKS_DESCRIBED} items.")
    with_tags = "TAGS" in (request.include or ())
    tasks, failures = [], []
    for arn, task in find_tasks(context, cluster, request.tasks):
        if task is not None:
            tasks.append(task_view(task, tags=with_tags))
        else:
            failures.append(m.Failure(arn=arn, reason="MISSING"))
    return m.DescribeTasksResponse(tasks=tasks, failures=failures)


def list_tasks(context: Context, request: m.ListTasksRequest) -> m.ListTasksResponse:
    """ARNs of the tasks that match every filter; those that are wanted running unless asked otherwise."""
    cluster = find_cluster(context, request.cluster)
    _check_filters(request)
    desired = request.desired_status or "RUNNING"
    tasks = _candidates(context, cluster, request)
    if request.launch_type or request.family or request.started_by:
        tasks = [task for task in tasks if _matches(task, request)]
    arns = [task.arn for task in tasks if task.desired_status == desired]
    found, token = page(arns, request.next_token, request.max_results)
    return m.ListTasksResponse(task_arns=list(found), next_token=token)


def _check_filters(request: m.ListTasksRequest) -> None:
    """Some filters stand alone; a desired status goes with each of them."""
    if request.started_by and any(
        (request.service_name, request.family, request.container_instance, request.launch_type)
    ):
        raise m.InvalidParameterException("cannot specify startedBy with other arguments")
    if request.service_name and any((request.family, request.container_instance)):
        raise m.InvalidParameterException("cannot specify serviceName with other arguments")


def _candidates(context: Context, cluster: ClusterRecord, request: m.ListTasksRequest) -> Sequence[TaskRecord]:
    """The cluster's tasks, as far as an index narrows them down."""
    tasks = context.store.tasks
    if request.daemon_name:
        daemon = context.scope.daemon(cluster.name, request.daemon_name)
        if daemon not in context.store.daemons:
            raise m.ClientException("The specified daemon was not found.")
        return tasks.where("daemon", daemon)
    if request.service_name:
        return tasks.where("service", the_service(context, cluster, request.service_name).arn)
    if request.container_instance:
        arn = context.scope.container_instance(cluster.name, last_part(request.container_instance))
        given = request.container_instance
        if context.store.instances.get(arn) is None or (given.startswith("arn:") and given != arn):
            raise m.InvalidParameterException(f"Referenced container instance {last_part(given)} not found.")
        return tasks.where("instance", arn)
    return tasks.where("cluster", cluster.arn)


def rooms(context: Context, cluster: ClusterRecord) -> list[Room]:
    """What is left of each container instance of the cluster."""
    store = context.store
    return [Room(i, store.tasks.where("instance", i.arn)) for i in store.instances.where("cluster", cluster.arn)]


def _check_run(request: m.RunTaskRequest, definition: m.TaskDefinition, options: LaunchOptions) -> None:
    """Whether the definition can be run as the request says. Raises modelled errors."""
    check_length("startedBy", request.started_by, LONGEST_STARTED_BY)
    validate_overrides(definition, request.overrides, launch_type="FARGATE" if options.fargate else "EC2")
    check_placement(definition, request.placement_constraints, request.placement_strategy, fargate=options.fargate)
    check_volumes(definition, request.volume_configurations or (), fargate=options.fargate)
    if request.enable_execute_command:
        check_task_role(definition, request.overrides, NO_TASK_ROLE)


def _spec(
    request: m.RunTaskRequest, cluster: ClusterRecord, definition: TaskDefinitionRecord, options: LaunchOptions
) -> TaskSpec:
    return TaskSpec(
        cluster=cluster,
        definition=definition,
        launch_type=options.launch_type or "",
        group=request.group or f"family:{definition.family}",
        started_by=request.started_by,
        overrides=request.overrides,
        network_configuration=request.network_configuration,
        platform_version=request.platform_version,
        enable_execute_command=bool(request.enable_execute_command),
        tags=tags_of(request, cluster, definition),
        constraints=tuple(request.placement_constraints or ()),
        strategies=tuple(request.placement_strategy or ()),
        volumes=tuple(request.volume_configurations or ()),
    )


def tags_of(
    request: m.RunTaskRequest | m.StartTaskRequest, cluster: ClusterRecord, definition: TaskDefinitionRecord
) -> tuple[m.Tag, ...]:
    """The tags of new tasks: those that are given, propagated and ECS's own. Raises InvalidParameterException."""
    given = validate_tags(request.tags)
    if request.propagate_tags == "SERVICE":
        raise m.InvalidParameterException("Tags cannot be propagated from a service to a standalone task.")
    keys = {tag.key for tag in given}
    propagated: Sequence[m.Tag] = definition.tags if request.propagate_tags == "TASK_DEFINITION" else ()
    tags = validate_tags(given + tuple(tag for tag in propagated if tag.key not in keys))
    if request.enable_ecs_managed_tags:
        tags += (m.Tag(key="aws:ecs:clusterName", value=cluster.name),)
    return tags


def find_task(context: Context, cluster: ClusterRecord, reference: str) -> TaskRecord | None:
    """The task that a request names by id or ARN, if it is one of the cluster's."""
    if not reference.startswith("arn:") and len(reference) not in ID_LENGTHS:
        raise m.InvalidParameterException("taskId length should be one of [32,36]")
    task = context.store.tasks.get(context.scope.task(cluster.name, last_part(reference)))
    if task is None or (reference.startswith("arn:") and reference != task.arn):
        return None
    return task


def find_tasks(
    context: Context, cluster: ClusterRecord, references: Sequence[str]
) -> Iterator[tuple[str, TaskRecord | None]]:
    """Each reference's ARN and task, in order, each task once."""
    seen = set()
    for reference in references:
        task = find_task(context, cluster, reference)
        arn = reference if reference.startswith("arn:") else context.scope.task(cluster.name, reference)
        if arn not in seen:
            seen.add(arn)
            yield arn, task


def _matches(task: TaskRecord, request: m.ListTasksRequest) -> bool:
    if request.launch_type and task.launch_type != request.launch_type:
        return False
    if request.family and task.family_key != task.scope.family(request.family):
        return False
    return not request.started_by or task.started_by == request.started_by
