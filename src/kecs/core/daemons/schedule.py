"""What to do about a daemon now: where to start its task, and which instances to drain.

A daemon never moves onto an instance that is at work already: such an instance is drained, and its capacity provider
replaces it. So there is never more than one task of a daemon on an instance, and none beside a task of the revision
before. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-deployments.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from kecs.core.daemons import rollout
from kecs.core.daemons.fleet import Fleet, Place, State
from kecs.core.records import DaemonDeploymentRecord, DaemonRecord, InstanceRecord, TaskRecord

OURS = "ServiceSchedulerInitiated"  # the stop code of daemon tasks whose instance is drained
EXPECTED = (OURS, "TerminationNotice", "SpotInterruption")
"""Stop codes of daemon tasks that go with their instance."""
LONGEST_WAIT = 60.0  # seconds between two attempts to start a task that does not come to run
SETTLED_AFTER = 30.0  # seconds that a task has to run before the failures before it are forgotten

IMPAIRED = "The daemon {name} on the container instance failed."
REPLACED = "The container instance is replaced by a deployment of the daemon {name}."

Lacks = Callable[[InstanceRecord], "str | None"]


class Drain(NamedTuple):
    """An instance to be drained, and why."""

    instance: str
    reason: str


class Plan(NamedTuple):
    """What becomes of the daemon and its deployment, and what is to be done."""

    daemon: DaemonRecord
    deployment: DaemonDeploymentRecord
    starts: list[InstanceRecord]
    drains: list[Drain]
    accounted: list[str]  # ARNs of stopped tasks that have been counted
    over: bool  # the daemon has been deleted
    wake_at: float | None


def plan(fleet: Fleet, lacks: Lacks) -> Plan:
    """One step. `lacks` says which resource an instance has too little of for the daemon's task (None: it fits)."""
    now, states = fleet.now, fleet.states()
    staying = {place.arn for place, state in states if state != "DRAINING"}
    lost = [t for t in fleet.stopped if t.stop_code not in EXPECTED and t.container_instance_arn in staying]
    drains = _impaired(fleet, states, lost)
    starts, unplaced = _starts(fleet, states, lost, lacks)
    if fleet.daemon.revision_arn in fleet.critical:
        text = IMPAIRED.format(name=fleet.daemon.name)
        drains |= {instance.arn: Drain(instance.arn, text) for instance in unplaced}
    failed = len(unplaced) + sum(task.daemon_revision_arn == fleet.daemon.revision_arn for task in lost)
    daemon = _counted(fleet.daemon, states, failed, now)
    daemon, deployment = rollout.advance(daemon, fleet.deployment, failed, now)
    if rollout.under_way(fleet.deployment) and rollout.under_way(deployment):  # every status is there for a turn
        for place in _outdated(deployment, states, waiting=bool(retry_at(daemon, now))):
            text = REPLACED.format(name=daemon.name)
            drains.setdefault(place.arn, Drain(place.arn, text))
        deployment = _with_drained(deployment, states, drains)
        deployment = rollout.settle(deployment, _unfinished(fleet, deployment, states, drains, bool(starts)), now)
        daemon = rollout.kept(daemon, deployment)
    return Plan(
        daemon=daemon,
        deployment=deployment,
        starts=starts,
        drains=list(drains.values()),
        accounted=[task.arn for task in fleet.stopped],
        over=daemon.status == "DELETE_IN_PROGRESS" and deployment.status == "SUCCESSFUL",
        wake_at=_wake_at(daemon, deployment, states, now),
    )


def retry_at(daemon: DaemonRecord, now: float) -> float | None:
    """Until when no task of the daemon is started, since the last ones failed; None when there is no need to wait."""
    if not daemon.failures or daemon.failed_at is None:
        return None
    at = daemon.failed_at + min(2.0 ** (min(daemon.failures, 10) - 1), LONGEST_WAIT)
    return at if at > now else None


def _impaired(fleet: Fleet, states: list[tuple[Place, State]], lost: list[TaskRecord]) -> dict[str, Drain]:
    """Instances that have lost a critical daemon: its task stopped or is unhealthy."""
    gone = {task.container_instance_arn for task in lost if task.daemon_revision_arn in fleet.critical}
    text = IMPAIRED.format(name=fleet.daemon.name)
    drains = {}
    for place, state in states:
        task = place.task
        sick = task and task.daemon_revision_arn in fleet.critical and task.health == "UNHEALTHY"
        if state != "DRAINING" and place.target and (place.arn in gone or sick):
            drains[place.arn] = Drain(place.arn, text)
    return drains


def _starts(
    fleet: Fleet, states: list[tuple[Place, State]], lost: list[TaskRecord], lacks: Lacks
) -> tuple[list[InstanceRecord], list[InstanceRecord]]:
    """The instances on which a task is started, and those that have no room for it."""
    daemon = fleet.daemon
    if fleet.deployment.status == "STOP_REQUESTED" or retry_at(daemon, fleet.now):
        return [], []
    just_lost = {task.container_instance_arn for task in lost}
    bare = [
        place.instance
        for place, state in states
        if state == "BARE" and place.arn not in just_lost and place.instance.instance.agent_connected
    ]
    unplaced = [instance for instance in bare if lacks(instance)]
    return [instance for instance in bare if instance not in unplaced], unplaced


def _counted(daemon: DaemonRecord, states: list[tuple[Place, State]], failed: int, now: float) -> DaemonRecord:
    """The daemon with its failures in a row; they are forgotten once a task has run for a while."""
    if failed:
        return replace(daemon, failures=daemon.failures + failed, failed_at=now)
    if daemon.failures and any(at <= now for at in _settling(daemon, states)):
        return replace(daemon, failures=0, failed_at=None)
    return daemon


def _settling(daemon: DaemonRecord, states: list[tuple[Place, State]]) -> list[float]:
    """When each task that was started since the last failure will have run for a while."""
    started = [place.task.started_at or 0.0 for place, state in states if state == "CURRENT" and place.task]
    return [at + SETTLED_AFTER for at in started if at > (daemon.failed_at or 0.0)]


def _outdated(deployment: DaemonDeploymentRecord, states: list[tuple[Place, State]], *, waiting: bool) -> list[Place]:
    """The instances to be drained next: no more at a time than drainPercent allows, of those that are to stay."""
    if waiting:
        return []
    percent = deployment.configuration.drain_percent or 0.0
    most = max(1, int(sum(state != "DRAINING" for _, state in states) * percent / 100))
    busy = sum(state in ("BARE", "STARTING", "STOPPING") or place.arn in deployment.drained for place, state in states)
    outdated = [place for place, state in states if state == "OUTDATED"]
    return outdated[: max(0, most - busy)]


def _with_drained(
    deployment: DaemonDeploymentRecord, states: list[tuple[Place, State]], drains: dict[str, Drain]
) -> DaemonDeploymentRecord:
    """The deployment with the instances that it drains and that are still there."""
    still = {place.arn for place, state in states if state == "DRAINING" and place.arn in deployment.drained}
    return replace(deployment, drained=tuple(place.arn for place, _ in states if place.arn in still | drains.keys()))


def _unfinished(
    fleet: Fleet,
    deployment: DaemonDeploymentRecord,
    states: list[tuple[Place, State]],
    drains: dict[str, Drain],
    starting: bool,
) -> bool:
    """Whether there is an instance that does not run the revision that it should."""
    if fleet.daemon.status == "DELETE_IN_PROGRESS" and any(place.task for place in fleet.places):
        return True
    return (
        starting
        or bool(drains or deployment.drained)
        or any(state not in ("CURRENT", "DRAINING") for _, state in states)
    )


def _wake_at(
    daemon: DaemonRecord, deployment: DaemonDeploymentRecord, states: list[tuple[Place, State]], now: float
) -> float | None:
    times = [retry_at(daemon, now), rollout.next_change(deployment)]
    if daemon.failures:
        times += _settling(daemon, states)
    return min((at for at in times if at is not None and at > now), default=None)
