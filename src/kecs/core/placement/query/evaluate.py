"""Whether an expression of the cluster query language is true of a container instance.

An instance that does not have a subject at all is selected by no comparison with it, `!=` and the like included; AWS's
example: `attribute:stack != prod` lists the instances with the attribute, unless its value is prod. Task groups are the
exception, as every instance has them, perhaps none: `task:group != database` means that none of its tasks is in it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from kecs.core.placement.query.patterns import pattern
from kecs.core.placement.query.tree import All, Comparison, Expression, Not, Operator, Some, subject_of
from kecs.core.placement.query.values import as_text

Facts = Callable[[str], Sequence[str] | None]
"""What an instance has for a subject: a value, for task:group any number of them; None when it lacks the subject."""

_OPPOSITE: dict[Operator, Operator] = {"!=": "==", "!in": "in", "!~": "=~"}
_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def matches(expression: Expression, facts: Facts) -> bool:
    """Whether the instance of which these are the facts is one that the expression means."""
    match expression:
        case Not(part):
            return not matches(part, facts)
        case All(parts):
            return all(matches(part, facts) for part in parts)
        case Some(parts):
            return any(matches(part, facts) for part in parts)
        case Comparison():
            return _compare(expression, facts(expression.subject))


def _compare(comparison: Comparison, values: Sequence[str] | None) -> bool:
    if comparison.operator in ("exists", "!exists"):
        return bool(values) == (comparison.operator == "exists")
    if values is None:
        return False
    opposite = _OPPOSITE.get(comparison.operator)
    if opposite is not None:
        return not any(_holds(comparison, opposite, value) for value in values)
    return any(_holds(comparison, comparison.operator, value) for value in values)


def _holds(comparison: Comparison, how: Operator, value: str) -> bool:
    """Whether one value of the instance is what the comparison, which is no negation, asks for."""
    first = comparison.arguments[0]
    if how == "=~":
        return pattern(first).matches(value)
    subject = subject_of(comparison.subject)
    kind = subject.kind if subject is not None else str
    try:
        have = kind(value)
    except ValueError:  # an agent may report any version
        return False
    if how in _COMPARE:
        return _COMPARE[how](have, kind(first))
    if kind is as_text:
        return value in comparison.arguments
    return have in {kind(argument) for argument in comparison.arguments}
