"""What RegisterContainerInstance makes of what an agent tells of its machine. Pure; raises modelled errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.instances.attributes import MOST_CUSTOM, is_built_in, valid_attribute
from kecs.core.instances.capabilities import EXTERNAL
from kecs.core.instances.interfaces import task_interfaces
from kecs.core.instances.new import made_up, with_zeros
from kecs.core.records import ClusterRecord, InstanceRecord

MEMBERS = {
    "INTEGER": "integer_value",
    "DOUBLE": "double_value",
    "LONG": "long_value",
    "STRINGSET": "string_set_value",
}
"""The types of resources, and which member holds the value of each."""


class IdentityDocument(msgspec.Struct, rename="camel"):
    """What EC2 says of a machine, as far as ECS needs it.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html
    """

    instance_id: str | None = None
    instance_type: str | None = None
    image_id: str | None = None
    architecture: str | None = None
    availability_zone: str | None = None


def registered(
    request: m.RegisterContainerInstanceRequest,
    cluster: ClusterRecord,
    instance_id: str,
    tags: tuple[m.Tag, ...],
    now: float,
    *,
    trunking: bool = False,
) -> InstanceRecord:
    """The record of a machine that registers for the first time; `instance_id` is 32 hexadecimal digits.

    `trunking`: the account setting awsvpcTrunking, with which many tasks share one network interface.
    """
    document = _document(request.instance_identity_document)
    arn = cluster.scope.container_instance(cluster.name, instance_id)
    attributes = _attributes(request, document, cluster.scope.region)
    external = any(attribute.name == EXTERNAL for attribute in attributes)
    instance = m.ContainerInstance(
        container_instance_arn=arn,
        ec2_instance_id=document.instance_id or made_up("mi" if external else "i", instance_id),
        version=1,
        version_info=request.version_info or m.VersionInfo(),
        registered_resources=_resources(request),
        status="ACTIVE",
        agent_connected=True,
        attributes=attributes,
        registered_at=now,
    )
    interfaces = None if trunking else task_interfaces(document.instance_type)
    return InstanceRecord(arn=arn, cluster_arn=cluster.arn, instance=instance, tags=tags, interfaces=interfaces)


def registered_again(
    request: m.RegisterContainerInstanceRequest, record: InstanceRecord, region: str, now: float
) -> InstanceRecord:
    """The instance whose agent is back: what it reports now, and the attributes that users gave it."""
    before = record.instance
    reported = _attributes(request, _document(request.instance_identity_document), region)
    names = {attribute.name for attribute in reported}
    kept = [a for a in before.attributes or () if a.name not in names and not is_built_in(a)]
    updating = before.agent_update_status not in (None, "UPDATED", "FAILED")
    newer = request.version_info is not None and request.version_info != before.version_info
    instance = replace(
        before,
        version=(before.version or 0) + 1,
        version_info=request.version_info or before.version_info,
        registered_resources=_resources(request) if request.total_resources else before.registered_resources,
        attributes=[*reported, *kept],
        agent_connected=True,
        agent_update_status="UPDATED" if updating and newer else before.agent_update_status,
    )
    return replace(record, instance=instance, agent_changed_at=now)


def _document(text: str | None) -> IdentityDocument:
    if not text:
        return IdentityDocument()
    try:
        return msgspec.json.decode(text, type=IdentityDocument)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise m.InvalidParameterException(
            "instanceIdentityDocument is not a valid instance identity document."
        ) from None


def _attributes(
    request: m.RegisterContainerInstanceRequest, document: IdentityDocument, region: str
) -> list[m.Attribute]:
    """What ECS knows by itself, then what the agent reports."""
    known = {
        "ecs.ami-id": document.image_id,
        "ecs.availability-zone": document.availability_zone or f"{region}a",
        "ecs.instance-type": document.instance_type,
        "ecs.os-type": "linux",
        "ecs.cpu-architecture": document.architecture,
    }
    found = {name: m.Attribute(name=name, value=value) for name, value in known.items() if value}
    found |= {attribute.name: valid_attribute(attribute) for attribute in request.attributes or ()}
    if sum(not is_built_in(attribute) for attribute in found.values()) > MOST_CUSTOM:
        raise m.InvalidParameterException(f"A container instance can have at most {MOST_CUSTOM} custom attributes.")
    return list(found.values())


def _resources(request: m.RegisterContainerInstanceRequest) -> list[m.Resource]:
    """The resources as AWS shows them; devices that are only listed become a resource of their own."""
    given = request.total_resources or []
    names = Counter(resource.name for resource in given)
    for resource in given:
        _check_resource(resource)
        if names[resource.name] > 1:
            raise m.InvalidParameterException(f"The resource {resource.name} is given more than once.")
    devices: dict[str, list[str]] = {}
    for device in request.platform_devices or ():
        devices.setdefault(device.type, []).append(device.id)
    listed = [
        m.Resource(name=kind, type="STRINGSET", string_set_value=ids)
        for kind, ids in devices.items()
        if kind not in names
    ]
    return [with_zeros(resource) for resource in (*given, *listed)]


def _check_resource(resource: m.Resource) -> None:
    if not resource.name:
        raise m.InvalidParameterException("The name of a resource can not be blank.")
    if resource.type not in MEMBERS:
        raise m.InvalidParameterException(
            f"The type of resource {resource.name} must be one of {', '.join(MEMBERS)}, but was {resource.type}."
        )
    value: float | Sequence[str] | None = getattr(resource, MEMBERS[resource.type])
    if isinstance(value, int | float) and value < 0:
        raise m.InvalidParameterException(f"The value of resource {resource.name} cannot be less than 0.")
