"""StartTask: a task on each of the container instances that the caller names."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.capacity import launch_type_of
from kecs.core.instances import is_external
from kecs.core.placement import Room, rules_of
from kecs.core.records import ClusterRecord, InstanceRecord, TaskDefinitionRecord, TaskRecord
from kecs.core.taskdefs.overrides import validate_overrides
from kecs.core.tasks.create import TaskSpec, needs_of, new_task
from kecs.core.tasks.options import LaunchOptions, check_launch
from kecs.core.tasks.rules import check_task_role, check_volumes
from kecs.core.tasks.view import task_view
from kecs.services.context import Context
from kecs.services.ecs.container_instances import NONE_GIVEN, find_instance
from kecs.services.ecs.finding import find_cluster
from kecs.services.ecs.task_definitions import runnable_task_definition
from kecs.services.ecs.tasks import NO_TASK_ROLE, tags_of


def start_task(context: Context, request: m.StartTaskRequest) -> m.StartTaskResponse:
    """New tasks where they were wanted; why an instance did not get its one comes back in `failures`."""
    cluster = find_cluster(context, request.cluster)
    if not request.container_instances:
        raise m.InvalidParameterException(NONE_GIVEN)
    definition = runnable_task_definition(context.store, context.scope, request.task_definition)
    _check(request, definition.definition)
    started, failures = [], []
    for reference in request.container_instances:
        record = find_instance(context, cluster, reference)
        if record is None:
            arn = (
                reference if reference.startswith("arn:") else context.scope.container_instance(cluster.name, reference)
            )
            failures.append(m.Failure(arn=arn, reason="MISSING"))
            continue
        task, reason = _start(context, request, _spec(request, cluster, definition, record), record)
        if task is None:
            failures.append(m.Failure(arn=record.arn, reason=reason))
        else:
            context.store.tasks.put(task)
            started.append(task_view(task, tags=True))
    return m.StartTaskResponse(tasks=started, failures=failures)


def _start(
    context: Context, request: m.StartTaskRequest, spec: TaskSpec, record: InstanceRecord
) -> tuple[TaskRecord | None, str | None]:
    """The new task, or AWS's reason why the instance does not take it. Raises what makes the whole call impossible."""
    check_launch(spec.definition, LaunchOptions(spec.launch_type, ()), request.network_configuration, None)
    room, needs = Room(record, context.store.tasks.where("instance", record.arn)), needs_of(spec)
    forbidden = context.refuse(spec) if context.refuse is not None else None
    reason = forbidden or room.lacks(needs, rules_of(spec.definition.definition, spec.group))
    if reason is not None:
        return None, reason
    gpus = room.give(needs, spec.group)
    return new_task(spec, record, needs, context.now, context.ids.hex32, context.ids.uuid, gpus), None


def _check(request: m.StartTaskRequest, definition: m.TaskDefinition) -> None:
    """Whether the definition can be run as the request says. Raises modelled errors."""
    validate_overrides(definition, request.overrides, launch_type="EC2")
    check_volumes(definition, request.volume_configurations or ())
    if request.enable_execute_command:
        check_task_role(definition, request.overrides, NO_TASK_ROLE)


def _spec(
    request: m.StartTaskRequest, cluster: ClusterRecord, definition: TaskDefinitionRecord, record: InstanceRecord
) -> TaskSpec:
    provider = record.instance.capacity_provider_name
    return TaskSpec(
        cluster=cluster,
        definition=definition,
        launch_type="EXTERNAL" if is_external(record) else launch_type_of(provider or "", cluster.managed),
        group=request.group or f"family:{definition.family}",
        started_by=request.started_by,
        overrides=request.overrides,
        network_configuration=request.network_configuration,
        enable_execute_command=bool(request.enable_execute_command),
        tags=tags_of(request, cluster, definition),
        capacity_provider_name=provider,
        volumes=tuple(request.volume_configurations or ()),
    )
