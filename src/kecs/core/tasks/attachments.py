"""What is attached to a task: its network interface and the EBS volumes that are configured at its launch.

`create` makes them, `apply` attaches them once the task is provisioned and gives the interface its address when that is
known; `step` deletes them with the task. Model shape Attachment says which details each has.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import LaunchVolume, TaskRecord

INTERFACE = "ElasticNetworkInterface"
SUBNET = "subnetId"
STORAGE = "AmazonElasticBlockStorage"
VOLUME = "volumeName"
DELETED = "deleteOnTermination"


def interface(subnet: str | None, attachment_id: str) -> m.Attachment:
    """The elastic network interface of an awsvpc task, before it has an address."""
    details = _pairs({SUBNET: subnet})
    return m.Attachment(id=attachment_id, type=INTERFACE, status="PRECREATED", details=details)


def in_subnet(attachment: m.Attachment, subnet: str | None) -> m.Attachment:
    """The attachment, which has no address yet, in that subnet if it is a network interface."""
    return attachment if attachment.type != INTERFACE else replace(attachment, details=_pairs({SUBNET: subnet}))


def subnet_of(task: TaskRecord) -> str | None:
    """The subnet of the task's network interface."""
    details = (d for a in task.attachments if a.type == INTERFACE for d in a.details or ())
    return next((detail.value for detail in details if detail.name == SUBNET), None)


def storage(volume: m.TaskVolumeConfiguration | m.ServiceVolumeConfiguration, attachment_id: str) -> m.Attachment:
    """The EBS volume of a task, before it has an id. Those of a service's tasks always end with them."""
    given = volume.managed_ebs_volume
    policy = given.termination_policy if isinstance(given, m.TaskManagedEBSVolumeConfiguration) else None
    kept = policy is not None and not policy.delete_on_termination
    details = {
        "roleArn": given.role_arn if given else None,
        VOLUME: volume.name,
        DELETED: "false" if kept else "true",
    }
    return m.Attachment(id=attachment_id, type=STORAGE, status="PRECREATED", details=_pairs(details))


def launch_volume(volume: m.TaskVolumeConfiguration | m.ServiceVolumeConfiguration) -> LaunchVolume:
    """What a runtime has to know of the volume."""
    given = volume.managed_ebs_volume or m.TaskManagedEBSVolumeConfiguration(role_arn="")
    return LaunchVolume(name=volume.name, size=given.size_in_gi_b, type=given.volume_type)


def kept_volumes(task: TaskRecord) -> tuple[str, ...]:
    """The names of the task's EBS volumes that outlive it."""
    details = [{d.name: d.value for d in a.details or ()} for a in task.attachments if a.type == STORAGE]
    return tuple(found[VOLUME] or "" for found in details if found.get(DELETED) == "false")


def attached(attachment: m.Attachment, region: str, address: str | None, mac_address: str | None) -> m.Attachment:
    """The attachment with what it has now: an id, and a network interface its addresses and name."""
    number = (attachment.id or "").replace("-", "")[:17]
    known: dict[str, dict[str, str | None]] = {
        INTERFACE: {
            "networkInterfaceId": f"eni-{number}",
            "macAddress": mac_address,
            "privateDnsName": _private_name(address, region) if address else None,
            "privateIPv4Address": address,
        },
        STORAGE: {"volumeId": f"vol-{number}"},
    }
    found = known.get(attachment.type or "")
    if found is None:
        return attachment
    details = [d for d in attachment.details or [] if d.name not in found]
    return replace(attachment, status="ATTACHED", details=details + _pairs(found))


def addressed(task: TaskRecord, address: str | None, mac_address: str | None = None) -> TaskRecord:
    """The task with the address that it has turned out to have; itself when that is no news."""
    if address is None or address == task.address:
        return task
    region = task.scope.region
    attachments = tuple(
        attached(a, region, address, mac_address) if a.status == "ATTACHED" else a for a in task.attachments
    )
    return replace(task, address=address, attachments=attachments)


def _pairs(details: dict[str, str | None]) -> list[m.KeyValuePair]:
    return [m.KeyValuePair(name=name, value=value) for name, value in details.items() if value]


def _private_name(address: str, region: str) -> str:
    """How EC2 names a private address: ip-10-0-1-184.ec2.internal in us-east-1."""
    domain = "ec2" if region == "us-east-1" else f"{region}.compute"
    return f"ip-{address.replace('.', '-')}.{domain}.internal"
