"""ECS Container Instance State Change, one event for every version of an instance, and its Health Change.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_events.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_health_events.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.eventbridge.event import Detail, Event, milliseconds, seconds, with_times
from kecs.core.instances.view import instance_view
from kecs.core.records import InstanceRecord, TaskRecord

INSTANCE_STATE_CHANGE = "ECS Container Instance State Change"
INSTANCE_HEALTH_CHANGE = "ECS Container Instance Health Change"

LEFT_OUT = ("tags", "capacityProviderName")
"""Members of DescribeContainerInstances that the event has not."""

Shown = tuple[str, m.ContainerInstance]
"""The ARN of the cluster, and the instance as DescribeContainerInstances showed it."""

VALUES = {
    "INTEGER": "integerValue",
    "LONG": "longValue",
    "DOUBLE": "doubleValue",
    "STRINGSET": "stringSetValue",
}
"""The member that holds a resource's value, by its type."""

WITH_HEALTH: tuple[m.ContainerInstanceField, ...] = ("CONTAINER_INSTANCE_HEALTH",)


def instance_events(
    before: InstanceRecord | None, after: InstanceRecord, tasks: Iterable[TaskRecord], now: float
) -> Iterator[Event]:
    """The events of this change; `tasks` are those on the instance, and what they take is part of what is told."""
    if before is not None and before.instance.version == after.instance.version:
        return
    shown = after.cluster_arn, instance_view(after, tasks, now, WITH_HEALTH)
    yield Event(detail_type=INSTANCE_STATE_CHANGE, about=after.arn, at=now, detail=instance_detail, subject=shown)
    if before is not None and before.instance.agent_connected != after.instance.agent_connected:
        yield Event(detail_type=INSTANCE_HEALTH_CHANGE, about=after.arn, at=now, detail=health_detail, subject=shown)


def instance_detail(shown: Shown, at: float) -> Detail:
    cluster, instance = shown
    members = msgspec.to_builtins(msgspec.structs.replace(instance, health_status=None))
    for member in LEFT_OUT:
        members.pop(member, None)
    for resources in ("registeredResources", "remainingResources"):
        members[resources] = [_resource(resource) for resource in members.get(resources, ())]
    return {"clusterArn": cluster, **with_times(members), "updatedAt": milliseconds(at)}


def _resource(shown: dict[str, Any]) -> Detail:
    """Without the zeros that DescribeContainerInstances has for the other types."""
    return {name: value for name, value in shown.items() if not name.endswith("Value") or name == VALUES[shown["type"]]}


def health_detail(shown: Shown, _at: float) -> Detail:
    """What has no value is null here, as in AWS's examples."""
    cluster, instance = shown
    health = instance.health_status or m.ContainerInstanceHealthStatus()
    return {
        "clusterArn": cluster,
        "containerInstanceArn": instance.container_instance_arn,
        "capacityProviderName": instance.capacity_provider_name,
        "ec2InstanceId": instance.ec2_instance_id,
        "overallStatus": health.overall_status,
        "healthChecks": [
            {
                "type": check.type,
                "status": check.status,
                "lastStatusChange": seconds(check.last_status_change or 0.0),
                "lastUpdated": seconds(check.last_updated or 0.0),
                "statusReason": None,
            }
            for check in health.details or ()
        ],
    }
