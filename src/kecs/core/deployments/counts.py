"""How many tasks a service's revisions have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.deployments.revisions import deployment_of, revision_arn
from kecs.core.records import ServiceDeploymentRecord, ServiceRecord
from kecs.core.scheduling.counts import STARTING
from kecs.core.scheduling.snapshot import ServiceTask


class Numbers(NamedTuple):
    """Tasks of one deployment, by lastStatus as everywhere in AWS's counts."""

    running: int = 0
    pending: int = 0


Tally = Mapping[str, Numbers]
"""By deployment id; what is missing has no task."""


def tally(tasks: Iterable[ServiceTask]) -> dict[str, Numbers]:
    running: Counter[str] = Counter()
    pending: Counter[str] = Counter()
    for task in tasks:
        if task.last_status == "RUNNING":
            running[task.deployment_id] += 1
        elif task.last_status in STARTING:
            pending[task.deployment_id] += 1
    return {name: Numbers(running[name], pending[name]) for name in running | pending}


def summaries(
    record: ServiceDeploymentRecord, service: ServiceRecord, numbers: Tally
) -> list[m.ServiceRevisionSummary]:
    """The target's tasks, then those of each source."""
    wanted = {d.id: d.desired_count for d in service.deployments}
    production = {d.id: d.production_weight for d in service.deployments}
    test = {d.id: d.test_weight for d in service.deployments}
    found = []
    for arn in (record.target, *record.sources):
        name = deployment_of(arn)
        running, pending = numbers.get(name, Numbers())
        found.append(
            m.ServiceRevisionSummary(
                arn=arn,
                requested_task_count=wanted.get(name, 0),
                running_task_count=running,
                pending_task_count=pending,
                requested_production_traffic_weight=_weight(production, name),
                requested_test_traffic_weight=_weight(test, name),
            )
        )
    return found


def _weight(weights: Mapping[str, float | None], name: str) -> float | None:
    """A revision that is gone has none of the traffic that others share."""
    nothing = 0.0 if any(weight is not None for weight in weights.values()) else None
    return weights.get(name, nothing)


def current_revisions(service: ServiceRecord, numbers: Tally) -> list[m.ServiceCurrentRevisionSummary]:
    """What DescribeServices shows as the revisions that the service runs."""
    return [
        m.ServiceCurrentRevisionSummary(
            arn=revision_arn(service, deployment.id),
            requested_task_count=deployment.desired_count,
            running_task_count=numbers.get(deployment.id, Numbers()).running,
            pending_task_count=numbers.get(deployment.id, Numbers()).pending,
        )
        for deployment in service.deployments
    ]
