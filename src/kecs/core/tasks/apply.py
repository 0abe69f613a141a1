"""What a runtime's report does to a task record. Called by the supervisor for each report, and by `recover`."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from kecs.core.records import TaskRecord
from kecs.core.tasks.attachments import addressed, attached
from kecs.core.tasks.changes import ESSENTIAL_EXITED, change_container, container_of, request_stop
from kecs.core.tasks.reports import (
    Exited,
    Failed,
    HealthChanged,
    Provisioned,
    Pulled,
    Released,
    Report,
    Started,
    TargetChanged,
)
from kecs.core.tasks.restart import restarts
from kecs.core.tasks.targets import target_changed

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
NOT_EXITED: dict[str, Any] = {"exit_code": None, "finished_at": None, "reason": None}


def apply(task: TaskRecord, report: Report) -> TaskRecord:
    """The task after the report; the very same record when the report changes nothing."""
    match report:
        case Provisioned():
            return _provisioned(task, report)
        case Released():
            return replace(task, provisioning="RELEASED") if task.provisioning == "RELEASING" else task
        case Failed(container=None):
            return request_stop(task, report.stop_code or _stop_code(task), report.reason, report.at)
        case Failed():
            return _failed(task, report)
        case Exited():
            return _exited(task, report)
        case Started():
            return _started(task, report)
        case Pulled():
            container = container_of(task, report.container)
            if container is None:
                return task
            return change_container(task, container, "pulled", image_digest=report.digest)
        case HealthChanged():
            return _health(task, report)
        case TargetChanged():
            return target_changed(task, report)


def _stop_code(task: TaskRecord) -> str:
    """Why a task stops that has lost its network or whose essential container cannot be started."""
    return "TaskFailedToStart" if task.started_at is None else "EssentialContainerExited"


def _provisioned(task: TaskRecord, report: Provisioned) -> TaskRecord:
    if task.provisioning != "ASKED":
        return task
    region = task.scope.region
    attachments = tuple(attached(a, region, report.address, report.mac_address) for a in task.attachments)
    return replace(task, provisioning="DONE", address=report.address, attachments=attachments)


def _started(task: TaskRecord, report: Started) -> TaskRecord:
    container = container_of(task, report.container)
    if container is None:
        return task
    changed = change_container(
        task,
        container,
        "started",
        runtime_id=report.runtime_id,
        started_at=report.at,
        network_bindings=report.network_bindings,
        image_digest=report.digest or container.image_digest,
        **NOT_EXITED,
    )
    return changed if changed is task else addressed(changed, report.address)


def _exited(task: TaskRecord, report: Exited) -> TaskRecord:
    container = container_of(task, report.container)
    if container is None or container.phase == "STOPPED":
        return task
    again = restarts(task, container, report.exit_code, report.at)
    changed = change_container(
        task,
        container,
        "restart" if again else "exited",
        exit_code=report.exit_code,
        finished_at=report.at,
        reason=OUT_OF_MEMORY if report.out_of_memory else container.reason,
        health="UNKNOWN" if again and container.health else container.health,
        restart_count=container.restart_count + again,
    )
    if again:
        return changed
    if changed is not task and container.essential:
        return request_stop(changed, "EssentialContainerExited", ESSENTIAL_EXITED, report.at)
    return changed


def _failed(task: TaskRecord, report: Failed) -> TaskRecord:
    container = container_of(task, report.container or "")
    if container is None:
        return task
    changed = change_container(task, container, "failed", reason=report.reason)
    if changed is not task and container.essential:
        if container.restart_count:
            return request_stop(changed, "EssentialContainerExited", ESSENTIAL_EXITED, report.at)
        return request_stop(changed, "TaskFailedToStart", report.reason, report.at)
    return changed


def _health(task: TaskRecord, report: HealthChanged) -> TaskRecord:
    container = container_of(task, report.container)
    if container is None or container.phase not in ("RUNNING", "STOPPING") or container.health == report.status:
        return task
    return change_container(task, container, None, health=report.status)
