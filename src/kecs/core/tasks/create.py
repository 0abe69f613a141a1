"""A new task: the record that RunTask and the service scheduler begin with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records import ClusterRecord, ContainerRecord, InstanceRecord, Record, TaskDefinitionRecord, TaskRecord
from kecs.core.records.targets import TargetRecord
from kecs.core.taskdefs.overrides import apply_overrides, effective_definition
from kecs.core.taskdefs.requirements import Requirements, requirements
from kecs.core.tasks.attachments import interface, launch_volume, storage
from kecs.core.tasks.platforms import architecture, platform_family, platform_version
from kecs.core.tasks.subnets import subnet_in
from kecs.core.zones import zone_of, zone_of_subnet, zones_of_region

FARGATE_STORAGE = 20  # GiB; https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html


class TaskSpec(Record):
    """What a task is made from. `launch_type` and `capacity_provider_name` are decided, `instance` is chosen."""

    cluster: ClusterRecord
    definition: TaskDefinitionRecord
    launch_type: str
    group: str
    started_by: str | None = None
    overrides: m.TaskOverride | None = None
    network_configuration: m.NetworkConfiguration | None = None
    subnet: str | None = None  # the one of its subnets that a task on Fargate gets
    platform_version: str | None = None
    capacity_provider_name: str | None = None
    enable_execute_command: bool = False
    tags: tuple[m.Tag, ...] = ()
    service_arn: str | None = None
    service_name: str | None = None
    deployment_id: str | None = None
    constraints: tuple[m.PlacementConstraint, ...] = ()  # beside those of the definition
    strategies: tuple[m.PlacementStrategy, ...] = ()
    volumes: tuple[m.TaskVolumeConfiguration | m.ServiceVolumeConfiguration, ...] = ()
    targets: tuple[TargetRecord, ...] = ()


def new_task(
    spec: TaskSpec,
    instance: InstanceRecord | None,
    needs: Requirements,
    now: float,
    hex32: Callable[[], str],
    uuid: Callable[[], str],
    gpus: tuple[str, ...] = (),
) -> TaskRecord:
    """The record of a task that starts at `now` on `instance` (None: on Fargate), takes `needs` and gets `gpus`."""
    scope, task_id = spec.cluster.scope, hex32()
    subnet = spec.subnet or subnet_in(zone_of(instance), spec.network_configuration, scope.region)
    definition = effective_definition(spec.definition.definition, spec.overrides)
    awsvpc = definition.network_mode == "awsvpc"
    task = TaskRecord(
        arn=scope.task(spec.cluster.name, task_id),
        cluster_arn=spec.cluster.arn,
        definition_arn=spec.definition.arn,
        group=spec.group,
        launch_type=spec.launch_type,  # type: ignore[arg-type]  # checked by whoever decided it
        created_at=now,
        placement_constraints=spec.constraints,
        containers=_containers(spec, lambda: scope.container(spec.cluster.name, task_id, uuid()), gpus, instance),
        last_status="PROVISIONING" if awsvpc else "PENDING",
        awsvpc=awsvpc,
        service_arn=spec.service_arn,
        service_name=spec.service_name,
        deployment_id=spec.deployment_id,
        started_by=spec.started_by,
        network_configuration=spec.network_configuration,
        attachments=_attachments(spec, subnet, awsvpc, uuid),
        launch_volumes=tuple(map(launch_volume, spec.volumes)),
        capacity_provider_name=spec.capacity_provider_name,
        availability_zone=zone_of(instance) or _zone(subnet, scope.region),
        cpu=definition.cpu,
        memory=definition.memory,
        overrides=spec.overrides,
        enable_execute_command=spec.enable_execute_command,
        attributes=(m.Attribute(name="ecs.cpu-architecture", value=architecture(definition)),),
        connectivity_at=None if awsvpc else now,
        trusted_execution=_trusted(definition.trusted_execution_configuration),
        targets=spec.targets,
        tags=spec.tags,
    )
    if spec.launch_type == "FARGATE":
        return _on_fargate(task, definition, spec.platform_version)
    return task if instance is None else _on_instance(task, instance, needs)


def _on_fargate(task: TaskRecord, definition: m.TaskDefinition, version: str | None) -> TaskRecord:
    return replace(
        task,
        platform_version=platform_version(definition, version),
        platform_family=platform_family(definition),
        ephemeral_storage=definition.ephemeral_storage or m.EphemeralStorage(size_in_gi_b=FARGATE_STORAGE),
    )


def _on_instance(task: TaskRecord, instance: InstanceRecord, needs: Requirements) -> TaskRecord:
    return replace(
        task,
        container_instance_arn=instance.arn,
        reserved_cpu=needs.cpu,
        reserved_memory=needs.memory,
        reserved_ports=needs.reserved_ports,
        agent_driven=instance.agent_driven,
    )


def _zone(subnet: str | None, region: str) -> str:
    return zone_of_subnet(subnet, region) if subnet else zones_of_region(region)[0]


def _attachments(spec: TaskSpec, subnet: str | None, awsvpc: bool, uuid: Callable[[], str]) -> tuple[m.Attachment, ...]:
    storages = (storage(volume, uuid()) for volume in spec.volumes)
    return (interface(subnet, uuid()), *storages) if awsvpc else tuple(storages)


def needs_of(spec: TaskSpec) -> Requirements:
    """What a task of this kind takes of the instance it is placed on."""
    return requirements(spec.definition.definition, spec.overrides)


def shared_out(gpus: tuple[str, ...], containers: Sequence[m.ContainerDefinition]) -> list[tuple[str, ...]]:
    """The GPUs of each container, in order: as many as it asks for, or all that are left."""
    shares = []
    for container in containers:
        wanted = [r.value or "" for r in container.resource_requirements or () if r.type == "GPU"]
        count = len(gpus) if "ALL" in wanted else sum(int(value) for value in wanted if value.isdigit())
        shares.append(gpus[:count])
        gpus = gpus[count:]
    return shares


def _containers(
    spec: TaskSpec, new_arn: Callable[[], str], gpus: tuple[str, ...], instance: InstanceRecord | None
) -> tuple[ContainerRecord, ...]:
    containers = apply_overrides(spec.definition.definition, spec.overrides)
    shares = shared_out(gpus, containers)
    return tuple(_container(c, new_arn(), own, instance) for c, own in zip(containers, shares, strict=True))


def _container(
    definition: m.ContainerDefinition, arn: str, gpus: tuple[str, ...], instance: InstanceRecord | None
) -> ContainerRecord:
    """Agents do not tell of its health, in what they submit."""
    check, driven = definition.health_check, instance is not None and instance.agent_driven
    checked = not driven and check is not None and check.command[:1] != ["NONE"]
    return ContainerRecord(
        name=definition.name or "",
        arn=arn,
        image=definition.image or "",
        essential=definition.essential is not False,
        health="UNKNOWN" if checked else None,
        cpu=str(definition.cpu or 0),
        memory=None if definition.memory is None else str(definition.memory),
        memory_reservation=None if definition.memory_reservation is None else str(definition.memory_reservation),
        gpu_ids=gpus,
        gpu_sharing=next((r.sharing_strategy for r in definition.resource_requirements or () if r.type == "GPU"), None),
        restart_policy=definition.restart_policy,
    )


def _trusted(configuration: m.TrustedExecutionConfiguration | None) -> m.TrustedExecutionSummary | None:
    if configuration is None:
        return None
    attested = configuration.isolation_mode == "CONFIDENTIAL_SANDBOX" and configuration.attestation_policy
    return m.TrustedExecutionSummary(
        isolation_mode=configuration.isolation_mode, attestation_policy_status="CONFIGURED" if attested else None
    )
