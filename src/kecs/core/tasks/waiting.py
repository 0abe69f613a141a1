"""Tasks whose capacity provider has no instance for them yet: they stay PROVISIONING until it has launched one.

`launch` makes them, `control.instances.capacity` places them.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.capacity.bins import Demand
from kecs.core.placement import Room, place, rules_of
from kecs.core.records import TaskRecord
from kecs.core.taskdefs.overrides import apply_overrides
from kecs.core.taskdefs.requirements import requirements
from kecs.core.tasks.attachments import in_subnet
from kecs.core.tasks.create import TaskSpec, shared_out
from kecs.core.tasks.subnets import subnet_in
from kecs.core.zones import zone_of


def put_off(task: TaskRecord, spec: TaskSpec) -> TaskRecord:
    """A new task as one that waits; it keeps what placing it will ask for."""
    return replace(
        task,
        unplaced=True,
        last_status="PROVISIONING",
        connectivity_at=None,
        availability_zone=None,
        placement_strategy=spec.strategies,
    )


def placed(task: TaskRecord, room: Room, definition: m.TaskDefinition) -> TaskRecord:
    """The task on the instance of `room`, which is counted down."""
    needs = requirements(definition, task.overrides)
    zone = zone_of(room.instance)
    subnet = subnet_in(zone, task.network_configuration, task.scope.region)
    shares = shared_out(room.give(needs, task.group), apply_overrides(definition, task.overrides))
    return replace(
        task,
        unplaced=False,
        container_instance_arn=room.instance.arn,
        availability_zone=zone,
        attachments=tuple(in_subnet(attachment, subnet) for attachment in task.attachments),
        containers=tuple(replace(c, gpu_ids=own) for c, own in zip(task.containers, shares, strict=True)),
        reserved_cpu=needs.cpu,
        reserved_memory=needs.memory,
        reserved_ports=needs.reserved_ports,
    )


def room_for(
    task: TaskRecord, definition: m.TaskDefinition, rooms: Sequence[Room], pick: Callable[[int], int]
) -> Room | None:
    """The one of its provider's instances that the task may go to, by its own constraints and strategies."""
    rules = rules_of(definition, task.group, task.placement_constraints, task.placement_strategy)
    return place(requirements(definition, task.overrides), rules, rooms, pick)[0]


def demand_of(task: TaskRecord, definition: m.TaskDefinition) -> Demand:
    """What scaling has to know of a waiting task."""
    platform = definition.runtime_platform
    asked = platform.cpu_architecture if platform else None
    return Demand(
        task=task.arn,
        needs=requirements(definition, task.overrides),
        architecture=asked and asked.lower(),
        alone=any(constraint.type == "distinctInstance" for constraint in task.placement_constraints),
        group=task.group,
    )
