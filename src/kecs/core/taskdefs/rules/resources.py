"""Rules about what a task takes: CPU, memory, storage, GPUs, and where it may be placed."""

from __future__ import annotations

from collections.abc import Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.rules.common import Rule, containers, per_container, repeated

LEAST_MEMORY = 4  # MiB; below it no Docker Engine starts a container
STORAGE = range(21, 200 + 1)  # GiB
MOST_CONSTRAINTS = 10


def _memory_given(definition: m.TaskDefinition) -> Iterator[str]:
    for container in containers(definition):
        if definition.memory is None and container.memory is None and container.memory_reservation is None:
            yield (
                f"Invalid setting for container '{container.name}'."
                " At least one of 'memory' or 'memoryReservation' must be specified."
            )


def _container_sizes(container: m.ContainerDefinition) -> Iterator[str]:
    if (container.cpu or 0) < 0:
        yield f"Invalid 'cpu' setting for container '{container.name}'."
    for name, size in (("memory", container.memory), ("memoryReservation", container.memory_reservation)):
        if size is not None and size < LEAST_MEMORY:
            yield f"Invalid '{name}' setting for container '{container.name}'."
    if container.memory is not None and (container.memory_reservation or 0) > container.memory:
        yield (
            f"Invalid setting for container '{container.name}'."
            " 'memory' must be greater than or equal to 'memoryReservation'."
        )


def _within_task(definition: m.TaskDefinition) -> Iterator[str]:
    """What containers reserve has to fit into the size of the task, where it has one."""
    if definition.memory is not None:
        task = int(definition.memory)
        for container in containers(definition):
            if (container.memory or 0) > task:
                yield f"The 'memory' setting for container '{container.name}' is greater than for the task."
        if sum(c.memory_reservation or 0 for c in containers(definition)) > task:
            yield (
                "The sum of all container 'memoryReservation' values cannot be greater than"
                " the value of the task 'memory'."
            )
    if definition.cpu is not None and sum(c.cpu or 0 for c in containers(definition)) > int(definition.cpu):
        yield "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'."


def _ephemeral_storage(definition: m.TaskDefinition) -> Iterator[str]:
    if definition.ephemeral_storage is None:
        return
    if definition.ephemeral_storage.size_in_gi_b < STORAGE.start:
        yield f"EphemeralStorage size should be at least {STORAGE.start}"
    if definition.ephemeral_storage.size_in_gi_b >= STORAGE.stop:
        yield f"EphemeralStorage size should be at most {STORAGE.stop - 1}"


def _devices_once(definition: m.TaskDefinition) -> Iterator[str]:
    """One kind of device is asked for once by a container, NeuronDevice by one container; GPUs are shared or not."""
    asked = [(c.name, r) for c in containers(definition) for r in c.resource_requirements or ()]
    if name := repeated(f"{name} {requirement.type}" for name, requirement in asked):
        container, _, kind = name.rpartition(" ")
        yield f"The '{kind}' resource requirement for container '{container}' is given more than once."
    if sum(requirement.type == "NeuronDevice" for _, requirement in asked) > 1:
        yield "Only one container can specify a 'NeuronDevice' resource requirement."
    if len({requirement.sharing_strategy is None for _, requirement in asked if requirement.type == "GPU"}) > 1:
        yield "All containers that specify a 'GPU' resource requirement must either share GPUs or not."


def _devices(container: m.ContainerDefinition) -> Iterator[str]:
    for requirement in container.resource_requirements or ():
        value = requirement.value or ""
        if requirement.type == "InferenceAccelerator":
            yield "Unsupported resource requirement type 'InferenceAccelerator'."
        elif requirement.type == "NeuronDevice" and value != "ALL":
            yield f"Invalid 'NeuronDevice' resource requirement for container '{container.name}'."
        elif requirement.type == "GPU":
            exclusive = value == "ALL" or (value.isdigit() and int(value) > 0)
            if exclusive == (requirement.sharing_strategy is not None):
                yield f"Invalid 'GPU' resource requirement for container '{container.name}'."


def _accelerators(definition: m.TaskDefinition) -> Iterator[str]:
    # Amazon Elastic Inference is gone, and ECS says so to whoever still asks for it.
    if definition.inference_accelerators:
        yield "Unsupported field 'inferenceAccelerators'."


def _constraints(definition: m.TaskDefinition) -> Iterator[str]:
    from kecs.core.placement.query import problem_of  # placement needs to know what a task takes, and so these rules

    constraints = definition.placement_constraints or ()
    if len(constraints) > MOST_CONSTRAINTS:
        yield f"A task definition can have at most {MOST_CONSTRAINTS} placement constraints."
    for constraint in constraints:
        if not constraint.type:
            yield "constraint.type should not be null or empty."
        elif not constraint.expression:
            yield "constraint.expression should not be null or empty."
        elif problem := problem_of(constraint.expression):
            yield f"constraint.expression is invalid: {problem}."


OVERRIDABLE: tuple[Rule, ...] = (
    per_container(_container_sizes),
    _within_task,
    _ephemeral_storage,
    per_container(_devices),
    _devices_once,
)
"""Those that overrides of a task are held to as well."""

RULES: tuple[Rule, ...] = (_memory_given, *OVERRIDABLE, _accelerators, _constraints)
