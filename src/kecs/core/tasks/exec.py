"""ECS Exec: what ExecuteCommand refuses, and the agent in each container that makes it possible.

Called by services.ecs.sessions and by a task's view.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

from __future__ import annotations

from typing import Final

from kecs.aws.model import ecs as m
from kecs.core.records import ContainerRecord, TaskRecord
from kecs.core.tasks.changes import container_of

AGENT: Final = "ExecuteCommandAgent"
PATH = "/v1/data-channel/"  # of sessions, as Session Manager's clients know it

NOT_INTERACTIVE = "Interactive is the only mode supported currently."
NO_COMMAND = "Command can not be blank."
NOT_ENABLED = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command "
    "agent isn\N{RIGHT SINGLE QUOTATION MARK}t running. Wait and try again or run a new task with execute command "
    "enabled and try again."
)
NOT_CONNECTED = "The execute command failed due to an internal error. Try again later."
NOT_NAMED = "A container name must be specified for a task with multiple containers."
NO_CONTAINER = "The container {name} was not found in the task."


def agents(task: TaskRecord, container: ContainerRecord) -> tuple[m.ManagedAgent, ...]:
    """The agents of a container: what was submitted of them, else ECS Exec's one, which lives as its container does."""
    if container.managed_agents or not task.enable_execute_command:
        return container.managed_agents
    if container.phase == "STOPPED":
        return (m.ManagedAgent(name=AGENT, last_status="STOPPED", reason="Received Container Stopped event"),)
    if container.started_at is None:
        return (m.ManagedAgent(name=AGENT, last_status="PENDING"),)
    return (m.ManagedAgent(name=AGENT, last_status="RUNNING", last_started_at=container.started_at),)


def check_request(request: m.ExecuteCommandRequest) -> None:
    """What can be said of the request alone. Raises InvalidParameterException."""
    if not request.interactive:
        raise m.InvalidParameterException(NOT_INTERACTIVE)
    if not request.command.strip():
        raise m.InvalidParameterException(NO_COMMAND)


def target(task: TaskRecord, name: str | None) -> ContainerRecord:
    """The container that a command can run in now.

    Raises InvalidParameterException, and TargetNotConnectedException while the container's agent does not run.
    """
    if not task.enable_execute_command:
        raise m.InvalidParameterException(NOT_ENABLED)
    if not name and len(task.containers) > 1:
        raise m.InvalidParameterException(NOT_NAMED)
    container = container_of(task, name) if name else task.containers[0]
    if container is None:
        raise m.InvalidParameterException(NO_CONTAINER.format(name=name))
    running = any(agent.name == AGENT and agent.last_status == "RUNNING" for agent in agents(task, container))
    if not running or container.phase != "RUNNING":
        raise m.TargetNotConnectedException(NOT_CONNECTED)
    return container


def stream_url(endpoint: str, session: str) -> str:
    """Where the session is connected to: a WebSocket of this server, at `endpoint` (http://host:port)."""
    return f"{endpoint.replace('http', 'ws', 1)}{PATH}{session}?role=publish_subscribe"
