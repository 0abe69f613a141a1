"""GetTaskProtection, UpdateTaskProtection."""

from __future__ import annotations

from collections.abc import Sequence

from kecs.aws.model import ecs as m
from kecs.core.tasks.protection import NOT_OF_A_SERVICE, expiry, protect, protection_view, refusal
from kecs.services.context import Context
from kecs.services.ecs.finding import find_cluster
from kecs.services.ecs.tasks import find_tasks

MOST_ASKED = 100  # tasks of one GetTaskProtection
MOST_UPDATED = 10


def get_task_protection(context: Context, request: m.GetTaskProtectionRequest) -> m.GetTaskProtectionResponse:
    cluster = find_cluster(context, request.cluster)
    _check_count(request.tasks or [], MOST_ASKED)
    protected, failures = [], []
    for arn, task in find_tasks(context, cluster, request.tasks or []):
        if task is None:
            failures.append(m.Failure(arn=arn, reason="MISSING"))
        elif task.service_arn is None:
            failures.append(m.Failure(arn=arn, reason="TASK_NOT_VALID", detail=NOT_OF_A_SERVICE))
        else:
            protected.append(protection_view(task, context.now))
    return m.GetTaskProtectionResponse(protected_tasks=protected, failures=failures)


def update_task_protection(context: Context, request: m.UpdateTaskProtectionRequest) -> m.UpdateTaskProtectionResponse:
    """Each task for itself; the service loop looks again when the last protection that holds something up is over."""
    cluster = find_cluster(context, request.cluster)
    _check_count(request.tasks, MOST_UPDATED)
    until = expiry(request, context.now)
    store, protected, failures = context.store, [], []
    for arn, task in find_tasks(context, cluster, request.tasks):
        if task is None:
            failures.append(m.Failure(arn=arn, reason="MISSING"))
            continue
        service = store.services.get(task.service_arn) if task.service_arn else None
        others = store.tasks.where("unaccounted", task.service_arn) if task.service_arn else ()
        refused = refusal(task, service, others, until, context.now)
        if refused is not None:
            failures.append(m.Failure(arn=arn, reason=refused[0], detail=refused[1]))
            continue
        after = protect(task, until)
        if after is not task:
            store.tasks.put(after)
        protected.append(protection_view(after, context.now))
    return m.UpdateTaskProtectionResponse(protected_tasks=protected, failures=failures)


def _check_count(tasks: Sequence[str], most: int) -> None:
    if not tasks:
        raise m.InvalidParameterException("Tasks cannot be empty.")
    if len(tasks) > most:
        raise m.InvalidParameterException(f"taskIds can have at most {most} items.")
