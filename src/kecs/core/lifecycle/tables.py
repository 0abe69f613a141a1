"""Every status that a task or a container can have, and every way from one to the next.

The order of a task's statuses is AWS's:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
What is missing from a row cannot happen there: `task_step` and `container_step` answer None and the caller lets the
event go. That is how a report that comes late or twice does no harm.
"""

from __future__ import annotations

from typing import Literal

from kecs.core.records import ContainerPhase, TaskStatus

TaskEvent = Literal["provisioned", "launched", "activated", "stop", "deactivated", "exited", "released"]

TASK_TRANSITIONS: dict[TaskStatus, dict[TaskEvent, TaskStatus]] = {
    # The task's network interface is being made. Nothing has run, so a stop only has to take that back.
    "PROVISIONING": {"provisioned": "PENDING", "stop": "DEPROVISIONING"},
    # Images are pulled and containers created. Some of them may run already, so a stop takes the long way.
    "PENDING": {"launched": "ACTIVATING", "stop": "DEACTIVATING"},
    # Every container has been started; what gives the task traffic registers it.
    "ACTIVATING": {"activated": "RUNNING", "stop": "DEACTIVATING"},
    "RUNNING": {"stop": "DEACTIVATING"},
    # What gives the task traffic lets go of it first; only then do its containers get the stop signal.
    "DEACTIVATING": {"deactivated": "STOPPING"},
    "STOPPING": {"exited": "DEPROVISIONING"},
    # Network interface, volumes and containers are removed.
    "DEPROVISIONING": {"released": "STOPPED"},
    "STOPPED": {},
}

ContainerEvent = Literal["pull", "pulled", "start", "started", "restart", "stop", "exited", "failed"]

CONTAINER_TRANSITIONS: dict[ContainerPhase, dict[ContainerEvent, ContainerPhase]] = {
    # `stop` before there is anything to stop ends the container on the spot.
    "WAITING": {"pull": "PULLING", "failed": "STOPPED", "stop": "STOPPED"},
    "PULLING": {"pulled": "PULLED", "failed": "STOPPED", "stop": "STOPPED"},
    "PULLED": {"start": "STARTING", "failed": "STOPPED", "stop": "STOPPED"},
    "STARTING": {"started": "RUNNING", "stop": "CANCELLING", "failed": "STOPPED", "exited": "STOPPED"},
    # It is to stop, and may run for a moment before it does, or never: that is in the runtime's hands.
    "CANCELLING": {"started": "STOPPING", "failed": "STOPPED", "exited": "STOPPED"},
    "RUNNING": {"restart": "EXITED", "stop": "STOPPING", "exited": "STOPPED"},
    # Its restart policy wants it to run again.
    "EXITED": {"start": "RESTARTING", "failed": "STOPPED", "stop": "STOPPED"},
    # The one way back there is.
    "RESTARTING": {"started": "RUNNING", "stop": "STOPPING", "failed": "STOPPED", "exited": "STOPPED"},
    # `failed`: it was restarting, and that did not come about.
    "STOPPING": {"failed": "STOPPED", "exited": "STOPPED"},
    "STOPPED": {},
}

CONTAINER_STATUS: dict[ContainerPhase, str] = {
    "WAITING": "PENDING",
    "PULLING": "PENDING",
    "PULLED": "PENDING",
    "STARTING": "PENDING",
    "CANCELLING": "PENDING",
    "RUNNING": "RUNNING",
    "EXITED": "RUNNING",
    "RESTARTING": "RUNNING",
    "STOPPING": "RUNNING",
    "STOPPED": "STOPPED",
}
"""What DescribeTasks shows as a container's lastStatus."""


def task_step(status: TaskStatus, event: TaskEvent) -> TaskStatus | None:
    """The status after the event, or None when the event means nothing in this status."""
    return TASK_TRANSITIONS[status].get(event)


def container_step(phase: ContainerPhase, event: ContainerEvent) -> ContainerPhase | None:
    """The phase after the event, or None when the event means nothing in this phase."""
    return CONTAINER_TRANSITIONS[phase].get(event)
