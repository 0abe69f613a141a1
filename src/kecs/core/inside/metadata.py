"""A task and its containers as they see themselves: the documents of the task metadata endpoint, versions 3 and 4.

Pure functions of records, of the plan that the runtime got and of what the runtime sees. `endpoints.inside` calls them.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate-response.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.inside.seen import SeenContainer, SeenTask
from kecs.core.records import ContainerRecord, InstanceRecord, TaskRecord
from kecs.core.tasks.attachments import INTERFACE
from kecs.core.tasks.plan import TaskPlan
from kecs.core.zones import ATTRIBUTE as ZONE

Version = Literal["v3", "v4"]
Document = dict[str, Any]

VPC = "ecs.vpc-id"  # an attribute of container instances, set by the agent
RESERVED_MIB = 16  # of ephemeral storage, beside what the task asks for
MIB = 1024 * 1024

_KNOWN = {
    "WAITING": "NONE",
    "PULLING": "NONE",
    "PULLED": "PULLED",
    "STARTING": "CREATED",
    "CANCELLING": "CREATED",
    "STOPPED": "STOPPED",
}  # the agent's words for what a container is; every other phase is RUNNING
_ORDER = ("NONE", "PULLED", "CREATED", "RUNNING")


class Subject(NamedTuple):
    """All that the documents of one task are made of."""

    task: TaskRecord
    plan: TaskPlan
    instance: InstanceRecord | None
    seen: SeenTask
    now: float

    @property
    def fargate(self) -> bool:
        return self.task.launch_type == "FARGATE"


def task_document(of: Subject, version: Version, *, tags: bool = False) -> Document:
    """`/task`, and with the tags `/taskWithTags`."""
    task, definition = of.task, of.plan.definition
    document: Document = {
        "Cluster": task.cluster_arn if of.fargate else of.plan.cluster,
        "TaskARN": task.arn,
        "Family": definition.family,
        "Revision": str(definition.revision),
        "DesiredStatus": task.desired_status,
        "KnownStatus": _known_of_task(of),
        "Limits": _task_limits(of.plan),
        "PullStartedAt": stamp(task.pull_started_at),
        "PullStoppedAt": stamp(task.pull_stopped_at),
        "ExecutionStoppedAt": stamp(task.execution_stopped_at),
        "AvailabilityZone": task.availability_zone or _attribute(of.instance, ZONE),
        "Containers": [container_document(of, container, version) for container in task.containers],
    }
    if version == "v4":
        document |= {
            "LaunchType": task.launch_type,
            "VPCID": _attribute(of.instance, VPC),
            "ServiceName": task.service_name,
            "ClockDrift": _clock(of) if of.fargate else None,
            "EphemeralStorageMetrics": _storage(of) if of.fargate else None,
            "FaultInjectionEnabled": bool(definition.enable_fault_injection),
        }
    if tags:
        document["TaskTags"] = _tags(task.tags)
        document["ContainerInstanceTags"] = _tags(of.instance.tags) if of.instance else None
    return _filled(document)


def container_document(of: Subject, container: ContainerRecord, version: Version) -> Document:
    """What the endpoint itself answers, for the container whose it is."""
    definition = of.plan.container(container.name)
    seen = of.seen.containers.get(container.name) or SeenContainer(name=container.name)
    document: Document = {
        "DockerId": container.runtime_id or seen.id or "",
        "Name": container.name,
        "DockerName": seen.name,
        "Image": definition.image,
        "ImageID": seen.image_id or container.image_digest or "",
        "Ports": _ports(of.plan, definition, container),
        "Labels": _labels(of, definition),
        "DesiredStatus": of.task.desired_status,
        "KnownStatus": _known(container, seen),
        "ExitCode": container.exit_code if container.phase == "STOPPED" else None,
        "Limits": _filled({"CPU": definition.cpu or 2, "Memory": definition.memory}),
        "CreatedAt": stamp(seen.created_at or container.started_at),
        "StartedAt": stamp(container.started_at or seen.started_at),
        "FinishedAt": stamp(container.finished_at if container.phase == "STOPPED" else None),
        "Type": "NORMAL",
        "Health": {"status": container.health, **seen.health} if container.health else None,
        "Volumes": [
            _filled({"DockerName": v.name, "Source": v.source, "Destination": v.destination}) for v in seen.volumes
        ],
        "Networks": _networks(of, seen, version),
    }
    if version == "v4":
        log = definition.log_configuration
        document |= {
            "LogDriver": log.log_driver if log else None,
            "LogOptions": _log_options(of.task.id, container.name, log) if log else None,
            "ContainerARN": container.arn,
            "RestartCount": container.restart_count if container.restart_policy else None,
            "Snapshotter": "overlayfs" if of.fargate else None,
        }
    return _filled(document)


def stamp(at: float | None) -> str | None:
    """A time as Go writes it."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _known(container: ContainerRecord, seen: SeenContainer | None) -> str:
    if container.phase == "STARTING" and seen is not None and seen.started_at is not None:
        return "RUNNING"  # it may ask before its start is reported
    return _KNOWN.get(container.phase, "RUNNING")


def _known_of_task(of: Subject) -> str:
    """That of its container that has come least far."""
    if of.task.last_status in ("DEPROVISIONING", "STOPPED"):
        return "STOPPED"
    if of.task.last_status in ("RUNNING", "DEACTIVATING", "STOPPING"):
        return "RUNNING"
    known = [_known(container, of.seen.containers.get(container.name)) for container in of.task.containers]
    return min((status for status in known if status in _ORDER), key=_ORDER.index, default="NONE")


def _task_limits(plan: TaskPlan) -> Document | None:
    """In vCPUs and MiB."""
    cpu = int(plan.cpu) / 1024 if plan.cpu else None
    return _filled({"CPU": cpu, "Memory": int(plan.memory) if plan.memory else None}) or None


def _clock(of: Subject) -> Document:
    """Its own clock is the one that KECS goes by."""
    at = stamp(float(int(of.now)))
    return {"ClockErrorBound": 0.0, "ReferenceTimestamp": at, "ClockSynchronizationStatus": "SYNCHRONIZED"}


def _storage(of: Subject) -> Document:
    asked = of.task.ephemeral_storage.size_in_gi_b if of.task.ephemeral_storage else 20
    written = sum(container.written for container in of.seen.containers.values())
    return {"Utilized": written // MIB, "Reserved": asked * 1024 + RESERVED_MIB}


def _ports(plan: TaskPlan, definition: m.ContainerDefinition, container: ContainerRecord) -> list[Document]:
    if plan.network_mode == "awsvpc":
        return [
            {"ContainerPort": p.container_port, "Protocol": p.protocol or "tcp", "HostPort": p.container_port}
            for p in definition.port_mappings or ()
            if p.container_port
        ]
    return [
        _filled(
            {
                "ContainerPort": binding.container_port,
                "Protocol": binding.protocol,
                "HostPort": binding.host_port,
                "HostIp": binding.bind_ip,
            }
        )
        for binding in container.network_bindings
    ]


def _labels(of: Subject, definition: m.ContainerDefinition) -> dict[str, str]:
    own = {
        "cluster": of.task.cluster_arn if of.fargate else of.plan.cluster,
        "container-name": definition.name or "",
        "task-arn": of.task.arn,
        "task-definition-family": of.plan.definition.family or "",
        "task-definition-version": str(of.plan.definition.revision or ""),
    }
    return (definition.docker_labels or {}) | {f"com.amazonaws.ecs.{name}": value for name, value in own.items()}


def _log_options(task: str, container: str, log: m.LogConfiguration) -> dict[str, str]:
    """As the log driver has them: the stream instead of its prefix."""
    options = dict(log.options or {})
    prefix = options.pop("awslogs-stream-prefix", None) if log.log_driver == "awslogs" else None
    return options | ({"awslogs-stream": f"{prefix}/{container}/{task}"} if prefix else {})


def _networks(of: Subject, seen: SeenContainer, version: Version) -> list[Document] | None:
    mode = of.plan.network_mode
    if mode == "none":
        return None
    if mode != "awsvpc":
        return [_filled({"NetworkMode": mode, "IPv4Addresses": list(seen.addresses)})]
    interface = next((a for a in of.task.attachments if a.type == INTERFACE), None)
    details = {d.name: d.value for d in (interface.details if interface else None) or ()}
    address, name = details.get("privateIPv4Address"), details.get("privateDnsName")
    document: Document = {"NetworkMode": mode, "IPv4Addresses": [address] if address else None}
    if version == "v4":
        searched = {d for c in of.plan.containers for d in c.dns_search_domains or ()}
        document |= {
            "AttachmentIndex": 0,
            "MACAddress": details.get("macAddress"),
            "IPv4SubnetCIDRBlock": of.seen.subnet,
            "DomainNameServers": list(of.seen.name_servers),
            "DomainNameSearchList": sorted(searched) or ([name.partition(".")[2]] if name else None),
            "PrivateDNSName": name,
            "SubnetGatewayIpv4Address": _with_prefix(of.seen),
        }
    return [_filled(document)]


def _with_prefix(seen: SeenTask) -> str | None:
    """The gateway as AWS writes it, with the length of the subnet's prefix."""
    return f"{seen.gateway}/{seen.subnet.partition('/')[2]}" if seen.gateway and seen.subnet else seen.gateway


def _attribute(instance: InstanceRecord | None, name: str) -> str | None:
    attributes: Iterable[m.Attribute] = (instance.instance.attributes if instance else None) or ()
    return next((attribute.value for attribute in attributes if attribute.name == name), None)


def _tags(tags: Iterable[m.Tag]) -> dict[str, str]:
    return {tag.key: tag.value or "" for tag in tags if tag.key}


def _filled(document: Mapping[str, Any]) -> Document:
    """Without what there is nothing of."""
    return {name: value for name, value in document.items() if value is not None and value not in ([], {})}
