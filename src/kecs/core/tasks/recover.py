"""A task after a restart: its record held against what the runtime still has of it.

Commands that were under way when KECS died may or may not have been carried out. The record goes back to the last
phase that is certain, and what the runtime found moves it on from there, by the same reports as in normal life.
Containers that run are adopted as they are.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.core.records import ContainerRecord, TaskRecord
from kecs.core.tasks.apply import apply
from kecs.core.tasks.attachments import addressed
from kecs.core.tasks.changes import container_of
from kecs.core.tasks.reports import Exited, HealthChanged, ObservedContainer, ObservedTask, Report, Started

GONE = "CannotInspectContainerError: Could not find the container of the task"


def recover(task: TaskRecord, observed: ObservedTask | None, now: float) -> TaskRecord:
    """The task as it stands after a restart at `now`; `observed` is None when the runtime has nothing of it."""
    if task.last_status == "STOPPED":
        return task
    found = {container.name: container for container in observed.containers} if observed else {}
    provisioned = observed is not None and observed.provisioned
    task = replace(
        task,
        provisioning=_provisioning(task, provisioned, bool(found)),
        containers=tuple(_certain(container, found.get(container.name)) for container in task.containers),
    )
    if observed is not None:
        task = addressed(task, observed.address, observed.mac_address)
    for container in task.containers:
        seen = found.get(container.name)
        if seen is not None:
            for report in _reports(task, container, seen, now):
                task = apply(task, report)
        elif container.phase in ("RUNNING", "RESTARTING", "STOPPING"):
            task = apply(task, Exited(task=task.arn, container=container.name, at=now, exit_code=None))
            lost = container_of(task, container.name)
            task = replace(task, containers=tuple(replace(c, reason=GONE) if c is lost else c for c in task.containers))
    return task


def _provisioning(task: TaskRecord, provisioned: bool, any_container: bool) -> str:
    """What is certain of the task's own resources. A release that was under way is asked for again."""
    if task.last_status == "DEPROVISIONING" and task.provisioning != "RELEASED":
        return "DONE"
    if task.provisioning == "NO" or task.provisioning == "RELEASED":
        return task.provisioning
    # A stopped network with containers in it cannot be made again; the task only still has to be taken down.
    return "DONE" if provisioned or any_container else "NO"


def _certain(container: ContainerRecord, seen: ObservedContainer | None) -> ContainerRecord:
    if container.phase == "PULLING":
        return replace(container, phase="WAITING" if seen is None else "STARTING")
    if container.phase in ("STARTING", "CANCELLING") and (seen is None or seen.state == "created"):
        return replace(container, phase="PULLED")
    if container.phase == "RESTARTING" and seen is not None and not _ran_again(container, seen):
        return replace(container, phase="EXITED")
    if container.phase in ("CANCELLING", "STOPPING") and seen is not None and seen.state == "running":
        return replace(container, phase="STARTING" if container.phase == "CANCELLING" else "RUNNING")
    return container


def _ran_again(container: ContainerRecord, seen: ObservedContainer) -> bool:
    """Whether a restart that was under way has come about."""
    return seen.state == "running" or (seen.started_at or 0.0) >= (container.finished_at or 0.0)


def _reports(task: TaskRecord, container: ContainerRecord, seen: ObservedContainer, now: float) -> list[Report]:
    """What has happened to the container since its record was written."""
    reports: list[Report] = []
    if seen.state == "created":
        return reports
    reports.append(
        Started(
            task=task.arn,
            container=container.name,
            runtime_id=seen.runtime_id,
            at=seen.started_at or now,
            network_bindings=seen.network_bindings,
        )
    )
    if seen.state == "exited":
        at = seen.finished_at or now
        reports.append(
            Exited(
                task=task.arn,
                container=container.name,
                at=at,
                exit_code=seen.exit_code,
                out_of_memory=seen.out_of_memory,
            )
        )
    elif seen.health is not None:
        reports.append(HealthChanged(task=task.arn, container=container.name, status=seen.health, at=now))
    return reports
