"""Availability Zone rebalancing: moves tasks of a steady service out of the zones that have most of them.

`scheduler` calls it, in this order. `hold` has the other rules leave alone what is there beyond the desired count: it
was started for a zone that lacked tasks. Once such a task is healthy, `stop` ends one in the zone with the most.
`start` begins: no more tasks move at a time than the maximum leaves room for.

A service that deploys, scales or replaces tasks is not steady, so its tasks stay where they are until it is again.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core import events
from kecs.core.events import NewId
from kecs.core.placement.strategies import ZONE
from kecs.core.records import ServiceRecord
from kecs.core.scheduling.backoff import backed_off
from kecs.core.scheduling.counts import Group, Groups
from kecs.core.scheduling.limits import Limits
from kecs.core.scheduling.plan import Launch
from kecs.core.scheduling.rollout import Decision
from kecs.core.scheduling.snapshot import ServiceTask, Snapshot


def possible(service: m.Service) -> bool:
    """Whether ECS can do it for a service that is configured so; it is on by itself then."""
    configuration, strategies = service.deployment_configuration, service.placement_strategy or []
    unfit = (
        configuration is not None and configuration.maximum_percent == 100,
        bool(strategies) and (strategies[0].type, strategies[0].field) != ("spread", ZONE),
        any(ZONE in (constraint.expression or "") for constraint in service.placement_constraints or ()),
        any(balancer.load_balancer_name for balancer in service.load_balancers or ()),
        service.launch_type == "EXTERNAL",
    )
    return not any(unfit)


def concerns(service: ServiceRecord) -> bool:
    """Whether it matters now in which zones the service's tasks are."""
    configured = service.service
    return (
        configured.availability_zone_rebalancing == "ENABLED"
        and configured.scheduling_strategy != "DAEMON"
        and possible(configured)
        and not service.has_task_sets
        and service.status == "ACTIVE"
        and [d.rollout_state for d in service.deployments] == ["COMPLETED"]
        and (service.steady or service.rebalancing is not None)
    )


def hold(
    service: ServiceRecord, groups: Groups, bounds: Limits, snapshot: Snapshot, new_id: NewId
) -> tuple[ServiceRecord, Limits]:
    """The service and the limits by which the other rules go while tasks move. It may be that no more can."""
    count = service.rebalancing
    if count is None:
        return service, bounds
    if not snapshot.zones:
        stopped = replace(service, rebalancing=None)
        return events.record(stopped, events.REBALANCING_STOPPED, snapshot.now, new_id), bounds
    extra = max(0, min(count, len(_wanted(groups.primary)) - bounds.desired))
    return _moving(service, extra), replace(bounds, desired=bounds.desired + extra)


def stop(service: ServiceRecord, groups: Groups, bounds: Limits, decision: Decision) -> ServiceRecord:
    """Have as many tasks stop as have become healthy elsewhere."""
    if not service.rebalancing:
        return service
    leaving = {task.arn for task in (*decision.surplus, *decision.unhealthy)}
    healthy = [task for task in groups.primary.healthy if task.arn not in leaving]
    count = min(service.rebalancing, len(healthy) - bounds.desired)
    there = Counter(task.zone for task in _wanted(groups.primary) if task.arn not in leaving)
    movable = [task for task in reversed(healthy) if task.arn not in groups.protected]
    while count > len(decision.moved) and movable:
        task = max(movable, key=lambda task: there[task.zone])
        movable.remove(task)
        there[task.zone] -= 1
        decision.moved.append(task)
    return _moving(service, service.rebalancing - len(decision.moved))


def start(
    service: ServiceRecord, groups: Groups, bounds: Limits, decision: Decision, snapshot: Snapshot, new_id: NewId
) -> ServiceRecord:
    """Begin to move tasks of a service that is steady, or say that there are no more to be moved."""
    if not service.steady or not snapshot.zones:
        return service
    primary, now = groups.primary, snapshot.now
    there = Counter(dict.fromkeys(snapshot.zones, 0))
    there.update(task.zone or "" for task in primary.healthy)
    free = Counter(task.zone or "" for task in primary.healthy if task.arn not in groups.protected)
    targets = moves(there, snapshot.zones, free)
    if not targets:
        return _finished(service, groups, decision, there, snapshot, new_id)
    if backed_off(primary.deployment, now):
        decision.held_back.append(primary)
        return service
    targets = targets[: max(0, bounds.maximum - primary.present)]
    if not targets or (primary.deployment.unplaced and not snapshot.more_room):
        return service
    if service.rebalancing is None:
        service = events.record(service, events.not_balanced(there), now, new_id)
    for zone, count in sorted(Counter(targets).items()):
        decision.launches.append(Launch(deployment_id=primary.deployment.id, count=count, zone=zone))
    return _moving(service, len(targets))


def moves(there: Counter[str], zones: Collection[str], free: Counter[str]) -> list[str]:
    """The zones, of those where tasks can run, that get a task each until no two differ by more than one. `there` says
    how many each zone has, `free` how many of these may stop."""
    there, free = there.copy(), free.copy()
    targets: list[str] = []
    while any(free.values()):
        fullest = max((zone for zone in sorted(free) if free[zone]), key=lambda zone: there[zone])
        emptiest = min(sorted(zones), key=lambda zone: there[zone])
        if there[fullest] - there[emptiest] < 2:
            break
        there[fullest] -= 1
        free[fullest] -= 1
        there[emptiest] += 1
        targets.append(emptiest)
    return targets


def after_launch(
    service: ServiceRecord, launch: Launch, started: Sequence[str], failures: Sequence[str], now: float, new_id: NewId
) -> ServiceRecord:
    """The service after control tried to start tasks in the zone of `launch`; as `scheduler.after_launch`.

    Tasks that find no room there are no failures of the deployment: what runs goes on. They are tried again when some
    instance has room.
    """
    zone = launch.zone or ""
    if started:
        service = events.record(service, events.started_in(zone, started), now, new_id)
    deployments = tuple(
        replace(d, unplaced=bool(failures)) if d.id == launch.deployment_id else d for d in service.deployments
    )
    service = _moving(replace(service, deployments=deployments), (service.rebalancing or 0) - len(failures))
    if not failures:
        return service
    text = events.ZONE_FULL.format(zone=zone)
    return events.record_once(service, text, events.kind_of(text), now, new_id)


def _finished(
    service: ServiceRecord, groups: Groups, decision: Decision, there: Counter[str], snapshot: Snapshot, new_id: NewId
) -> ServiceRecord:
    now, fewest = snapshot.now, min(there[zone] for zone in snapshot.zones or ())
    if groups.protected and max(there.values()) - fewest > 1:
        decision.protected[service.deployments[0].id] = None
        text = events.zones_held_by_protection(service.deployments[0].id)
        return events.record_once(service, text, events.kind_of(text), now, new_id)
    if service.rebalancing is None:
        return service
    return events.record(replace(service, rebalancing=None), events.balanced(there), now, new_id)


def _wanted(primary: Group) -> list[ServiceTask]:
    return [*primary.healthy, *primary.unproven, *primary.pending]


def _moving(service: ServiceRecord, count: int) -> ServiceRecord:
    return service if service.rebalancing == count else replace(service, rebalancing=count)
