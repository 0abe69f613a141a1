"""Sorts a service's tasks into named buckets, one set per deployment, in a single pass. `scheduler` calls it first.

A task counts as healthy once it is RUNNING, wanted, and passes every health check that it has: its containers' and
those of the load balancers whose target it is. AWS waits another 40 seconds for tasks without any; KECS does not, so
that roll-outs are as fast as the containers are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kecs.core import events
from kecs.core.records import DeploymentRecord, TaskRecord
from kecs.core.records.targets import TargetRecord
from kecs.core.scheduling.snapshot import ServiceTask, Snapshot

STARTING = frozenset({"PROVISIONING", "PENDING", "ACTIVATING"})
HEALTH_REASON = "Task failed container health checks"
TARGET_REASON = "Task failed ELB health checks in"
# Stops that were asked for, or that took the capacity away: no failure of the task, whatever it had reached.
ASKED_FOR = frozenset({"ServiceSchedulerInitiated", "UserInitiated", "SpotInterruption", "TerminationNotice"})


@dataclass(slots=True)
class Group:
    """The tasks of one deployment. Each live task is in exactly one of the first six lists, in order of creation."""

    deployment: DeploymentRecord
    pending: list[ServiceTask] = field(default_factory=list)  # not RUNNING yet
    unproven: list[ServiceTask] = field(default_factory=list)  # RUNNING, its health checks have not decided
    healthy: list[ServiceTask] = field(default_factory=list)
    unhealthy: list[ServiceTask] = field(default_factory=list)  # RUNNING, its grace period is over
    stopping: list[ServiceTask] = field(default_factory=list)  # on its way to STOPPED, whoever asked for it
    evicted: list[ServiceTask] = field(default_factory=list)  # not RUNNING yet, and where it cannot stay
    stopped: list[ServiceTask] = field(default_factory=list)  # not accounted for yet
    newest_success: float | None = None  # creation of the newest task that has been RUNNING
    works: bool = False  # a task of it is healthy, wherever that is
    waits: bool = False  # it is not to start tasks yet

    @property
    def live(self) -> list[ServiceTask]:
        """Tasks that are not STOPPED."""
        return [*self.pending, *self.unproven, *self.healthy, *self.unhealthy, *self.stopping, *self.evicted]

    @property
    def present(self) -> int:
        """How many are not STOPPED."""
        running = len(self.unproven) + len(self.healthy) + len(self.unhealthy)
        return running + len(self.pending) + len(self.evicted) + len(self.stopping)

    @property
    def failing(self) -> int:
        """How many are on their way to STOPPED without having run. Nothing takes their place before they have been
        counted: that is when the time of the next attempt is set."""
        return sum(map(failed_to_start, self.stopping))

    @property
    def proven(self) -> bool:
        """A task of the deployment has been running well, so another one may be expected to."""
        return self.deployment.reached_running

    @property
    def given_up(self) -> bool:
        """The deployment has failed, or somebody has ended it: it starts no more tasks. Or it waits and starts none."""
        return self.waits or self.deployment.rollout_state == "FAILED"


@dataclass(slots=True)
class Groups:
    """All tasks of the service. `strays` belong to no deployment: left over from a deleted service of that name."""

    primary: Group
    old: list[Group]  # newest first
    strays: list[ServiceTask]
    draining: Group  # tasks of PRIMARY that are where they cannot stay
    grace_ends: float | None = None  # when the first unhealthy task loses its grace period
    protected: set[str] = field(default_factory=set)  # ARNs of tasks that no deployment and no scaling in may stop
    protection_ends: float | None = None  # when the first of them may be stopped

    @property
    def leaving(self) -> list[Group]:
        """What PRIMARY is to replace; the last go first."""
        return [self.draining, *self.old]

    @property
    def all(self) -> list[Group]:
        return [self.primary, *self.leaving]

    @property
    def deployments(self) -> list[Group]:
        """One for each deployment."""
        return [self.primary, *self.old]


def is_healthy(task: ServiceTask) -> bool:
    """Whether the task is one of those that serve, and is meant to."""
    return task.desired_status == "RUNNING" and serves(task)


def serves(task: ServiceTask | TaskRecord) -> bool:
    """Whether it runs and passes whatever checks there are."""
    checked = not task.has_health_check or task.health == "HEALTHY"
    return task.last_status == "RUNNING" and checked and all(target.health == "healthy" for target in task.targets)


def sick_target(task: ServiceTask) -> TargetRecord | None:
    """A target of the task that fails the health checks of its load balancer."""
    return next((target for target in task.targets if target.health == "unhealthy"), None)


def failed_check(task: ServiceTask) -> str:
    """What an unhealthy task's stoppedReason says."""
    target = None if task.health == "UNHEALTHY" else sick_target(task)
    return HEALTH_REASON if target is None else f"{TARGET_REASON} {events.group_name(target.group)}"


def stopped_for_health(task: ServiceTask) -> bool:
    """Whether the scheduler has stopped the task because it was unhealthy."""
    reason = task.stopped_reason or ""
    return task.stop_code == "ServiceSchedulerInitiated" and reason.startswith((HEALTH_REASON, TARGET_REASON))


def failed_to_start(task: ServiceTask) -> bool:
    """Whether the task, which is stopping or STOPPED, never came to run, and nobody had asked it to stop."""
    return task.started_at is None and task.stop_code not in ASKED_FOR


def sort_tasks(snapshot: Snapshot) -> Groups:
    """Bucket every task of the snapshot. The service has at least one deployment."""
    groups = {d.id: Group(d) for d in snapshot.service.deployments}
    primary, *old = groups.values()
    result = Groups(primary=primary, old=old, strays=[], draining=Group(primary.deployment))
    grace = snapshot.service.service.health_check_grace_period_seconds or 0
    for task in snapshot.tasks:
        group = groups.get(task.deployment_id)
        if group is None:
            result.strays.append(task)
            continue
        if task.protected_until is not None and task.protected_until > snapshot.now:
            _protect(task.arn, task.protected_until, result, snapshot)
        if task.started_at is not None and (group.newest_success is None or task.created_at > group.newest_success):
            group.newest_success = task.created_at
        if task.last_status == "STOPPED":
            group.stopped.append(task)
            continue
        if task.desired_status == "STOPPED" or task.last_status not in (*STARTING, "RUNNING"):
            group.stopping.append(task)
            continue
        starting = task.last_status in STARTING
        healthy = is_healthy(task)
        group.works = group.works or healthy
        if task.draining and group is result.primary:
            group = result.draining
        if starting:
            (group.evicted if task.draining else group.pending).append(task)
        elif healthy:
            group.healthy.append(task)
        elif task.health == "UNHEALTHY" or sick_target(task) is not None:
            _sort_unhealthy(task, group, result, grace, snapshot.now)
        else:
            group.unproven.append(task)
    return result


def _sort_unhealthy(task: ServiceTask, group: Group, groups: Groups, grace: int, now: float) -> None:
    """healthCheckGracePeriodSeconds: failed checks are ignored for that long after the task has started."""
    ends = (now if task.started_at is None else task.started_at) + grace
    if ends <= now:
        group.unhealthy.append(task)
        return
    group.unproven.append(task)
    if groups.grace_ends is None or ends < groups.grace_ends:
        groups.grace_ends = ends


def _protect(task: str, until: float, groups: Groups, snapshot: Snapshot) -> None:
    """Protection is from scaling in and from deployments, not from the end of the whole service."""
    if snapshot.service.status == "ACTIVE":
        groups.protected.add(task)
        groups.protection_ends = until if groups.protection_ends is None else min(groups.protection_ends, until)
