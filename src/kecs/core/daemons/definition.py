"""Daemon task definitions: as ECS keeps them, what it refuses, and what runs of one.

A daemon's containers are those of any task with fewer members, so the rules of task definitions hold for them, and the
rest of KECS runs them as the task definition that `as_task_definition` makes.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-task-definitions.html
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import asdict, replace

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.taskdefs.normalise import HEALTH_CHECK_DEFAULTS
from kecs.core.taskdefs.register import LARGEST
from kecs.core.taskdefs.rules import environment, identity, logs, order, resources, running, volumes
from kecs.core.taskdefs.rules.common import Rule
from kecs.core.taskdefs.rules.launch_types import MANAGED_LOG_DRIVERS
from kecs.core.taskdefs.sizes import cpu_units, memory_mib

NAMESPACES = {"shared": "host", "none": None, None: None}
"""A daemon's pidMode and ipcMode, and what that is for any other task."""

RULES: tuple[Rule, ...] = (
    *identity.RULES,
    *resources.OVERRIDABLE,  # all but the one that asks for memory: a daemon need not reserve any
    *environment.RULES,
    *volumes.RULES,
    *order.RULES,
    *running.RULES,
    *logs.RULES,
)


def define(request: m.RegisterDaemonTaskDefinitionRequest) -> m.DaemonTaskDefinition:
    """The definition with ECS's defaults, validated; without what its registration knows. Raises ClientException."""
    size = len(msgspec.json.encode(request))
    if size > LARGEST:
        raise m.ClientException(f"Actual length: '{size}'. Max allowed length is '{LARGEST}' bytes.")
    definition = m.DaemonTaskDefinition(
        family=request.family,
        task_role_arn=request.task_role_arn or None,
        execution_role_arn=request.execution_role_arn or None,
        container_definitions=[_container(container) for container in request.container_definitions],
        volumes=request.volumes or [],
        cpu=str(cpu_units(request.cpu)) if request.cpu else None,
        memory=str(memory_mib(request.memory)) if request.memory else None,
        pid_mode=request.pid_mode,
        ipc_mode=request.ipc_mode,
    )
    for problem in problems(definition):
        raise m.ClientException(problem)
    return definition


def revision_of(
    definition: m.DaemonTaskDefinition, scope: Scope, revision: int, *, registered_by: str, now: float
) -> m.DaemonTaskDefinition:
    """The definition as a revision of its family, registered at `now` (seconds) by the principal of that ARN."""
    return replace(
        definition,
        daemon_task_definition_arn=scope.daemon_task_definition(definition.family or "", revision),
        revision=revision,
        status="ACTIVE",
        registered_at=now,
        registered_by=registered_by,
    )


def problems(definition: m.DaemonTaskDefinition) -> Iterator[str]:
    """Everything that is wrong with it, in the order in which ECS would say it."""
    task_definition = as_task_definition(definition)
    for rule in RULES:
        yield from rule(task_definition)
    yield from _volumes(definition)
    yield from _log_drivers(definition)


def as_task_definition(definition: m.DaemonTaskDefinition) -> m.TaskDefinition:
    """What the rest of KECS runs. Daemons have a bridge of their own in ECS; any bridge will do here."""
    return m.TaskDefinition(
        task_definition_arn=definition.daemon_task_definition_arn,
        family=definition.family,
        revision=definition.revision,
        task_role_arn=definition.task_role_arn,
        execution_role_arn=definition.execution_role_arn,
        network_mode="bridge",
        container_definitions=[_as_container(c) for c in definition.container_definitions or ()],
        volumes=[m.Volume(name=v.name, host=v.host or m.HostVolumeProperties()) for v in definition.volumes or ()],
        cpu=definition.cpu,
        memory=definition.memory,
        pid_mode=NAMESPACES[definition.pid_mode],  # type: ignore[arg-type]  # a table of both modes
        ipc_mode=NAMESPACES[definition.ipc_mode],  # type: ignore[arg-type]
    )


def _as_container(container: m.DaemonContainerDefinition) -> m.ContainerDefinition:
    linux = container.linux_parameters
    members = asdict(container) | {"linux_parameters": linux and m.LinuxParameters(**asdict(linux))}
    return m.ContainerDefinition(**members)


def _container(container: m.DaemonContainerDefinition) -> m.DaemonContainerDefinition:
    check = container.health_check
    if check is not None:
        missing = {name: value for name, value in HEALTH_CHECK_DEFAULTS.items() if getattr(check, name) is None}
        check = replace(check, **missing)
    return replace(
        container,
        cpu=container.cpu or 0,
        essential=container.essential is not False,
        environment=list({pair.name: pair for pair in container.environment or ()}.values()),
        mount_points=container.mount_points or [],
        secrets=container.secrets or [],
        health_check=check,
    )


def _volumes(definition: m.DaemonTaskDefinition) -> Iterator[str]:
    for volume in definition.volumes or ():
        log = volume.log_driver_volume_configuration
        if log is not None and volume.host is not None:
            yield f"Volume '{volume.name}' cannot specify both host and logDriverVolumeConfiguration."
        if log is not None and log.driver != "json-file":
            yield f"{log.driver} is not a valid log driver of volume '{volume.name}'. Must be one of [json-file]"


def _log_drivers(definition: m.DaemonTaskDefinition) -> Iterator[str]:
    for container in definition.container_definitions or ():
        log = container.log_configuration
        if log is not None and log.log_driver not in MANAGED_LOG_DRIVERS:
            yield f"{log.log_driver} is not a valid log driver. Must be one of [{','.join(MANAGED_LOG_DRIVERS)}]"
