"""What is left of a container instance, and whether a task may go there.

A `Room` is counted down while a batch of tasks is placed, so that placing a thousand of them looks at the tasks that
are there already only once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.instances.capabilities import is_capability
from kecs.core.placement.query import matches
from kecs.core.placement.rules import Rules
from kecs.core.records import InstanceRecord, TaskRecord
from kecs.core.taskdefs.requirements import Requirements

REASONS = {
    "cpu": "RESOURCE:CPU",
    "memory": "RESOURCE:MEMORY",
    "ports": "RESOURCE:PORTS",
    "gpu": "RESOURCE:GPU",
    "interface": "RESOURCE:ENI",
    "agent": "AGENT",
    "attribute": "ATTRIBUTE",
    "inactive": "INACTIVE",
    "memberOf": "MemberOf placement constraint unsatisfied.",
    "distinctInstance": "DistinctInstance placement constraint unsatisfied.",
}
"""Reasons in AWS's failures; https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"""

ANY = Rules()
PORTS = {"PORTS": "tcp", "PORTS_UDP": "udp"}
"""The resources that hold host ports, and whose ports they are."""
MOST_PORTS = 100
"""That are reserved on an instance; https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html"""


class Room:
    """What a container instance still has to give: CPU units, MiB, GPUs and host ports; and which tasks it has."""

    def __init__(self, instance: InstanceRecord, tasks: Iterable[TaskRecord]) -> None:
        self.instance = instance
        self.attributes = {a.name: a.value or "" for a in instance.instance.attributes or ()}
        self._registered = instance.instance.registered_resources or []
        by_name = {resource.name: resource for resource in self._registered}
        self.cpu = _amount(by_name.get("CPU"))
        self.memory = _amount(by_name.get("MEMORY"))
        self.gpus = _devices(by_name.get("GPU"))
        self.ports = {f"{kind}/{port}" for name, kind in PORTS.items() for port in _strings(by_name.get(name))}
        self.interfaces = instance.interfaces
        self.count = 0
        self.running = 0  # tasks that run and are wanted
        self.pending = 0
        self.groups = Counter[str]()  # tasks that are wanted, by group
        for task in tasks:
            if task.last_status != "STOPPED":
                self._hold(task)

    def lacks(self, needs: Requirements, rules: Rules = ANY) -> str | None:
        """AWS's reason why the task cannot go there, or None when it can."""
        state = self.instance.instance
        if state.status != "ACTIVE":
            return REASONS["inactive"]
        if not state.agent_connected:
            return REASONS["agent"]
        if not self._able(rules.capabilities):
            return REASONS["attribute"]
        if not self.meets(rules):
            return REASONS["memberOf"]
        if rules.distinct and self.groups[rules.group]:
            return REASONS["distinctInstance"]
        if needs.cpu > self.cpu:
            return REASONS["cpu"]
        if needs.memory > self.memory:
            return REASONS["memory"]
        if needs.gpu > len(self.gpus) or (needs.all_gpus and not self.gpus):
            return REASONS["gpu"]
        ports = needs.reserved_ports
        if self.ports.intersection(ports) or (ports and len(self.ports) + len(ports) > MOST_PORTS):
            return REASONS["ports"]
        return REASONS["interface"] if needs.interface and self.interfaces is not None and self.interfaces < 1 else None

    def meets(self, rules: Rules) -> bool:
        """Whether every memberOf constraint is met."""
        return all(matches(expression, self.facts) for expression in rules.expressions)

    def give(self, needs: Requirements, group: str = "") -> tuple[str, ...]:
        """Count one more task of the group in; the ids of the GPUs that are its own now."""
        gpus = tuple(self.gpus[: len(self.gpus) if needs.all_gpus else needs.gpu])
        self._take(needs.cpu, needs.memory, needs.reserved_ports, gpus, interface=needs.interface)
        self.groups[group] += 1
        self.pending += 1
        return gpus

    def facts(self, subject: str) -> Sequence[str] | None:
        """What the cluster query language may ask of the instance; see placement.query.Facts."""
        instance = self.instance.instance
        match subject:
            case "agentConnected":
                return ("true" if instance.agent_connected else "false",)
            case "agentVersion":
                version = instance.version_info.agent_version if instance.version_info else None
                return None if version is None else (version,)
            case "ec2InstanceId":
                return None if instance.ec2_instance_id is None else (instance.ec2_instance_id,)
            case "registeredAt":
                return (datetime.fromtimestamp(instance.registered_at or 0.0, UTC).isoformat(),)
            case "runningTasksCount":
                return (str(self.running),)
            case "task:group":
                return tuple(self.groups)
        value = self.attributes.get(subject.removeprefix("attribute:"))
        return None if value is None else (value,)

    def remaining(self) -> list[m.Resource]:
        """`remainingResources`: of amounts and devices what is left, of ports those that are taken."""
        return [self._left(resource) for resource in self._registered]

    def _left(self, resource: m.Resource) -> m.Resource:
        match resource.name:
            case "CPU":
                return _with_amount(resource, self.cpu)
            case "MEMORY":
                return _with_amount(resource, self.memory)
            case "PORTS" | "PORTS_UDP":
                prefix = f"{PORTS[resource.name]}/"
                registered = _strings(resource)
                taken = {port.removeprefix(prefix) for port in self.ports if port.startswith(prefix)}
                return replace(resource, string_set_value=registered + sorted(taken - set(registered), key=int))
            case "GPU" if resource.type == "STRINGSET":
                return replace(resource, string_set_value=list(self.gpus))
            case "GPU":
                return _with_amount(resource, len(self.gpus))
        return resource

    def _able(self, capabilities: frozenset[str]) -> bool:
        """Whether the instance reports these. One without any agent's report, and the built-in one, which is as able
        as the runtime is, are not asked."""
        instance = self.instance
        asked = not instance.local and any(is_capability(a) for a in instance.instance.attributes or ())
        return not asked or capabilities <= self.attributes.keys()

    def _hold(self, task: TaskRecord) -> None:
        gpus = tuple(gpu for container in task.containers for gpu in container.gpu_ids)
        self._take(task.reserved_cpu, task.reserved_memory, task.reserved_ports, gpus, interface=task.awsvpc)
        self.pending += task.last_status in ("PROVISIONING", "PENDING", "ACTIVATING")
        if task.desired_status == "RUNNING":
            self.groups[task.group] += 1
            self.running += task.last_status == "RUNNING"

    def _take(self, cpu: int, memory: int, ports: Sequence[str], gpus: Sequence[str], *, interface: bool) -> None:
        if interface and self.interfaces is not None:
            self.interfaces -= 1
        self.cpu -= cpu
        self.memory -= memory
        self.ports.update(ports)
        self.gpus = [gpu for gpu in self.gpus if gpu not in gpus]
        self.count += 1


def _amount(resource: m.Resource | None) -> int:
    if resource is None:
        return 0
    return int(resource.integer_value or resource.long_value or resource.double_value or 0)


def _with_amount(resource: m.Resource, amount: int) -> m.Resource:
    """The resource with this amount, in the member that its type names."""
    match resource.type:
        case "DOUBLE":
            return replace(resource, double_value=float(amount))
        case "LONG":
            return replace(resource, long_value=amount)
    return replace(resource, integer_value=amount)


def _strings(resource: m.Resource | None) -> list[str]:
    return list((resource.string_set_value if resource else None) or ())


def _devices(resource: m.Resource | None) -> list[str]:
    """The ids of the GPUs; where only their number is known, 0, 1 …"""
    return _strings(resource) or [str(number) for number in range(_amount(resource))]
