"""A container instance as the API shows it: what it registered with, and what its tasks make of that."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.placement import Room
from kecs.core.records import InstanceRecord, TaskRecord


def instance_view(
    record: InstanceRecord, tasks: Iterable[TaskRecord], now: float, include: Collection[m.ContainerInstanceField] = ()
) -> m.ContainerInstance:
    """`tasks` are those placed on it; stopped ones do not matter. Tags and health as far as `include` asks for them."""
    room = Room(record, tasks)
    return replace(
        record.instance,
        remaining_resources=room.remaining(),
        running_tasks_count=room.running,
        pending_tasks_count=room.pending,
        attachments=record.instance.attachments or [],
        tags=list(record.tags) if "TAGS" in include else [],
        health_status=_health(record, now) if "CONTAINER_INSTANCE_HEALTH" in include else None,
    )


def _health(record: InstanceRecord, now: float) -> m.ContainerInstanceHealthStatus:
    """The container runtime is well as long as the agent is there to say so."""
    status: m.InstanceHealthCheckState = "OK" if record.instance.agent_connected else "INSUFFICIENT_DATA"
    since = record.agent_changed_at or record.instance.registered_at
    check = m.InstanceHealthCheckResult(
        type="CONTAINER_RUNTIME",
        status=status,
        last_updated=now if record.instance.agent_connected else since,
        last_status_change=since,
    )
    return m.ContainerInstanceHealthStatus(overall_status=status, details=[check])
