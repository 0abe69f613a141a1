"""What the agent of a container instance says of a task, made into what happens to the task.

An agent speaks in statuses, a runtime in reports (`core.tasks.reports`). Here the one becomes the other, so that the
rest of a task's life is the same whoever runs it. Called by its supervisor for each Submission, in order; `submit`
and `orphaned` by the handlers that take them in.
"""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.records import ContainerRecord, Submission, TaskRecord
from kecs.core.tasks.apply import apply
from kecs.core.tasks.changes import ESSENTIAL_EXITED, change_container, container_of, request_stop
from kecs.core.tasks.reports import Exited, Failed, Provisioned, Started

R = TypeVar("R", TaskRecord, ContainerRecord)

TASK_STATUSES = ("PENDING", "MANIFEST_PULLED", "PULLED", "CREATED", "RUNNING", "STOPPED")
CONTAINER_STATUSES = (*TASK_STATUSES, "RESOURCES_PROVISIONED")
ATTACHMENT_STATUSES = (
    "PRECREATED",
    "CREATED",
    "ATTACHING",
    "ATTACHED",
    "DETACHING",
    "DETACHED",
    "DELETED",
    "FAILED",
)
"""What an agent may say; https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html"""

FORCED = "Container instance deregistration forced by user"
NOT_STARTED = "Task failed to start"
NOT_ATTACHED = "ResourceInitializationError: failed to attach the network interface of the task"


def submit(task: TaskRecord, submission: Submission) -> TaskRecord:
    """The task with one more thing said of it; its supervisor looks at it next."""
    return replace(task, submitted=(*task.submitted, submission))


def orphaned(task: TaskRecord, now: float) -> TaskRecord:
    """A task whose container instance is deregistered: it stops, and no agent will tell that it has."""
    task = request_stop(task, "UserInitiated", FORCED, now)
    return submit(task, Submission(at=now, status="STOPPED")) if task.agent_driven else task


def taken_over(task: TaskRecord) -> TaskRecord:
    """A task that KECS has run so far, once its agent has spoken of it. It stays where it was in its life."""
    return replace(task, agent_driven=True, containers=tuple(map(_of_agent, task.containers)))


def _of_agent(container: ContainerRecord) -> ContainerRecord:
    """Agents tell of no health, and restart containers by themselves."""
    phase = "RUNNING" if container.phase in ("EXITED", "RESTARTING") else container.phase
    return replace(container, health=None, phase=phase)


def observe(task: TaskRecord, said: Submission) -> TaskRecord:
    """The task after what its agent said. Only its containers, attachments and wishes change; `step` does the rest."""
    times = {
        "pull_started_at": said.pull_started_at,
        "pull_stopped_at": said.pull_stopped_at,
        "execution_stopped_at": said.execution_stopped_at,
    }
    task = _with(task, **times)
    for attachment in said.attachments:
        task = _attachment(task, attachment, said.at)
    if said.containers or said.status not in (None, "STOPPED"):
        task = apply(task, Provisioned(task=task.arn))  # an agent that is that far has its network
    if said.status == "STOPPED" and said.reason:
        task = _wished(task, said)  # the agent knows better than the exits of its containers why
    for change in said.containers:
        task = _container(task, change, said.at)
    for agent in said.managed_agents:
        task = _managed_agent(task, agent, said.at)
    if said.status == "RUNNING":
        for container in task.containers:
            if container.phase not in ("RUNNING", "STOPPED"):
                task = _running(task, container, m.ContainerStateChange(), said.at)
    elif said.status == "STOPPED":
        task = _stopped(task, said)
    return task


def _container(task: TaskRecord, change: m.ContainerStateChange, at: float) -> TaskRecord:
    container = container_of(task, change.container_name or "")
    if container is None or container.phase == "STOPPED":
        return task
    if change.status == "RUNNING":
        return _running(task, container, change, at)
    known = _with(container, runtime_id=change.runtime_id, image_digest=change.image_digest)
    if change.status != "STOPPED":
        return _replaced(task, container, known)
    if change.exit_code is None and container.phase not in ("RUNNING", "STOPPING"):
        return apply(
            _replaced(task, container, known),
            Failed(task=task.arn, container=container.name, reason=change.reason or NOT_STARTED, at=at),
        )
    known = _with(known, reason=change.reason, network_bindings=_bindings(change))
    if container.phase != "RUNNING":
        known = replace(known, phase="STOPPING" if container.phase == "STOPPING" else "STARTING")
    return apply(
        _replaced(task, container, known),
        Exited(task=task.arn, container=container.name, at=at, exit_code=change.exit_code),
    )


def _running(task: TaskRecord, container: ContainerRecord, change: m.ContainerStateChange, at: float) -> TaskRecord:
    known = _with(container, image_digest=change.image_digest)
    if container.phase in ("RUNNING", "STOPPING"):
        known = _with(known, runtime_id=change.runtime_id, network_bindings=_bindings(change))
        return _replaced(task, container, known)
    # What came before the start the agent has done by itself, in an order of its own.
    known = replace(known, phase="STARTING")
    started = Started(
        task=task.arn,
        container=container.name,
        runtime_id=change.runtime_id or container.runtime_id or "",
        at=at,
        network_bindings=_bindings(change) or (),
    )
    return apply(_replaced(task, container, known), started)


def _stopped(task: TaskRecord, said: Submission) -> TaskRecord:
    """The agent has nothing left of the task."""
    task = _wished(task, said)
    for container in task.containers:
        ended = change_container(task, container, "exited", finished_at=said.at)
        task = change_container(task, container, "stop") if ended is task else ended
    return task


def _wished(task: TaskRecord, said: Submission) -> TaskRecord:
    """The task with the reason why its agent has stopped it, unless somebody else wanted it stopped before."""
    ran = task.started_at is not None or any(change.exit_code is not None for change in said.containers)
    if ran:
        return request_stop(task, "EssentialContainerExited", said.reason or ESSENTIAL_EXITED, said.at)
    return request_stop(task, "TaskFailedToStart", said.reason or NOT_STARTED, said.at)


def _attachment(task: TaskRecord, change: m.AttachmentStateChange, at: float) -> TaskRecord:
    wanted = last_part(change.attachment_arn)
    found = next((attachment for attachment in task.attachments if attachment.id == wanted), None)
    if found is None:
        return task
    if change.status == "ATTACHED" and task.provisioning == "ASKED":
        return apply(task, Provisioned(task=task.arn))
    after = replace(found, status=change.status)
    task = replace(task, attachments=tuple(after if a is found else a for a in task.attachments))
    if change.status == "FAILED":
        return apply(task, Failed(task=task.arn, container=None, reason=NOT_ATTACHED, at=at))
    return task


def _managed_agent(task: TaskRecord, change: m.ManagedAgentStateChange, at: float) -> TaskRecord:
    container = container_of(task, change.container_name)
    if container is None:
        return task
    before = next((agent for agent in container.managed_agents if agent.name == change.managed_agent_name), None)
    after = m.ManagedAgent(
        name=change.managed_agent_name,
        last_status=change.status,
        reason=change.reason,
        last_started_at=at if change.status == "RUNNING" else before.last_started_at if before else None,
    )
    others = tuple(agent for agent in container.managed_agents if agent is not before)
    return _replaced(task, container, replace(container, managed_agents=(*others, after)))


def _bindings(change: m.ContainerStateChange) -> tuple[m.NetworkBinding, ...] | None:
    return None if change.network_bindings is None else tuple(change.network_bindings)


def _with(record: R, **members: Any) -> R:
    """The record with those of the members that are known."""
    known = {name: value for name, value in members.items() if value is not None}
    return replace(record, **known) if known else record


def _replaced(task: TaskRecord, before: ContainerRecord, after: ContainerRecord) -> TaskRecord:
    return replace(task, containers=tuple(after if c is before else c for c in task.containers))
