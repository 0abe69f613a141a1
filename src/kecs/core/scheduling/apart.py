"""Two revisions side by side: each has a number of tasks of its own, and neither replaces the other.

`scheduler` calls it for deployments of the strategies BLUE_GREEN, LINEAR and CANARY; how many tasks each revision has
at which stage is `core.deployments.stages`' affair. Within a revision the rules of `rollout` hold: scaling, tasks that
fail and are replaced, instances that are to be left.
"""

from __future__ import annotations

from collections.abc import Mapping

from kecs.core.records import ServiceRecord
from kecs.core.scheduling.counts import Group, Groups
from kecs.core.scheduling.limits import limits
from kecs.core.scheduling.rollout import Decision
from kecs.core.scheduling.rollout import decide as decide_alone


def decide(service: ServiceRecord, groups: Groups, wanted: Mapping[str, int], now: float) -> Decision:
    """What to do for every revision; one that is not `wanted` loses its tasks."""
    decision = Decision()
    for group in groups.deployments:
        alone = _alone(group, groups)
        _add(decision, decide_alone(alone, limits(service, wanted.get(group.deployment.id, 0)), now))
    decision.surplus.extend(t for t in groups.strays if t.desired_status == "RUNNING" and t.last_status != "STOPPED")
    return decision


def _alone(group: Group, groups: Groups) -> Groups:
    """The group as if it were the whole service."""
    if group is groups.primary:
        staying, leaving = group, groups.draining
    else:
        staying, leaving = Group(group.deployment), Group(group.deployment, evicted=group.evicted)
        staying.pending, staying.stopping = group.pending, group.stopping
        for kind in ("unproven", "healthy", "unhealthy"):
            for task in getattr(group, kind):
                getattr(leaving if task.draining else staying, kind).append(task)
    return Groups(
        primary=staying,
        old=[],
        strays=[],
        draining=leaving,
        protected=groups.protected,
        protection_ends=groups.protection_ends,
    )


def _add(decision: Decision, more: Decision) -> None:
    decision.surplus += more.surplus
    decision.unhealthy += more.unhealthy
    decision.launches += more.launches
    decision.held_back += more.held_back
    decision.stuck = decision.stuck or more.stuck
    decision.protected.update(more.protected)
