"""A daemon task about to be started: its record, and whether an instance has room for it. For `control.daemons`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.daemons.definition import as_task_definition
from kecs.core.placement.resources import REASONS, Room
from kecs.core.records import (
    ClusterRecord,
    DaemonRecord,
    DaemonRevisionRecord,
    DaemonTaskDefinitionRecord,
    InstanceRecord,
    TaskDefinitionRecord,
    TaskRecord,
)
from kecs.core.taskdefs.requirements import Requirements, requirements
from kecs.core.tasks.create import TaskSpec, needs_of, new_task


def spec_of(
    cluster: ClusterRecord,
    daemon: DaemonRecord,
    revision: DaemonRevisionRecord,
    definition: DaemonTaskDefinitionRecord,
) -> TaskSpec:
    """What tasks of this revision are made from."""
    shown = revision.revision
    return TaskSpec(
        cluster=cluster,
        definition=TaskDefinitionRecord(arn=definition.arn, definition=as_task_definition(definition.definition)),
        launch_type="MANAGED_INSTANCES",
        group=f"daemon:{daemon.name}",
        enable_execute_command=bool(shown.enable_execute_command),
        tags=_tags(cluster, daemon, shown),
    )


def held_by(definitions: Iterable[m.DaemonTaskDefinition]) -> Requirements:
    """What daemons of these definitions take of an instance together."""
    each = [requirements(as_task_definition(definition)) for definition in definitions]
    return Requirements(cpu=sum(needs.cpu for needs in each), memory=sum(needs.memory for needs in each))


def lacks(spec: TaskSpec, instance: InstanceRecord, tasks: Iterable[TaskRecord]) -> str | None:
    """Which resource the instance, with these tasks on it, has too little of for the task; None when it has room.

    Daemons take no ports and no GPUs, and come before an instance is ACTIVE: there is nothing else to ask.
    """
    needs, room = needs_of(spec), Room(instance, tasks)
    if needs.cpu > room.cpu:
        return REASONS["cpu"]
    return REASONS["memory"] if needs.memory > room.memory else None


def daemon_task(
    spec: TaskSpec,
    daemon: DaemonRecord,
    instance: InstanceRecord,
    now: float,
    hex32: Callable[[], str],
    uuid: Callable[[], str],
) -> TaskRecord:
    """The record of the daemon's task on the instance."""
    here = replace(spec, capacity_provider_name=instance.instance.capacity_provider_name)
    task = new_task(here, instance, needs_of(spec), now, hex32, uuid)
    return replace(task, daemon_arn=daemon.arn, daemon_revision_arn=daemon.revision_arn)


def with_digests(revision: DaemonRevisionRecord, tasks: Iterable[TaskRecord]) -> DaemonRevisionRecord:
    """The revision with the digests of its images, as far as a task of it has found them out."""
    images = revision.revision.container_images or []
    if all(image.image_digest for image in images):
        return revision
    found = {
        container.name: container.image_digest
        for task in tasks
        if task.daemon_revision_arn == revision.arn
        for container in task.containers
        if container.image_digest
    }
    known = [replace(i, image_digest=i.image_digest or found.get(i.container_name or "")) for i in images]
    return (
        revision if known == images else replace(revision, revision=replace(revision.revision, container_images=known))
    )


def _tags(cluster: ClusterRecord, daemon: DaemonRecord, revision: m.DaemonRevision) -> tuple[m.Tag, ...]:
    tags = daemon.tags if revision.propagate_tags == "DAEMON" else ()
    if revision.enable_ecs_managed_tags:
        managed = {"aws:ecs:clusterName": cluster.name, "aws:ecs:daemonName": daemon.name}
        tags += tuple(m.Tag(key=key, value=value) for key, value in managed.items())
    return tags
