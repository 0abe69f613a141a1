"""The life of a service deployment: how requests, and what becomes of the service's deployments, move it on.

Requests commit a first status (`new_deployment`, `superseded`, `stopped`, `continued`); the service loop does the rest
in the transaction in which it commits its plan: `take_up` before it plans, `settle` with what the plan makes of the
service. Statuses: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core import events
from kecs.core.deployments.counts import Tally, summaries
from kecs.core.deployments.revisions import deployment_of, restored, revision_arn
from kecs.core.deployments.stages import closed, has_stages, turned_back
from kecs.core.deployments.weights import ALL, is_shifted, rejoined, shift
from kecs.core.events import NewId
from kecs.core.records import RevisionRecord, ServiceDeploymentRecord, ServiceRecord
from kecs.core.scheduling.breaker import NAME as BREAKER
from kecs.core.scheduling.breaker import breaker_of, tripped
from kecs.core.scheduling.deployments import give_up, roll_back

KEPT = 90 * 24 * 3600.0  # seconds; AWS shows the deployments of the last 90 days

SUPERSEDED = "Service deployment stopped because a newer service deployment was started."
ROLLBACK_SUPERSEDED = "Rollback ended because a newer service deployment was started."
ABORTED = "Service deployment was stopped by the user."
SERVICE_ENDED = "Service deployment stopped because the service is being deleted."
ROLLED_BACK = "Service deployment rolled back because the user requested it."
BROKEN = "Service deployment rolled back because the circuit breaker threshold was exceeded."
BROKEN_FOR_GOOD = "Service deployment stopped because the circuit breaker threshold was exceeded."
ROLLBACK_BROKEN = "Rollback failed because the circuit breaker threshold was exceeded."
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
STOPPED_BY_USER = "ECS deployment stopped by the user"

Candidate = Callable[[], RevisionRecord | None]
"""Finds the revision to roll back to: the last one that was rolled out completely."""


def new_deployment(
    service: ServiceRecord, deployment_id: str, arn: str, blue: str | None, now: float
) -> ServiceDeploymentRecord:
    """The record of a deployment that is about to start for the service as it is, with what it runs until now, of
    which `blue` serves."""
    return ServiceDeploymentRecord(
        arn=arn,
        service_arn=service.arn,
        cluster_arn=service.cluster_arn,
        target=revision_arn(service, deployment_id),
        sources=tuple(revision_arn(service, d.id) for d in service.deployments),
        created_at=now,
        updated_at=now,
        configuration=service.service.deployment_configuration,
        blue=blue,
    )


def superseded(
    record: ServiceDeploymentRecord, service: ServiceRecord, tally: Tally, now: float
) -> ServiceDeploymentRecord:
    """The ongoing record of the service when a newer deployment is about to start."""
    if record.status in ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"):
        return _ended(record, "ROLLBACK_FAILED", ROLLBACK_SUPERSEDED, service, tally, now)
    return replace(record, status="STOP_REQUESTED", status_reason=SUPERSEDED, updated_at=now)


def stopped(record: ServiceDeploymentRecord, kind: str, now: float) -> ServiceDeploymentRecord:
    """After StopServiceDeployment of this kind (ROLLBACK, ABORT). What is being stopped already goes on with that.

    Raises ConflictException when it has ended.
    """
    if not record.ongoing:
        raise m.ConflictException(
            f"The service deployment cannot be stopped because its status is {record.status}.",
            resourceIds=[record.arn],
        )
    if record.status not in ("PENDING", "IN_PROGRESS"):
        return record
    if kind == "ABORT":
        return replace(record, status="STOP_REQUESTED", status_reason=ABORTED, updated_at=now)
    return replace(record, status="ROLLBACK_REQUESTED", status_reason=ROLLED_BACK, updated_at=now)


def continued(record: ServiceDeploymentRecord, hook_id: str, action: str, now: float) -> ServiceDeploymentRecord:
    """After ContinueServiceDeployment with this action (CONTINUE, ROLLBACK). Raises InvalidParameterException."""
    hook = next((h for h in record.hooks if h.hook_id == hook_id), None)
    if hook is None:
        raise m.InvalidParameterException(f"The service deployment has no lifecycle hook with the ID {hook_id}.")
    if hook.target_type != "PAUSE":
        raise m.InvalidParameterException("Only a lifecycle hook with the target type PAUSE can be continued.")
    if hook.status != "AWAITING_ACTION":
        raise m.InvalidParameterException(f"The lifecycle hook is not awaiting action. Its status is {hook.status}.")
    if record.status != "IN_PROGRESS":
        raise m.InvalidParameterException(f"The service deployment is not paused. Its status is {record.status}.")
    after = replace(hook, status="SUCCEEDED" if action == "CONTINUE" else "FAILED", updated_at=now)
    record = replace(record, hooks=tuple(after if h is hook else h for h in record.hooks), updated_at=now)
    return stopped(record, "ROLLBACK", now) if action == "ROLLBACK" else record


def take_up(
    service: ServiceRecord,
    record: ServiceDeploymentRecord,
    candidate: Candidate,
    tally: Tally,
    now: float,
    new_id: NewId,
    alarms: Collection[str] = (),
) -> tuple[ServiceRecord, ServiceDeploymentRecord]:
    """The service and its ongoing record once what was asked for has been begun; both the same when nothing was.
    `alarms`: those of the deployment's that are in ALARM."""
    if service.status != "ACTIVE":
        return service, _ended(record, "STOPPED", SERVICE_ENDED, service, tally, now)
    match record.status:
        case "PENDING":
            begun = replace(record, status="IN_PROGRESS", started_at=now, updated_at=now)
            return service, replace(begun, unwatched=True) if alarms else begun
        case "STOP_REQUESTED":
            ended = _ended(record, "STOPPED", record.status_reason, service, tally, now)
            mine = record.arn == service.current_deployment
            return give_up(service, f"{STOPPED_BY_USER}.", now) if mine else service, ended
        case "ROLLBACK_REQUESTED":
            return _begin_rollback(service, record, candidate(), tally, now, new_id)
    return service, record


def settle(
    record: ServiceDeploymentRecord, service: ServiceRecord, tally: Tally, now: float
) -> ServiceDeploymentRecord:
    """The record after a plan that leaves the service like this; itself when that changes nothing."""
    primary = service.deployments[0] if service.deployments else None
    if record.arn != service.current_deployment or primary is None:
        return record
    if tripped(service):
        return _broken(record, service, tally, now)
    if primary.rollout_state != "COMPLETED":
        return record
    if record.status == "IN_PROGRESS":
        return _ended(record, "SUCCESSFUL", None, service, tally, now)
    if record.status == "ROLLBACK_IN_PROGRESS":
        return _ended(record, "ROLLBACK_SUCCESSFUL", record.status_reason, service, tally, now)
    return record


def _broken(
    record: ServiceDeploymentRecord, service: ServiceRecord, tally: Tally, now: float
) -> ServiceDeploymentRecord:
    """The record after the circuit breaker has ended the service's PRIMARY deployment."""
    if record.status == "ROLLBACK_IN_PROGRESS":
        return _ended(record, "ROLLBACK_FAILED", ROLLBACK_BROKEN, service, tally, now)
    if record.status != "IN_PROGRESS":
        return record
    breaker = breaker_of(service)
    back = breaker is not None and breaker.rollback
    return replace(
        record,
        status="ROLLBACK_REQUESTED" if back else "STOP_REQUESTED",
        status_reason=BROKEN if back else BROKEN_FOR_GOOD,
        updated_at=now,
        failed_tasks=service.deployments[0].failed_tasks,
        tripped=True,
    )


def last_completed(history: Sequence[ServiceDeploymentRecord]) -> str | None:
    """The ARN of the revision that was rolled out completely last; `history` begins with the oldest."""
    for record in reversed(history):
        if record.status == "SUCCESSFUL":
            return record.target
        if record.status == "ROLLBACK_SUCCESSFUL" and record.rollback is not None:
            return record.rollback.service_revision_arn
    return None


def forgotten(
    service: ServiceRecord,
    history: Sequence[ServiceDeploymentRecord],
    revisions: Iterable[str],
    now: float,
) -> tuple[list[str], list[str]]:
    """ARNs of the deployments and of the revisions that are too old to be kept and needed by nothing any more."""
    completed = last_completed(history)
    kept = [r for r in history if r.ongoing or r.created_at > now - KEPT or r.target == completed]
    needed = {revision_arn(service, d.id) for d in service.deployments} | {completed}
    for record in kept:
        needed |= {record.target, *record.sources}
        if record.rollback is not None:
            needed.add(record.rollback.service_revision_arn)
    arns = {record.arn for record in kept}
    return [r.arn for r in history if r.arn not in arns], [arn for arn in revisions if arn not in needed]


def _begin_rollback(
    service: ServiceRecord,
    record: ServiceDeploymentRecord,
    revision: RevisionRecord | None,
    tally: Tally,
    now: float,
    new_id: NewId,
) -> tuple[ServiceRecord, ServiceDeploymentRecord]:
    if revision is None or revision.arn == record.target:
        service = give_up(service, f"{STOPPED_BY_USER}.", now)
        return service, _ended(record, "ROLLBACK_FAILED", NO_CANDIDATE, service, tally, now)
    why = BREAKER if record.tripped else record.failed_by or STOPPED_BY_USER
    service = roll_back(restored(service, revision), revision.deployment, why, now)
    blue = deployment_of(revision.arn)
    kept = blue == record.blue and "CLEAN_UP" not in [stage.name for stage in record.stages]
    if is_shifted(record.configuration):
        service = rejoined(service)
        service = shift(service, blue, blue, production=ALL, test=ALL) if kept else service
    record = turned_back(record, now, blue) if has_stages(record) else record
    service = events.record(service, events.rolling_back(deployment_of(revision.arn)), now, new_id)
    rollback = m.Rollback(reason=record.status_reason, started_at=now, service_revision_arn=revision.arn)
    started = record.started_at if record.started_at is not None else now
    return service, replace(
        record, status="ROLLBACK_IN_PROGRESS", rollback=rollback, started_at=started, updated_at=now
    )


def _ended(
    record: ServiceDeploymentRecord, status: str, reason: str | None, service: ServiceRecord, tally: Tally, now: float
) -> ServiceDeploymentRecord:
    """The record with its last status; the numbers of tasks stay as they are now."""
    failed = {d.id: d.failed_tasks for d in service.deployments}
    return replace(
        closed(record, now),
        status=status,
        status_reason=reason,
        finished_at=now,
        updated_at=now,
        stopped_at=now if status == "STOPPED" else None,
        final=tuple(summaries(record, service, tally)),
        failed_tasks=record.failed_tasks if record.tripped else failed.get(deployment_of(record.target), 0),
    )
