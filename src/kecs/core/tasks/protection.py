"""Protection of a service's tasks from being stopped by scaling in and by deployments.

Called by services.ecs.protection; `core.scheduling` honours what this sets.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import ServiceRecord, TaskRecord

DEFAULT_MINUTES = 120
MOST_MINUTES = 2880

NOT_OF_A_SERVICE = "The specified task is not part of an Amazon ECS service."
NOT_RUNNING = "The specified task is stopped or on its way to be."
BLOCKED = "The service's deployment is blocked: only protected tasks of earlier deployments are left to be stopped."


def expiry(request: m.UpdateTaskProtectionRequest, now: float) -> float | None:
    """Until when the tasks are to be protected; None: not any more. Raises InvalidParameterException."""
    minutes = request.expires_in_minutes
    if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
        raise m.InvalidParameterException(f"expiresInMinutes must be between 1 and {MOST_MINUTES}.")
    if not request.protection_enabled:
        return None
    return now + 60.0 * (DEFAULT_MINUTES if minutes is None else minutes)


def is_protected(task: TaskRecord, now: float) -> bool:
    return task.protected_until is not None and task.protected_until > now


def refusal(
    task: TaskRecord, service: ServiceRecord | None, tasks: Iterable[TaskRecord], until: float | None, now: float
) -> tuple[str, str] | None:
    """Why the task's protection cannot be set: a reason and its detail. `tasks` are all of its service."""
    if task.service_arn is None:
        return "TASK_NOT_VALID", NOT_OF_A_SERVICE
    if task.desired_status == "STOPPED":
        return "TASK_NOT_VALID", NOT_RUNNING
    if until is not None and service is not None and _holds_up(task, service, tasks, now):
        return "DEPLOYMENT_BLOCKED", BLOCKED
    return None


def protect(task: TaskRecord, until: float | None) -> TaskRecord:
    return task if task.protected_until == until else replace(task, protected_until=until)


def protection_view(task: TaskRecord, now: float) -> m.ProtectedTask:
    protected = is_protected(task, now)
    return m.ProtectedTask(
        task_arn=task.arn,
        protection_enabled=protected,
        expiration_date=task.protected_until if protected else None,
    )


def _holds_up(task: TaskRecord, service: ServiceRecord, tasks: Iterable[TaskRecord], now: float) -> bool:
    """Whether the task belongs to an earlier deployment of which only protected tasks are left."""
    if len(service.deployments) < 2 or task.deployment_id == service.deployments[0].id:
        return False
    left = [t for t in tasks if t.desired_status == "RUNNING" and t.deployment_id != service.deployments[0].id]
    return all(is_protected(t, now) for t in left)
