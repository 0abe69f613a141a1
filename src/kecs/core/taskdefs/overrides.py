"""What RunTask, StartTask and the service scheduler change in a task definition for one run.

Handlers call `validate_overrides` before a task exists; `task_plan` is what supervisors hand to a runtime.
API shape: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.records import TaskRecord
from kecs.core.taskdefs.fargate import check_fargate_size, is_windows
from kecs.core.taskdefs.rules.overrides import RULES
from kecs.core.taskdefs.sizes import cpu_units, memory_mib
from kecs.core.tasks.attachments import kept_volumes
from kecs.core.tasks.plan import TaskPlan, Wishes

T = TypeVar("T")

LONGEST = 8192  # characters of JSON
_REPLACED = ("command", "environment_files", "cpu", "memory", "memory_reservation")
_EMPTY = m.ContainerOverride()


def apply_overrides(
    definition: m.TaskDefinition, overrides: m.TaskOverride | None
) -> tuple[m.ContainerDefinition, ...]:
    """The definition's containers as this run has them, in the order of the definition.

    Environment is merged by name and resource requirements by type; command, environment files, cpu, memory and
    memoryReservation replace what was there. Raises InvalidParameterException for a container that is not there.
    """
    containers = {c.name or "": c for c in definition.container_definitions or ()}
    for override in (overrides.container_overrides if overrides else None) or ():
        if override == _EMPTY:
            continue
        name = override.name or ""
        if name not in containers:
            raise m.InvalidParameterException(
                f"Override for container named {name or 'null'} is not a container in the TaskDefinition."
            )
        containers[name] = _overridden(containers[name], override)
    return tuple(containers.values())


def _overridden(container: m.ContainerDefinition, override: m.ContainerOverride) -> m.ContainerDefinition:
    changes: dict[str, Any] = {field: value for field in _REPLACED if (value := getattr(override, field)) is not None}
    if override.environment is not None:
        changes["environment"] = _merged(container.environment, override.environment, lambda e: e.name)
    if override.resource_requirements is not None:
        changes["resource_requirements"] = _merged(
            container.resource_requirements, override.resource_requirements, lambda r: r.type
        )
    return msgspec.structs.replace(container, **changes)


def _merged(base: Sequence[T] | None, over: Iterable[T], key: Callable[[T], Hashable]) -> list[T]:
    """`base` with the entries of `over` in the place of those of the same key, new ones at the end."""
    entries = {key(entry): entry for entry in base or ()}
    entries.update((key(entry), entry) for entry in over)
    return list(entries.values())


def effective_definition(definition: m.TaskDefinition, overrides: m.TaskOverride | None) -> m.TaskDefinition:
    """The definition with what the overrides say of the task as a whole: roles, size, ephemeral storage.

    Raises ClientException for a cpu or memory that is no amount.
    """
    if overrides is None:
        return definition
    changes = {
        "cpu": str(cpu_units(overrides.cpu)) if overrides.cpu else None,
        "memory": str(memory_mib(overrides.memory)) if overrides.memory else None,
        "execution_role_arn": overrides.execution_role_arn,
        "task_role_arn": overrides.task_role_arn,
        "ephemeral_storage": overrides.ephemeral_storage,
    }
    return msgspec.structs.replace(definition, **{name: value for name, value in changes.items() if value})


def validate_overrides(definition: m.TaskDefinition, overrides: m.TaskOverride | None, *, launch_type: str) -> None:
    """Refuse overrides that ECS refuses. Raises InvalidParameterException, for a size ClientException."""
    if overrides is None:
        return
    if len(msgspec.json.encode(overrides).decode()) > LONGEST:
        raise m.InvalidParameterException(f"Container Overrides length must be at most {LONGEST}")
    for accelerator in overrides.inference_accelerator_overrides or ():  # no definition can have any
        raise m.InvalidParameterException(
            f"Override for device named {accelerator.device_name} is not a device in the TaskDefinition."
        )
    if launch_type != "FARGATE" and overrides.ephemeral_storage:
        raise m.InvalidParameterException(f"Tasks using the {launch_type} launch type do not support EphemeralStorage.")
    task = msgspec.structs.replace(
        effective_definition(definition, overrides),
        container_definitions=list(apply_overrides(definition, overrides)),
    )
    if launch_type == "FARGATE":
        cpu, memory = (int(size) if size else None for size in (task.cpu, task.memory))
        check_fargate_size(cpu, memory, windows=is_windows(task.runtime_platform))
    for rule in RULES:
        for problem in rule(task):
            raise m.InvalidParameterException(problem)


def task_plan(
    task: TaskRecord,
    definition: m.TaskDefinition,
    service_name: str | None,
    log_mode: str = "non-blocking",
    node: str | None = None,
    wishes: Wishes | None = None,
) -> TaskPlan:
    """Everything a runtime has to know of `task`, which runs `definition` for the service of that name (if any).

    `log_mode` is how awslogs delivers where the definition does not say: the account's defaultLogDriverMode. `node` is
    the name of the one that its container instance is made of, `wishes` what was asked of it.
    """
    scope = task.scope
    effective = effective_definition(definition, task.overrides)
    return TaskPlan(
        arn=task.arn,
        id=task.id,
        cluster=last_part(task.cluster_arn),
        account=scope.account,
        region=scope.region,
        definition=effective,
        containers=tuple(_with_log_mode(c, log_mode) for c in apply_overrides(definition, task.overrides)),
        network_mode=definition.network_mode or "bridge",
        launch_type=task.launch_type,
        cpu=task.cpu or effective.cpu,
        memory=task.memory or effective.memory,
        service=service_name,
        group=task.group,
        node=node,
        wishes=wishes,
        capacity_provider=task.capacity_provider_name,
        zone=task.availability_zone,
        deployment=task.deployment_id,
        launch_volumes=task.launch_volumes,
        kept_volumes=kept_volumes(task),
    )


def _with_log_mode(container: m.ContainerDefinition, mode: str) -> m.ContainerDefinition:
    log = container.log_configuration
    if log is None or log.log_driver != "awslogs" or "mode" in (log.options or {}):
        return container
    options = {**(log.options or {}), "mode": mode}
    return msgspec.structs.replace(container, log_configuration=msgspec.structs.replace(log, options=options))
