"""Which tasks of a service of the DAEMON strategy to stop and where to start them: one on each instance that is wanted.

`rollout` decides the same for REPLICA services, `core.daemons` for the Daemons of Managed Instances. An instance holds
one task at a time, so a new one starts where the old one has stopped:

1. A task where none is wanted stops: its instance is gone, or does not meet the constraints any more. On one that
   drains, a task that runs goes last, after those of REPLICA services.
2. Tasks that do not serve stop: unhealthy ones, and of older deployments those that have not become healthy.
3. Healthy tasks of older deployments stop as far as the minimum allows, while PRIMARY may start any.
4. PRIMARY starts a task on each wanted instance that has none; when it has been given up (FAILED), an older deployment
   that has worked does.

`control.services.loop` finds the instances with `wanted_places`, `scheduler` turns the decision into a plan.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_scheduler_daemon.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace

from kecs.core.placement import Refusal, Room, rules_of
from kecs.core.records import ServiceRecord
from kecs.core.scheduling.backoff import backed_off
from kecs.core.scheduling.counts import Group, Groups
from kecs.core.scheduling.deployments import set_desired_count
from kecs.core.scheduling.limits import Limits
from kecs.core.scheduling.plan import Launch
from kecs.core.scheduling.rollout import Decision, stoppable
from kecs.core.scheduling.snapshot import Places, ServiceTask, Snapshot
from kecs.core.tasks.create import TaskSpec, needs_of, new_task
from kecs.core.tasks.launch import Launched, Refuse, eligible


def is_daemon(service: ServiceRecord) -> bool:
    return bool(service.service.scheduling_strategy == "DAEMON")


def wanted_places(spec: TaskSpec, rooms: Sequence[Room], used: Collection[str]) -> tuple[str, ...]:
    """ARNs of the instances that are to have a task: ACTIVE, of the launch type, and all constraints are met.

    One whose agent is gone is wanted only as long as it is `used`: nothing could be started there.
    """
    rules = rules_of(spec.definition.definition, spec.group, spec.constraints)
    return tuple(
        arn
        for room in eligible(spec, rooms)
        if ((arn := room.instance.arn) in used or room.instance.instance.agent_connected) and room.meets(rules)
    )


def with_places(snapshot: Snapshot, places: Places) -> Snapshot:
    """The snapshot with what the places say: the desired count, and which tasks are where they cannot stay."""
    service = snapshot.service
    if service.status == "ACTIVE":
        service = set_desired_count(service, len(places.wanted), snapshot.now)
    wanted = frozenset(places.wanted)
    tasks = tuple(replace(task, draining=task.instance not in wanted) for task in snapshot.tasks)
    return replace(snapshot, service=service, tasks=tasks)


def launch_on(
    instances: Collection[str],
    spec: TaskSpec,
    rooms: Sequence[Room],
    now: float,
    hex32: Callable[[], str],
    uuid: Callable[[], str],
    refuse: Refuse | None = None,
) -> Launched:
    """A task of `spec` on each of these instances, or why it does not get one."""
    needs, rules = needs_of(spec), rules_of(spec.definition.definition, spec.group, spec.constraints)
    tasks, refusals = [], []
    for room in rooms:
        if room.instance.arn not in instances:
            continue
        reason = (refuse(spec) if refuse is not None else None) or room.lacks(needs, rules)
        if reason is not None:
            refusals.append(Refusal(room.instance.arn, reason))
        else:
            gpus = room.give(needs, spec.group)
            tasks.append(new_task(spec, room.instance, needs, now, hex32, uuid, gpus))
    return Launched(tasks, refusals, len(refusals))


def decide(groups: Groups, places: Places, limits: Limits, now: float) -> Decision:
    """What to do about the tasks of a snapshot `with_places`."""
    decision = Decision()
    primary = groups.primary
    decision.unhealthy.extend(primary.unhealthy)
    for group in groups.leaving:
        decision.unhealthy.extend(group.unhealthy)
        unwanted = [task for task in (*group.unproven, *group.healthy) if _is_unwanted(task, places)]
        unwanted += group.evicted
        decision.surplus.extend(stoppable(unwanted, len(unwanted), groups, decision))
    old = [task for group in reversed(groups.old) for task in group.healthy if not task.draining]
    if backed_off(primary.deployment, now):
        decision.held_back.append(primary)
    elif not primary.given_up:
        _stop_old(groups, old, limits, decision)
    _launch(groups, places, decision, now)
    under_way = any(g.stopping or g.pending or g.unproven for g in groups.all) or decision.stops or decision.launches
    decision.stuck = bool(old) and not (under_way or primary.given_up or decision.held_back or decision.protected)
    decision.surplus.extend(t for t in groups.strays if t.desired_status == "RUNNING" and t.last_status != "STOPPED")
    return decision


def _is_unwanted(task: ServiceTask, places: Places) -> bool:
    return task.draining and task.instance not in places.lingering


def _stop_old(groups: Groups, old: list[ServiceTask], limits: Limits, decision: Decision) -> None:
    """Rules 2 and 3, for older deployments on wanted instances."""
    for group in groups.old:
        idle = [task for task in (*group.pending, *group.unproven) if not task.draining]
        decision.surplus.extend(stoppable(idle, len(idle), groups, decision))
    count = min(len(old), len(groups.primary.healthy) + len(old) - limits.minimum)
    decision.surplus.extend(stoppable(old, max(0, count), groups, decision))


def _launch(groups: Groups, places: Places, decision: Decision, now: float) -> None:
    """Rule 4."""
    taken = {task.instance for group in groups.all for task in group.live}
    free = tuple(arn for arn in places.wanted if arn not in taken)
    group = _starting(groups)
    if not free or group is None:
        return
    if backed_off(group.deployment, now):
        decision.held_back.append(group)
        return
    decision.launches.append(Launch(deployment_id=group.deployment.id, count=len(free), instances=free))


def _starting(groups: Groups) -> Group | None:
    """The deployment whose tasks are started."""
    if not groups.primary.given_up:
        return groups.primary
    return next((group for group in groups.old if group.proven and not group.given_up), None)
