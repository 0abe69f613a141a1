"""CPU and memory of a container: what it is given (requests) and what it is held to (limits), as ECS maps them.

A container's cpu is its share of the machine, so it is requested; its memory is a hard limit, and memoryReservation
what is requested. Kubernetes has no size for the containers of a pod together: the task's size is shared out among
their requests, and each is held to all of it. Called by `containers`.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#container_definition_environment
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan

GPU = "nvidia.com/gpu"


def resources_of(plan: TaskPlan, container: m.ContainerDefinition, *, spare: bool = False) -> dict[str, Any] | None:
    """The container's `resources`. A `spare` slot is held to the same and requests nothing: it runs in the stead of
    the first. None when it asks for nothing and is held to nothing."""
    requests, limits = _requests(plan, container), _limits(plan, container)
    if spare:
        requests = dict.fromkeys({**requests, **limits}, "0")
    found = {"requests": requests, "limits": limits}
    return {kind: amounts for kind, amounts in found.items() if amounts} or None


def gpus(container: m.ContainerDefinition) -> int:
    """How many GPUs it is given."""
    asked = (r.value or "" for r in container.resource_requirements or () if r.type == "GPU")
    return sum(int(value) for value in asked if value.isdigit())


def _requests(plan: TaskPlan, container: m.ContainerDefinition) -> dict[str, str]:
    own = plan.containers.index(container)
    cpu = shared_out([c.cpu or 0 for c in plan.containers], plan.cpu)[own]
    memory = shared_out([c.memory_reservation or c.memory or 0 for c in plan.containers], plan.memory)[own]
    if container.memory:
        memory = min(memory, container.memory)
    found = {"cpu": _cores(cpu) if cpu else None, "memory": f"{memory}Mi" if memory else None}
    if plan.definition.ephemeral_storage:
        found["ephemeral-storage"] = "0"  # else what it is held to, once for each container
    return {name: amount for name, amount in found.items() if amount}


def _limits(plan: TaskPlan, container: m.ContainerDefinition) -> dict[str, str]:
    memory, count, storage = container.memory or plan.memory, gpus(container), plan.definition.ephemeral_storage
    found = {
        "cpu": _cores(int(plan.cpu)) if plan.cpu else None,
        "memory": f"{memory}Mi" if memory else None,
        "ephemeral-storage": f"{storage.size_in_gi_b}Gi" if storage else None,
        GPU: str(count) if count else None,
    }
    return {name: amount for name, amount in found.items() if amount}


def shared_out(asked: Sequence[int], size: str | None) -> list[int]:
    """What each container requests of a task of that size: what it asks for, and those that ask for nothing the rest in
    equal parts. Where all ask for more than there is, each gets so much less."""
    if size is None:
        return list(asked)
    total, wanted, silent = int(size), sum(asked), [amount for amount in asked if not amount]
    if wanted > total:
        return [amount * total // wanted for amount in asked]
    return [amount or (total - wanted) // len(silent) for amount in asked]


def _cores(units: int) -> str:
    """CPU units, 1024 a core, as Kubernetes' thousandths, rounded up."""
    thousandths = -(-units * 1000 // 1024)
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)
