"""What the service scheduler wants done. `scheduler.plan` makes it, `control.services.loop` carries it out."""

from __future__ import annotations

from kecs.core.records import Record, ServiceRecord


class Launch(Record):
    """Tasks to place and create for a deployment; `scheduler.after_launch` is told how it went."""

    deployment_id: str
    count: int
    replaces: int = 0  # how many of them stand in for unhealthy tasks that are still there
    zone: str | None = None  # the Availability Zone that they are for
    instances: tuple[str, ...] = ()  # ARNs: one of them to each, and nowhere else; for the DAEMON strategy


class Stop(Record):
    """A task to stop, and what it will say about that."""

    task: str  # ARN
    reason: str
    stop_code: str = "ServiceSchedulerInitiated"


class Plan(Record):
    """One decision. Carrying out nothing of it and asking again gives the same one."""

    service: ServiceRecord  # the service afterwards: deployments, counters, events, status, steady
    launches: tuple[Launch, ...] = ()
    stops: tuple[Stop, ...] = ()
    accounted: tuple[str, ...] = ()  # ARNs of stopped tasks that have been counted now
    told: tuple[str, ...] = ()  # ARNs of tasks of which the events say now whether they are registered as targets
    wake_at: float | None = None  # look again then even if nothing changes; seconds since the epoch
