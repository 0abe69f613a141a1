"""What happens to a container instance after it has registered: its status, its agent, the agent's updates.

`version` counts the changes of the instance itself, as AWS does for those that it sends an event for.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.instances.capabilities import AGENT_VERSION
from kecs.core.placement.query.values import as_version
from kecs.core.records import InstanceRecord

UPDATE_STEPS: dict[str | None, tuple[m.AgentUpdateStatus, float]] = {
    "PENDING": ("STAGING", 1.0),
    "STAGING": ("STAGED", 2.0),
    "STAGED": ("UPDATING", 1.0),
    "UPDATING": ("UPDATED", 3.0),
}
"""By status of an agent's update: the next one, and after how many seconds. On EC2 all of it takes some minutes; here
nothing is downloaded, and each status only has to last long enough to be seen."""


LEFT = frozenset({"DRAINING", "DEREGISTERING", "INACTIVE"})
"""Statuses of instances that the tasks of services are to leave."""


def changed(record: InstanceRecord, **members: Any) -> InstanceRecord:
    """The record with these members of its ContainerInstance."""
    instance = replace(record.instance, version=(record.instance.version or 0) + 1, **members)
    return replace(record, instance=instance)


def only_counted(before: InstanceRecord | None, after: InstanceRecord | None) -> bool:
    """Whether the instance is the same and only its version has changed: tasks came or went."""
    if before is None or after is None or before.instance.version == after.instance.version:
        return False
    return replace(before, instance=replace(before.instance, version=after.instance.version)) == after


def deregistered(record: InstanceRecord, now: float) -> InstanceRecord:
    return replace(changed(record, status="INACTIVE"), deregistered_at=now)


def with_agent(record: InstanceRecord, connected: bool, now: float) -> InstanceRecord:
    """The instance after its agent has come or gone; itself when nothing has changed."""
    if record.instance.agent_connected == connected:
        return record
    return replace(changed(record, agent_connected=connected), agent_changed_at=now)


def request_update(record: InstanceRecord, now: float) -> InstanceRecord:
    """The instance with an update of its agent under way. Raises the modelled errors that say why there is none."""
    if record.instance.agent_update_status in UPDATE_STEPS:
        raise m.UpdateInProgressException(
            "There is already a current Amazon ECS container agent update in progress on the specified container "
            "instance."
        )
    info = record.instance.version_info
    version = info.agent_version if info else None
    try:
        known = as_version(version or "")
    except ValueError:
        raise m.MissingVersionException(
            "Amazon ECS is unable to determine the current version of the Amazon ECS container agent on the specified "
            "container instance."
        ) from None
    if known >= as_version(AGENT_VERSION):
        raise m.NoUpdateAvailableException("There is no update available for your container agent.")
    return replace(changed(record, agent_update_status="PENDING"), agent_updated_at=now)


def next_update_at(record: InstanceRecord) -> float | None:
    """When the agent's update goes on. An agent of the user's own ends its update by registering again."""
    instance = record.instance
    following = UPDATE_STEPS.get(instance.agent_update_status)
    if following is None or record.agent_driven or not instance.agent_connected or instance.status == "INACTIVE":
        return None
    return max(record.agent_updated_at or 0.0, record.agent_changed_at or 0.0) + following[1]


def update_step(record: InstanceRecord, now: float) -> InstanceRecord:
    """The instance with its agent's update one status further."""
    status, _ = UPDATE_STEPS[record.instance.agent_update_status]
    members: dict[str, Any] = {"agent_update_status": status}
    if status == "UPDATED" and record.instance.version_info is not None:
        members["version_info"] = replace(record.instance.version_info, agent_version=AGENT_VERSION)
    return replace(changed(record, **members), agent_updated_at=now)
