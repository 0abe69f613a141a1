"""The network interfaces of tasks, as EC2 would show them. `app.companions` asks, for whoever plays EC2."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from kecs.core.arns import Scope, scope_of
from kecs.core.records import Record, TaskRecord
from kecs.core.tasks.attachments import INTERFACE


class Interface(Record):
    """One that is attached."""

    id: str  # eni-…
    subnet: str
    zone: str
    address: str
    mac_address: str
    description: str
    groups: tuple[str, ...]  # ids of security groups
    public: bool  # the caller wants an address that is reached from outside


def interfaces_of(tasks: Iterable[TaskRecord]) -> dict[Scope, list[Interface]]:
    """All that there are, by account and region. One is there from when it has an address until its task stops."""
    found: defaultdict[Scope, list[Interface]] = defaultdict(list)
    for task in tasks:
        if task.awsvpc and task.last_status != "STOPPED" and (interface := _interface(task)) is not None:
            found[scope_of(task.arn)].append(interface)
    return dict(found)


def _interface(task: TaskRecord) -> Interface | None:
    attachment = next((a for a in task.attachments if a.type == INTERFACE and a.status == "ATTACHED"), None)
    if attachment is None:
        return None
    details = {detail.name: detail.value or "" for detail in attachment.details or ()}
    vpc = task.network_configuration.awsvpc_configuration if task.network_configuration else None
    return Interface(
        id=details.get("networkInterfaceId", ""),
        subnet=details.get("subnetId", ""),
        zone=task.availability_zone or "",
        address=details.get("privateIPv4Address", ""),
        mac_address=details.get("macAddress", ""),
        description=scope_of(task.arn).arn(f"attachment/{attachment.id}"),
        groups=tuple((vpc.security_groups if vpc else None) or ()),
        public=vpc is not None and vpc.assign_public_ip == "ENABLED",
    )
