"""What the agent of a container instance calls: where to poll, and what has come of the tasks that it runs.

KECS's runtime runs the tasks of a container instance until its agent takes part: what is placed there after a call of
DiscoverPollEndpoint or of a Submit operation is the agent's to run, and so is a task from before as soon as the agent
speaks of it. See docs/guides/container-instances.md.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.instances import has_agent
from kecs.core.instances.changes import with_agent
from kecs.core.records import ClusterRecord, InstanceRecord, Submission, TaskRecord
from kecs.core.tasks.agent import ATTACHMENT_STATUSES, CONTAINER_STATUSES, TASK_STATUSES, submit
from kecs.core.tasks.changes import container_of
from kecs.services.context import Context
from kecs.services.ecs.container_instances import open_instance
from kecs.services.ecs.finding import find_cluster

ACKNOWLEDGMENT = "ACK"
NO_TASK = "The referenced task was not found."
NOT_THE_AGENTS = (
    "The task is run by KECS itself. An agent can submit the state of tasks on container instances that it has "
    "registered."
)


def discover_poll_endpoint(context: Context, request: m.DiscoverPollEndpointRequest) -> m.DiscoverPollEndpointResponse:
    """From now on the agent runs what is placed on its instance, and is connected."""
    if request.container_instance:
        try:
            cluster = find_cluster(context, request.cluster)
        except m.ClusterNotFoundException as error:
            raise m.ClientException(error.message) from None
        record = open_instance(context, cluster, request.container_instance)
        context.store.instances.put(replace(with_agent(record, True, context.now), agent_driven=True))
    url = context.settings.endpoint
    return m.DiscoverPollEndpointResponse(endpoint=url, telemetry_endpoint=url, service_connect_endpoint=url)


def submit_task_state_change(
    context: Context, request: m.SubmitTaskStateChangeRequest
) -> m.SubmitTaskStateChangeResponse:
    cluster = find_cluster(context, request.cluster)
    task = _task(context, cluster, request.task)
    containers, agents = request.containers or (), request.managed_agents or ()
    _check_status("task", request.status, TASK_STATUSES)
    _check_containers(task, [change.container_name for change in containers])
    _check_containers(task, [change.container_name for change in agents])
    for change in containers:
        _check_status("container", change.status, CONTAINER_STATUSES)
    for attachment in request.attachments or ():
        _check_status("attachment", attachment.status, ATTACHMENT_STATUSES)
        if last_part(attachment.attachment_arn) not in {known.id for known in task.attachments}:
            raise _no_attachment(attachment)
    _take(
        context,
        task,
        Submission(
            at=context.now,
            status=request.status,
            reason=request.reason,
            containers=tuple(containers),
            attachments=tuple(request.attachments or ()),
            managed_agents=tuple(agents),
            pull_started_at=request.pull_started_at,
            pull_stopped_at=request.pull_stopped_at,
            execution_stopped_at=request.execution_stopped_at,
        ),
    )
    return m.SubmitTaskStateChangeResponse(acknowledgment=ACKNOWLEDGMENT)


def submit_container_state_change(
    context: Context, request: m.SubmitContainerStateChangeRequest
) -> m.SubmitContainerStateChangeResponse:
    cluster = find_cluster(context, request.cluster)
    task = _task(context, cluster, request.task)
    _check_containers(task, [request.container_name])
    _check_status("container", request.status, CONTAINER_STATUSES)
    change = m.ContainerStateChange(
        container_name=request.container_name,
        runtime_id=request.runtime_id,
        status=request.status,
        exit_code=request.exit_code,
        reason=request.reason,
        network_bindings=request.network_bindings,
    )
    _take(context, task, Submission(at=context.now, containers=(change,)))
    return m.SubmitContainerStateChangeResponse(acknowledgment=ACKNOWLEDGMENT)


def submit_attachment_state_changes(
    context: Context, request: m.SubmitAttachmentStateChangesRequest
) -> m.SubmitAttachmentStateChangesResponse:
    """Network interfaces of tasks, by attachment; each has to be one of a task that an agent may run."""
    cluster = find_cluster(context, request.cluster)
    tasks = [task for task in context.store.tasks.where("cluster", cluster.arn) if _agent_of(context, task)]
    owners = {attachment.id: task.arn for task in tasks for attachment in task.attachments}
    for change in request.attachments:
        _check_status("attachment", change.status, ATTACHMENT_STATUSES)
        owner = context.store.tasks.get(owners.get(last_part(change.attachment_arn), ""))
        if owner is None:
            raise _no_attachment(change)
        _take(context, owner, Submission(at=context.now, attachments=(change,)))
    return m.SubmitAttachmentStateChangesResponse(acknowledgment=ACKNOWLEDGMENT)


def _task(context: Context, cluster: ClusterRecord, reference: str | None) -> TaskRecord:
    """The task that an agent speaks of, by id or ARN."""
    if not reference:
        raise m.InvalidParameterException("Task can not be blank.")
    arn = context.scope.task(cluster.name, last_part(reference))
    task = context.store.tasks.get(arn) if reference in (arn, last_part(arn)) else None
    if task is None:
        raise m.InvalidParameterException(NO_TASK)
    if _agent_of(context, task) is None:
        raise m.ClientException(NOT_THE_AGENTS)
    return task


def _agent_of(context: Context, task: TaskRecord) -> InstanceRecord | None:
    """The container instance whose agent may speak of the task."""
    record = context.store.instances.get(task.container_instance_arn or "")
    return record if record is not None and has_agent(record) else None


def _take(context: Context, task: TaskRecord, submission: Submission) -> None:
    """Hand it to the task's supervisor. What is said of a task that has stopped changes nothing: agents repeat it."""
    record = _agent_of(context, task)
    if record is not None and not record.agent_driven and record.instance.status != "INACTIVE":
        context.store.instances.put(replace(with_agent(record, True, context.now), agent_driven=True))
    if task.last_status != "STOPPED":
        context.store.tasks.put(submit(task, submission))


def _check_containers(task: TaskRecord, names: Sequence[str | None]) -> None:
    for name in names:
        if container_of(task, name or "") is None:
            raise m.InvalidParameterException(f"The referenced container {name or ''} was not found in the task.")


def _check_status(kind: str, status: str | None, known: Collection[str]) -> None:
    if status is not None and status not in known:
        raise m.InvalidParameterException(f"The {kind} status {status} is not one of [{', '.join(known)}].")


def _no_attachment(change: m.AttachmentStateChange) -> m.InvalidParameterException:
    return m.InvalidParameterException(f"The referenced attachment {last_part(change.attachment_arn)} was not found.")
