"""The service scheduler: a snapshot goes in, a plan comes out.

`control.services.loop` calls `plan` whenever the service or one of its tasks has changed and when a plan asked to be
woken, commits the plan, tries to place what it launches, and tells `after_launch` how that went. The work is split:
`counts` sorts the tasks, `backoff` keeps account of failures, `rollout` decides for the REPLICA strategy and `daemon`
for DAEMON, and this module turns the decision into records and events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from kecs.core import events
from kecs.core.events import NewId
from kecs.core.records import DeploymentRecord, ServiceRecord
from kecs.core.scheduling import apart, backoff, daemon, targets, zones
from kecs.core.scheduling.breaker import TRIPPED, counts_on, trips
from kecs.core.scheduling.counts import STARTING, Group, Groups, failed_check, sick_target, sort_tasks
from kecs.core.scheduling.deployments import complete, give_up
from kecs.core.scheduling.limits import Limits, limits
from kecs.core.scheduling.plan import Launch, Plan, Stop
from kecs.core.scheduling.rollout import Decision, decide
from kecs.core.scheduling.snapshot import ServiceTask, Snapshot

# AWS: DRAINING ends when all tasks have moved on to STOPPING or STOPPED.
GONE = frozenset({"STOPPING", "DEPROVISIONING", "STOPPED"})


def plan(snapshot: Snapshot, new_id: NewId) -> Plan:
    """What to do about the service now. `new_id` makes the ids of the events that this writes."""
    if snapshot.places is not None:
        snapshot = daemon.with_places(snapshot, snapshot.places)
    service, now = snapshot.service, snapshot.now
    stopped = tuple(t.arn for t in snapshot.tasks if t.last_status == "STOPPED")
    if service.status == "INACTIVE":
        return Plan(service=service, accounted=stopped)
    service, told = targets.tell(service, snapshot.tasks, now, new_id)
    if service.status == "DRAINING" and all(t.last_status in GONE for t in snapshot.tasks):
        service = replace(service, status="INACTIVE", deployments=(), steady=False)
        return Plan(service=service, accounted=stopped, told=told)
    groups, bounds = sort_tasks(snapshot), limits(service)
    service = _account(service, groups, bool(stopped) or snapshot.more_room, now, new_id)
    service = _break(service, groups, now, new_id)
    service, holding = zones.hold(service, groups, bounds, snapshot, new_id)
    counts = snapshot.apart if snapshot.places is None else None
    if snapshot.places is not None:
        groups.primary.waits = snapshot.apart is not None
        decision = daemon.decide(groups, snapshot.places, bounds, now)
    elif counts is not None:
        decision = apart.decide(service, groups, counts, now)
    else:
        decision = decide(groups, holding, now)
    service = zones.stop(service, groups, bounds, decision)
    service = _write_stops(service, decision, now, new_id)
    service = _with_deployments(service, groups, decision, bounds, counts, now)
    service = _settle(service, groups, decision, bounds, now, new_id, held=snapshot.held)
    service = zones.start(service, groups, bounds, decision, snapshot, new_id)
    return Plan(
        service=service,
        launches=tuple(decision.launches),
        stops=_stops(decision, bounds),
        accounted=stopped,
        told=told,
        wake_at=_wake_at(service, groups, decision),
    )


def after_launch(
    service: ServiceRecord,
    launch: Launch,
    started: Sequence[str],
    failures: Sequence[str],
    now: float,
    new_id: NewId,
    closest: str | None = None,
) -> ServiceRecord:
    """The service after control tried to place a launch of its plan.

    `started` are the ARNs of the tasks that it created. `failures` are the reasons, in the words of RunTask's
    failures (RESOURCE:MEMORY …), one for each task that found no place; `closest` is the ARN or id of the container
    instance that came closest, if there was one.
    """
    deployment = next((d for d in service.deployments if d.id == launch.deployment_id), None)
    if deployment is None:
        return service
    if launch.zone:
        return zones.after_launch(service, launch, started, failures, now, new_id)
    if started:
        text = events.started(started, replaced=min(launch.replaces, len(started)))
        service = events.record(service, text, now, new_id)
    after = backoff.after_placement(deployment, len(started), len(failures), now, counts_on=counts_on(service))
    service = _replace_deployment(service, after)
    if not failures:
        return service
    text = events.not_placed(failures[0], closest)
    service = events.record_once(service, text, events.kind_of(text), now, new_id)
    if started:
        text = events.not_all_launched(len(failures), deployment.id, failures[0])
        service = events.record_once(service, text, events.kind_of(text), now, new_id)
    return backoff.report_throttle(service, deployment.consecutive_failures, after, now, new_id)


def _account(service: ServiceRecord, groups: Groups, more_room: bool, now: float, new_id: NewId) -> ServiceRecord:
    """Update every deployment's counters, in the groups and in the service."""
    for group in groups.deployments:
        service = _tell_failures(service, group, now, new_id)
        before = group.deployment
        after = backoff.account(group, now, counts_on=counts_on(service))
        if more_room:
            after = backoff.room_appeared(after, now)
        if after is not before:
            group.deployment = after
            service = _replace_deployment(service, after)
            service = backoff.report_throttle(service, before.consecutive_failures, after, now, new_id)
    return service


def _tell_failures(service: ServiceRecord, group: Group, now: float, new_id: NewId) -> ServiceRecord:
    """Why tasks have failed to start that are on no container instance: those of Fargate, mostly."""
    for task in group.stopped:
        reason = task.stopped_reason or ""
        if task.instance is None and task.stop_code == "TaskFailedToStart" and reason.startswith(events.NO_PLACE):
            service = events.record_once(service, events.unable(reason), events.UNABLE, now, new_id)
    return service


def _break(service: ServiceRecord, groups: Groups, now: float, new_id: NewId) -> ServiceRecord:
    """Give PRIMARY up if its circuit breaker says so; `core.deployments` sees to the way back."""
    primary = groups.primary.deployment
    if not trips(service, primary):
        return service
    service = give_up(service, TRIPPED, now)
    groups.primary.deployment = service.deployments[0]
    return events.record(service, events.deployment_failed(primary.id), now, new_id)


def _write_stops(service: ServiceRecord, decision: Decision, now: float, new_id: NewId) -> ServiceRecord:
    for task in decision.unhealthy:
        target = None if task.health == "UNHEALTHY" else sick_target(task)
        text = (
            events.failed_health_check(task.arn)
            if target is None
            else events.unhealthy_target(task.arn, task.host, target)
        )
        service = events.record(service, text, now, new_id)
    stops = [*decision.unhealthy, *decision.surplus]
    pending = sum(t.last_status in STARTING for t in stops)
    running = [t.arn for t in stops if t.last_status not in STARTING]
    if pending:
        service = events.record(service, events.stopped_pending(pending), now, new_id)
    if running:
        service = events.record(service, events.stopped_running(running), now, new_id)
    for zone in sorted({task.zone or "" for task in decision.moved}):
        text = events.stopped_in(zone, [t.arn for t in decision.moved if (t.zone or "") == zone])
        service = events.record(service, text, now, new_id)
    if decision.stuck:
        service = events.record_once(service, events.STUCK, events.STUCK, now, new_id)
    for deployment in decision.protected:
        service = events.record_once(service, events.held_by_protection(deployment), events.PROTECTED, now, new_id)
    return service


def _stops(decision: Decision, bounds: Limits) -> tuple[Stop, ...]:
    why = failed_check if bounds.desired else _scaling
    unhealthy = (Stop(task=t.arn, reason=why(t)) for t in decision.unhealthy)
    others = (Stop(task=t.arn, reason=_scaling(t)) for t in (*decision.surplus, *decision.moved))
    return (*unhealthy, *others)


def _scaling(task: ServiceTask) -> str:
    return f"Scaling activity initiated by (deployment {task.deployment_id})"


def _with_deployments(
    service: ServiceRecord,
    groups: Groups,
    decision: Decision,
    bounds: Limits,
    apart: Mapping[str, int] | None,
    now: float,
) -> ServiceRecord:
    """Old deployments without tasks disappear, unless they stand apart; the others show how many tasks they are still
    meant to have."""
    launched = {launch.deployment_id: launch.count for launch in decision.launches}
    leaving: dict[str, int] = {}
    for task in (*decision.surplus, *decision.unhealthy):
        leaving[task.deployment_id] = leaving.get(task.deployment_id, 0) + 1
    apart = apart or {}
    primary = groups.primary.deployment
    deployments = [_with_desired(primary, apart.get(primary.id, bounds.desired), now)]
    for group in groups.old:
        name = group.deployment.id
        if name in apart:
            deployments.append(_with_desired(group.deployment, apart[name], now))
        elif group.present or name in launched:
            wanted = group.present - len(group.stopping) - leaving.get(name, 0) + launched.get(name, 0)
            deployments.append(_with_desired(group.deployment, wanted, now))
    if tuple(deployments) == service.deployments:
        return service
    return replace(service, deployments=tuple(deployments))


def _with_desired(deployment: DeploymentRecord, desired: int, now: float) -> DeploymentRecord:
    if deployment.desired_count == desired:
        return deployment
    return replace(deployment, desired_count=desired, updated_at=now)


def _settle(
    service: ServiceRecord,
    groups: Groups,
    decision: Decision,
    bounds: Limits,
    now: float,
    new_id: NewId,
    *,
    held: bool,
) -> ServiceRecord:
    """Complete the roll-out and report the steady state when there is nothing left to do, else take it back."""
    if held or service.status != "ACTIVE" or not _is_steady(service, groups, decision, bounds):
        return replace(service, steady=False) if service.steady else service
    if service.deployments[0].rollout_state == "IN_PROGRESS":
        service = complete(service, now, new_id)
    return settled(service, now, new_id)


def settled(service: ServiceRecord, now: float, new_id: NewId) -> ServiceRecord:
    """The service in its steady state: it says so when it gets there, and again and again, which no task set does."""
    said = events.last_steady(service)
    if service.steady and (service.task_set or (said is not None and now - said < events.REPEAT_AFTER)):
        return service
    text = events.TASK_SET_STEADY if service.task_set else events.STEADY
    return replace(events.record(service, text, now, new_id), steady=True)


def _is_steady(service: ServiceRecord, groups: Groups, decision: Decision, bounds: Limits) -> bool:
    primary = groups.primary
    if decision.stops or decision.launches or len(service.deployments) > 1 or groups.draining.present:
        return False
    return primary.present == len(primary.healthy) == bounds.desired


def _wake_at(service: ServiceRecord, groups: Groups, decision: Decision) -> float | None:
    times = [groups.grace_ends, *(group.deployment.retry_at for group in decision.held_back)]
    if decision.protected:
        times.append(groups.protection_ends)
    if service.steady:
        said = events.last_steady(service)
        times.append(None if said is None else said + events.REPEAT_AFTER)
    return min((at for at in times if at is not None), default=None)


def _replace_deployment(service: ServiceRecord, deployment: DeploymentRecord) -> ServiceRecord:
    return replace(service, deployments=_replaced(service.deployments, deployment))


def _replaced(deployments: Iterable[DeploymentRecord], new: DeploymentRecord) -> tuple[DeploymentRecord, ...]:
    return tuple(new if old.id == new.id else old for old in deployments)
