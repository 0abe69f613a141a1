"""A task as DescribeTasks, RunTask and StopTask show it."""

from __future__ import annotations

from collections.abc import Sequence

from kecs.aws.model import ecs as m
from kecs.core.lifecycle import CONTAINER_STATUS
from kecs.core.records import ContainerRecord, TaskRecord
from kecs.core.tasks.exec import agents


def task_view(task: TaskRecord, *, tags: bool = False) -> m.Task:
    """The API's shape of the task; `tags` as the call's include asks for them."""
    return m.Task(
        attachments=list(task.attachments),
        attributes=list(task.attributes),
        availability_zone=task.availability_zone,
        capacity_provider_name=task.capacity_provider_name,
        cluster_arn=task.cluster_arn,
        connectivity="CONNECTED" if task.connectivity_at is not None else None,
        connectivity_at=task.connectivity_at,
        container_instance_arn=task.container_instance_arn,
        containers=[_container(container, task) for container in task.containers],
        cpu=task.cpu or _reserved(task, task.reserved_cpu),
        created_at=task.created_at,
        desired_status=task.desired_status,
        enable_execute_command=task.enable_execute_command,
        ephemeral_storage=task.ephemeral_storage,
        execution_stopped_at=task.execution_stopped_at,
        group=task.group,
        health_status=task.health if any(_reported(c) for c in task.containers) else None,
        last_status=task.last_status,
        launch_type=task.launch_type,
        memory=task.memory or _reserved(task, task.reserved_memory),
        overrides=_overrides(task),
        platform_version=task.platform_version,
        platform_family=task.platform_family,
        pull_started_at=task.pull_started_at,
        pull_stopped_at=task.pull_stopped_at,
        started_at=task.started_at,
        started_by=task.started_by,
        stop_code=task.stop_code,  # type: ignore[arg-type]  # from the tables of the lifecycle
        stopped_at=task.stopped_at,
        stopped_reason=task.stopped_reason,
        stopping_at=task.stopping_at,
        tags=list(task.tags) if tags else [],
        task_arn=task.arn,
        task_definition_arn=task.definition_arn,
        version=task.version,
        fargate_ephemeral_storage=_fargate_storage(task),
        trusted_execution_summary=task.trusted_execution,
    )


def _container(container: ContainerRecord, task: TaskRecord) -> m.Container:
    return m.Container(
        container_arn=container.arn,
        task_arn=task.arn,
        name=container.name,
        image=container.image,
        image_digest=container.image_digest,
        runtime_id=container.runtime_id or None,
        last_status=CONTAINER_STATUS[container.phase],
        exit_code=container.exit_code if container.phase == "STOPPED" else None,
        reason=container.reason if container.phase == "STOPPED" else None,
        network_bindings=list(container.network_bindings) if _reported(container) else None,
        network_interfaces=_interfaces(task.attachments),
        health_status=(container.health or "UNKNOWN") if _reported(container) else None,
        cpu=container.cpu,
        memory=container.memory,
        memory_reservation=container.memory_reservation,
        gpu_ids=list(container.gpu_ids) or None,
        gpu_sharing_strategy=container.gpu_sharing,
        managed_agents=list(agents(task, container)) or None,
    )


def _reported(container: ContainerRecord) -> bool:
    """Whether the agent has anything to say of the container yet; before that AWS leaves its findings out."""
    return container.phase != "WAITING"


def _reserved(task: TaskRecord, amount: int) -> str | None:
    """Without a size of its own a task on an instance shows what its containers ask for together."""
    return str(amount) if task.container_instance_arn else None


def _interfaces(attachments: Sequence[m.Attachment]) -> list[m.NetworkInterface]:
    """Each container of an awsvpc task shows the task's network interface."""
    interfaces = []
    for attachment in attachments:
        if attachment.type == "ElasticNetworkInterface":
            details = {detail.name: detail.value for detail in attachment.details or []}
            if "privateIPv4Address" in details:
                interfaces.append(
                    m.NetworkInterface(attachment_id=attachment.id, private_ipv4_address=details["privateIPv4Address"])
                )
    return interfaces


def _overrides(task: TaskRecord) -> m.TaskOverride:
    """What was asked for, with an entry for every container, as AWS shows it."""
    given = task.overrides or m.TaskOverride()
    named = {override.name: override for override in given.container_overrides or []}
    return m.TaskOverride(
        container_overrides=[named.get(c.name) or m.ContainerOverride(name=c.name) for c in task.containers],
        cpu=given.cpu,
        inference_accelerator_overrides=[],
        execution_role_arn=given.execution_role_arn,
        memory=given.memory,
        task_role_arn=given.task_role_arn,
        ephemeral_storage=given.ephemeral_storage,
    )


def _fargate_storage(task: TaskRecord) -> m.TaskEphemeralStorage | None:
    if task.ephemeral_storage is None:
        return None
    return m.TaskEphemeralStorage(size_in_gi_b=task.ephemeral_storage.size_in_gi_b)
