"""What to do about the task sets of a service; `control.services.task_sets` asks and carries it out.

A task set is scheduled as the service scheduler schedules a service of one deployment (`StandIn`), so its tasks are
started, replaced, held back and moved off draining container instances by the same rules. What is a task set's own
stands here: what its scale comes to, its stability, its end, and what follows from them for the service.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from kecs.core import events
from kecs.core.events import NewId
from kecs.core.records import ServiceRecord, TaskSetRecord
from kecs.core.scheduling.plan import Stop
from kecs.core.scheduling.scheduler import GONE, settled
from kecs.core.scheduling.snapshot import ServiceTask
from kecs.core.task_sets.changes import computed_desired_count


class StandIn(ServiceRecord, kw_only=True):
    """A task set as the service scheduler sees it: a service whose only deployment is the set's."""

    task_set: str  # its id


def computed(
    service: ServiceRecord, task_set: TaskSetRecord, now: float, new_id: NewId
) -> tuple[ServiceRecord, TaskSetRecord]:
    """Both, after the scale of the task set has been held against the service's desired count."""
    desired = 0 if task_set.status == "DRAINING" else computed_desired_count(service.desired_count, task_set.scale)
    if desired == task_set.deployment.desired_count:
        return service, task_set
    service = events.record(service, events.computed_desired_count(task_set.id, desired), now, new_id)
    deployment = replace(task_set.deployment, desired_count=desired, updated_at=now)
    return service, _with_stability(replace(task_set, deployment=deployment), False, now)


def stand_in(service: ServiceRecord, task_set: TaskSetRecord) -> StandIn:
    """What the service scheduler is given for the task set.

    Minimum and maximum of a task set are the defaults, whatever the service's deployment configuration says of them:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    return StandIn(
        arn=service.arn,
        cluster_arn=service.cluster_arn,
        service=replace(service.service, deployment_configuration=None, load_balancers=list(task_set.load_balancers)),
        desired_count=task_set.deployment.desired_count,
        status="DRAINING" if task_set.status == "DRAINING" else "ACTIVE",
        deployments=(task_set.deployment,),
        events=service.events,
        steady=task_set.stability == "STEADY_STATE",
        tags=service.tags,
        task_set=task_set.id,
    )


def absorbed(
    service: ServiceRecord,
    task_set: TaskSetRecord,
    scheduled: ServiceRecord,
    tasks: Iterable[ServiceTask],
    now: float,
) -> tuple[ServiceRecord, TaskSetRecord | None]:
    """The service and its task set after what the scheduler has made of the stand-in and the set's tasks.

    None: the set is gone, and so are its tasks; a service would be over when they are on the way.
    """
    service = replace(service, events=scheduled.events)
    if scheduled.status == "INACTIVE":
        return service, None if all(t.last_status == "STOPPED" for t in tasks) else task_set
    (deployment,) = scheduled.deployments
    return service, _with_stability(replace(task_set, deployment=deployment), scheduled.steady, now)


def leftovers(task_sets: Iterable[TaskSetRecord], tasks: Iterable[ServiceTask]) -> tuple[list[Stop], list[str]]:
    """Which tasks of no task set have to stop, and the ARNs of those that have: nobody else counts them."""
    known = {task_set.id for task_set in task_sets}
    others = [t for t in tasks if t.deployment_id not in known]
    reason = "Scaling activity initiated by (deployment {id})"
    live = [t for t in others if t.desired_status == "RUNNING" and t.last_status != "STOPPED"]
    stops = [Stop(task=t.arn, reason=reason.format(id=t.deployment_id)) for t in live]
    return stops, [t.arn for t in others if t.last_status == "STOPPED"]


def concluded(
    service: ServiceRecord, task_sets: list[TaskSetRecord], tasks: Iterable[ServiceTask], now: float, new_id: NewId
) -> ServiceRecord:
    """The service after its task sets have been seen to: steady when all of them are, INACTIVE when it is over."""
    if service.status == "DRAINING" and all(t.last_status in GONE for t in tasks):
        return replace(service, status="INACTIVE", steady=False)
    if service.status == "ACTIVE" and task_sets and all(s.stability == "STEADY_STATE" for s in task_sets):
        return settled(service, now, new_id)
    return replace(service, steady=False) if service.steady else service


def says_steady_again_at(service: ServiceRecord) -> float | None:
    said = events.last_steady(service) if service.steady else None
    return None if said is None else said + events.REPEAT_AFTER


def _with_stability(task_set: TaskSetRecord, steady: bool, now: float) -> TaskSetRecord:
    stability = "STEADY_STATE" if steady else "STABILIZING"
    return task_set if task_set.stability == stability else replace(task_set, stability=stability, stability_at=now)
