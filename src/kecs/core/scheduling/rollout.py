"""Which tasks of a service to stop and how many to start: the rolling update, scaling and replacement in one.

Values in, values out: `decide` gets the tasks in buckets and gives back what to do; `scheduler` turns that into a plan.
The rules, in the order in which they are applied:

Tasks of PRIMARY on a container instance that is to be left are as good as old: they go the way of those of ACTIVE
(older) deployments, after them.

1. PRIMARY has more tasks than desired: the surplus stops, those not RUNNING first, then those beyond the share that a
   capacity provider strategy gives their provider, then those that the placement strategies would miss least.
2. Old tasks that do not serve stop at once: unhealthy ones, and starting ones that are not needed to get back to the
   minimum or are where they cannot stay.
3. Healthy old tasks stop as soon as healthy PRIMARY tasks stand in for them. They stop before that, down to the
   minimum, only when there is no other way: the maximum leaves no room beside them, or no instance does.
4. PRIMARY starts what it lacks, as far as the maximum leaves room. Tasks count against the maximum until they are
   STOPPED: until then they hold ports, memory and locks. A task that never came to run is replaced only then.
5. An unhealthy PRIMARY task stops once a healthy one stands in for it; without room for that, one at a time.
6. Room that PRIMARY cannot use brings an older deployment that worked back to the minimum, as AWS does since 2025.

A deployment that has been given up (FAILED) starts no task. While that is PRIMARY, rule 6 goes for the desired count,
on instances that stay: nothing else will.

No rule stops a healthy task when that leaves fewer than the minimum, and none starts a task above the maximum. A
protected task is stopped for failed health checks only; whatever waits for its end goes on waiting.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kecs.core.capacity import beyond_share
from kecs.core.placement.scale_in import leaving_first
from kecs.core.scheduling.backoff import backed_off
from kecs.core.scheduling.counts import Group, Groups
from kecs.core.scheduling.limits import Limits
from kecs.core.scheduling.plan import Launch
from kecs.core.scheduling.snapshot import ServiceTask


@dataclass(slots=True)
class Decision:
    """What to do. The lists hold different tasks."""

    surplus: list[ServiceTask] = field(default_factory=list)  # to stop: no longer wanted
    unhealthy: list[ServiceTask] = field(default_factory=list)  # to stop: failed their health checks
    moved: list[ServiceTask] = field(default_factory=list)  # to stop: others stand in for them in emptier zones
    launches: list[Launch] = field(default_factory=list)
    held_back: list[Group] = field(default_factory=list)  # would start tasks but for their back-off
    stuck: bool = False  # the percentages leave no way to go on
    protected: dict[str, None] = field(default_factory=dict)  # deployments whose protected tasks would have to stop

    @property
    def stops(self) -> int:
        return len(self.surplus) + len(self.unhealthy) + len(self.moved)


def decide(groups: Groups, limits: Limits, now: float) -> Decision:
    decision = Decision()
    primary = groups.primary
    serving = _scale_in(groups, limits, decision)
    healthy = serving + sum(len(g.healthy) for g in groups.leaving)
    coming = len(primary.unproven) + len(primary.pending)
    if primary.given_up:
        missing = limits.desired - coming - serving - sum(not t.draining for g in groups.old for t in g.healthy)
    else:
        missing = limits.minimum - healthy
    lacking = _stop_old_not_serving(groups, max(0, missing), decision)
    need = 0 if primary.given_up else max(0, limits.desired - len(primary.healthy) - coming - primary.failing)
    healthy -= _stop_old_healthy(groups, limits, serving, healthy, need, decision)
    _stop_unhealthy_replaced(primary, limits, healthy, decision)
    room = limits.maximum - sum(g.present for g in groups.all)
    room -= _launch_primary(primary, need, room, decision, now)
    if need and room <= 0:
        _make_room(groups, decision, now)
    if lacking and room > 0:
        _launch_old(groups.old, min(lacking, room), decision, now)
    decision.surplus.extend(t for t in groups.strays if t.desired_status == "RUNNING" and t.last_status != "STOPPED")
    return decision


def stoppable(tasks: list[ServiceTask], count: int, groups: Groups, decision: Decision) -> list[ServiceTask]:
    """The first `count` of these tasks that are not protected. Notes it when protection stands in the way of more."""
    if not groups.protected:
        return tasks[:count]
    free = [task for task in tasks if task.arn not in groups.protected]
    if len(free) < count:
        decision.protected.update({task.deployment_id: None for task in tasks if task.arn in groups.protected})
    return free[:count]


def _scale_in(groups: Groups, limits: Limits, decision: Decision) -> int:
    """Rule 1; gives the number of healthy PRIMARY tasks that go on."""
    primary = groups.primary
    running = [*primary.unproven, *primary.healthy]
    count = len(primary.pending) + len(running) - limits.desired
    if count <= 0:
        return len(primary.healthy)
    pending = leaving_first(primary.pending, [*primary.pending, *running], count)
    unproven = leaving_first(primary.unproven, running, count - len(pending))
    healthy = leaving_first(primary.healthy, primary.healthy, count - len(pending) - len(unproven))
    in_order = [*pending, *_by_provider([*unproven, *healthy], primary, limits.desired)]
    surplus = stoppable(in_order, count, groups, decision)
    if groups.protected:
        surplus = _sparing_healthy(surplus, groups, limits, decision)
    decision.surplus.extend(surplus)
    stopped = {task.arn for task in surplus}
    return sum(task.arn not in stopped for task in primary.healthy)


def _sparing_healthy(
    surplus: list[ServiceTask], groups: Groups, limits: Limits, decision: Decision
) -> list[ServiceTask]:
    """The surplus without healthy tasks that the minimum needs: their turn came only because others are protected."""
    spare = max(0, sum(len(group.healthy) for group in groups.all) - limits.minimum)
    healthy = {task.arn for task in groups.primary.healthy}
    needed = {task.arn for task in [task for task in surplus if task.arn in healthy][spare:]}
    if needed:
        decision.protected[groups.primary.deployment.id] = None
    return [task for task in surplus if task.arn not in needed]


def _by_provider(tasks: list[ServiceTask], group: Group, desired: int) -> list[ServiceTask]:
    """The tasks in the order in which they stop: first those beyond the share of their capacity provider."""
    providers = [task.capacity_provider_name or "" for task in tasks]
    return [tasks[place] for place in beyond_share(group.deployment.capacity_provider_strategy, providers, desired)]


def _stop_old_not_serving(groups: Groups, missing: int, decision: Decision) -> int:
    """Rule 2; gives how many tasks are still missing from the minimum when the kept ones have become healthy."""
    for group in groups.leaving:
        decision.unhealthy.extend(group.unhealthy)
        decision.surplus.extend(stoppable(group.evicted, len(group.evicted), groups, decision))
        starting = group.unproven + group.pending
        useful = len(starting) if group.proven and not group.given_up else len(group.unproven)
        kept = min(missing, useful)
        missing -= kept
        decision.surplus.extend(stoppable(starting[kept:], len(starting) - kept, groups, decision))
    return missing


def _stop_old_healthy(groups: Groups, limits: Limits, serving: int, healthy: int, need: int, decision: Decision) -> int:
    """Rule 3; gives how many it stops."""
    oldest_first = reversed(groups.leaving)
    candidates = [task for group in oldest_first for task in sorted(group.healthy, key=lambda task: not task.draining)]
    if not candidates:
        return 0
    replaced = len(candidates) - max(0, limits.desired - serving)
    count = max(replaced, _stop_first(groups, limits, need, decision))
    count = max(0, min(count, len(candidates), healthy - limits.minimum))
    stopped = stoppable(candidates, count, groups, decision)
    decision.surplus.extend(stopped)
    return len(stopped)


def _stop_first(groups: Groups, limits: Limits, need: int, decision: Decision) -> int:
    """How many old tasks have to go before PRIMARY can start what it needs."""
    stopping = sum(len(g.stopping) for g in groups.all) + decision.stops
    if groups.primary.deployment.unplaced:
        return need - stopping
    if limits.maximum > limits.desired:
        return 0
    staying = sum(g.present for g in groups.all) - stopping
    return need - max(0, limits.maximum - staying)


def _stop_unhealthy_replaced(primary: Group, limits: Limits, healthy: int, decision: Decision) -> None:
    """Rule 5, first half."""
    replaced = len(primary.unhealthy) - max(0, limits.desired - healthy)
    decision.unhealthy.extend(primary.unhealthy[: max(0, replaced)])


def _launch_primary(primary: Group, need: int, room: int, decision: Decision, now: float) -> int:
    """Rule 4; gives how many it starts."""
    count = min(need, room)
    if count <= 0:
        return 0
    if backed_off(primary.deployment, now):
        decision.held_back.append(primary)
        return 0
    replaces = min(count, len(primary.unhealthy))
    decision.launches.append(Launch(deployment_id=primary.deployment.id, count=count, replaces=replaces))
    return count


def _make_room(groups: Groups, decision: Decision, now: float) -> None:
    """Rule 5, second half, and finding out that there is no way to go on."""
    primary = groups.primary
    under_way = any(g.stopping or g.pending or g.unproven for g in groups.all)
    if under_way or decision.stops or decision.launches or backed_off(primary.deployment, now):
        return
    if primary.unhealthy:
        decision.unhealthy.append(primary.unhealthy[0])
    else:
        decision.stuck = any(g.present for g in groups.leaving) and not decision.protected


def _launch_old(old: list[Group], count: int, decision: Decision, now: float) -> None:
    """Rule 6."""
    group = next((g for g in old if g.proven and not g.given_up), None)
    if group is None:
        return
    if backed_off(group.deployment, now):
        decision.held_back.append(group)
    elif count > group.failing:
        decision.launches.append(Launch(deployment_id=group.deployment.id, count=count - group.failing))
