"""What the service scheduler gets to see. `control.services.loop` takes the snapshot, `scheduler.plan` decides on
it."""

from __future__ import annotations

from typing import Literal

from kecs.core.placement.scale_in import Spots
from kecs.core.records import Health, Record, ServiceRecord, TaskRecord, TaskStatus
from kecs.core.records.targets import TargetRecord


class ServiceTask(Record):
    """What the scheduler needs to know of one task of the service."""

    arn: str
    deployment_id: str
    definition_arn: str
    last_status: TaskStatus
    desired_status: Literal["RUNNING", "STOPPED"]
    health: Health  # UNKNOWN when it has no check
    has_health_check: bool
    created_at: float
    started_at: float | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    capacity_provider_name: str | None = None
    accounted: bool = False  # a STOPPED task that the scheduler has counted already
    protected_until: float | None = None  # not to be stopped by scaling in or by a deployment before then
    draining: bool = False  # on a container instance that is to be left
    instance: str | None = None  # ARN of its container instance
    host: str | None = None  # its id in EC2
    zone: str | None = None  # its Availability Zone
    targets: tuple[TargetRecord, ...] = ()  # what it is for the service's load balancers
    spots: Spots = ()  # what is to be said of that place; given when PRIMARY has more tasks than desired


class Places(Record):
    """The container instances of a service of the DAEMON strategy, by ARN."""

    wanted: tuple[str, ...]  # each is to have a task
    lingering: tuple[str, ...] = ()  # to be left, but a task that runs there stays until others have gone


class Snapshot(Record):
    """A service and its tasks at one moment: the live ones and the stopped ones that are not yet accounted for."""

    service: ServiceRecord
    tasks: tuple[ServiceTask, ...]
    now: float  # seconds since the epoch
    more_room: bool = False  # container instances have room that they had not before
    places: Places | None = None  # None: the strategy is REPLICA
    apart: dict[str, int] | None = None  # by deployment id, while revisions run side by side: so many tasks for each
    zones: tuple[str, ...] | None = None  # those where tasks can run; given while it matters where they are
    held: bool = False  # the deployment has more to go through than its tasks


def service_task(
    task: TaskRecord, *, draining: bool = False, host: str | None = None, spots: Spots = ()
) -> ServiceTask:
    """What the scheduler needs to know of this record, and of where the task is."""
    return ServiceTask(
        arn=task.arn,
        deployment_id=task.deployment_id or "",
        definition_arn=task.definition_arn,
        last_status=task.last_status,
        desired_status=task.desired_status,
        health=task.health,
        has_health_check=task.has_health_check,
        created_at=task.created_at,
        started_at=task.started_at,
        stop_code=task.stop_code,
        stopped_reason=task.stopped_reason,
        capacity_provider_name=task.capacity_provider_name,
        accounted=task.accounted,
        protected_until=task.protected_until,
        draining=draining,
        instance=task.container_instance_arn,
        host=host,
        zone=task.availability_zone,
        targets=task.targets,
        spots=spots,
    )
