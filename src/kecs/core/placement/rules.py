"""What a task asks of its container instance beside room: capabilities, placement constraints, placement strategies.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kecs.aws.model import ecs as m
from kecs.core.placement.query import Expression, InvalidExpression, parse


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for the tasks of one launch, ready to be held against instances."""

    group: str = ""
    expressions: tuple[Expression, ...] = ()  # memberOf: all of them have to be true
    distinct: bool = False  # distinctInstance: no other task of the group on the same instance
    capabilities: frozenset[str] = frozenset()  # names of attributes
    strategies: tuple[m.PlacementStrategy, ...] = ()


def rules_of(
    definition: m.TaskDefinition,
    group: str,
    constraints: Sequence[m.PlacementConstraint] = (),
    strategies: Sequence[m.PlacementStrategy] = (),
) -> Rules:
    """The rules for tasks of the definition; `constraints` are the request's or the service's, beside its own."""
    own = definition.placement_constraints or ()
    expressions = (c.expression for c in (*own, *constraints) if c.type == "memberOf" and c.expression)
    return Rules(
        group=group,
        expressions=tuple(_parsed(expressions)),
        distinct=any(constraint.type == "distinctInstance" for constraint in constraints),
        capabilities=frozenset(attribute.name for attribute in definition.requires_attributes or ()),
        strategies=tuple(strategies),
    )


def _parsed(expressions: Iterable[str]) -> Iterable[Expression]:
    for expression in expressions:
        try:
            yield parse(expression)
        except InvalidExpression:  # kept by a KECS that did not check it yet; nothing can satisfy it
            yield parse("task:group in [a] and not(task:group in [a])")
