"""A daemon's instances as they are: on which its task runs, where it is missing, where it is out of date.

`control.daemons` takes this snapshot; `schedule`, `rollout` and `view` read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kecs.core.records import (
    DaemonDeploymentRecord,
    DaemonRecord,
    DaemonTarget,
    InstanceRecord,
    TaskRecord,
)

State = Literal["CURRENT", "STARTING", "STOPPING", "BARE", "OUTDATED", "DRAINING"]
"""CURRENT: its task runs. BARE: it is to get one. OUTDATED: it has to be replaced, since a daemon's task is only ever
started on an instance that has nothing else to do yet."""

COMING = ("PROVISIONING", "PENDING", "ACTIVATING")
LEAVING = ("DRAINING", "DEREGISTERING")
PRESENT = ("REGISTERING", "ACTIVE", *LEAVING)


class Place(NamedTuple):
    """An instance as a daemon sees it."""

    instance: InstanceRecord
    target: DaemonTarget | None  # None: it has a task of the daemon and should not
    task: TaskRecord | None  # the daemon's, if it has not stopped

    @property
    def arn(self) -> str:
        return self.instance.arn

    @property
    def provider(self) -> str:
        return self.instance.instance.capacity_provider_name or ""

    def state(self, revision_arn: str) -> State:
        """How it stands with this revision on it."""
        shown = self.instance.instance
        if shown.status in LEAVING:
            return "DRAINING"
        if self.task is None:
            new = self.target and (shown.status == "REGISTERING" or (shown.registered_at or 0.0) >= self.target.since)
            return "BARE" if new else "OUTDATED"
        if self.target is None or self.task.daemon_revision_arn != revision_arn:
            return "OUTDATED"
        if self.task.desired_status == "STOPPED":
            return "STOPPING"
        return "CURRENT" if is_up(self.task) else "STARTING"


def is_up(task: TaskRecord) -> bool:
    """Whether the task runs and, where it is checked, is healthy."""
    return task.last_status == "RUNNING" and (task.health == "HEALTHY" or not task.has_health_check)


@dataclass(frozen=True, slots=True)
class Fleet:
    """A daemon and its instances at one moment."""

    daemon: DaemonRecord
    deployment: DaemonDeploymentRecord  # the latest
    places: tuple[Place, ...]  # in the order in which they registered
    stopped: tuple[TaskRecord, ...]  # the daemon's tasks that have stopped and are not counted yet
    critical: Collection[str]  # ARNs of its revisions whose loss an instance does not survive
    now: float

    def states(self) -> list[tuple[Place, State]]:
        return [(place, place.state(self.daemon.revision_arn)) for place in self.places]


def fleet(
    daemon: DaemonRecord,
    deployment: DaemonDeploymentRecord,
    instances: Iterable[InstanceRecord],
    tasks: Iterable[TaskRecord],
    critical: Collection[str],
    now: float,
) -> Fleet:
    """The daemon with what concerns it of its cluster's `instances` and its own `tasks`."""
    targets = {target.provider: target for target in daemon.targets} if daemon.status == "ACTIVE" else {}
    live, stopped = {}, []
    for task in tasks:
        if task.last_status != "STOPPED":
            live[task.container_instance_arn] = task
        elif not task.accounted:
            stopped.append(task)
    places = []
    for instance in instances:
        target, task_there = targets.get(instance.instance.capacity_provider_name or ""), live.get(instance.arn)
        if instance.instance.status in PRESENT and (target or task_there):
            places.append(Place(instance, target, task_there))
    return Fleet(daemon, deployment, tuple(places), tuple(stopped), critical, now)
