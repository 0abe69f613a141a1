"""What ECS accepts as a task definition, as tables of rules; `register` calls `validate`.

A rule takes a normalised definition and says in ECS's words what is wrong with it. The first problem of the first
broken rule is what the caller is told, so the order of the tables is the order of the answers: names first, since
the other texts use them, then what the required launch types ask for, then the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.rules import environment, identity, kernel, logs, network, order, resources, running, volumes
from kecs.core.taskdefs.rules.common import Rule
from kecs.core.taskdefs.rules.launch_types import LAUNCH_TYPES

GENERAL: tuple[Rule, ...] = (
    *resources.RULES,
    *environment.RULES,
    *network.RULES,
    *volumes.RULES,
    *order.RULES,
    *running.RULES,
    *kernel.RULES,
    *logs.RULES,
)


def problems(definition: m.TaskDefinition) -> Iterator[str]:
    """Everything that is wrong with a normalised definition, in the order in which ECS would say it."""
    required = [rule for name in definition.requires_compatibilities or () for rule in LAUNCH_TYPES[name]]
    for rule in (*identity.RULES, *required, *GENERAL):
        yield from rule(definition)


def validate(definition: m.TaskDefinition) -> None:
    """Raises ClientException with the first problem, if there is one."""
    for problem in problems(definition):
        raise m.ClientException(problem)
