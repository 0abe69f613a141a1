"""What an expression of the cluster query language consists of, and what may be said of which subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kecs.core.placement.query.values import Kind, as_number, as_text, as_time, as_version

Operator = Literal["==", "!=", ">", ">=", "<", "<=", "exists", "!exists", "in", "!in", "=~", "!~"]

WORDS: dict[str, Operator] = {
    "equals": "==",
    "not_equals": "!=",
    "greater_than": ">",
    "greater_than_equal": ">=",
    "less_than": "<",
    "less_than_equal": "<=",
    "exists": "exists",
    "not_exists": "!exists",
    "in": "in",
    "not_in": "!in",
    "matches": "=~",
    "not_matches": "!~",
}
"""The other way to write each operator."""

SAME: frozenset[Operator] = frozenset({"==", "!="})
ORDER: frozenset[Operator] = frozenset({">", ">=", "<", "<="})
CHOICE: frozenset[Operator] = frozenset({"in", "!in", "=~", "!~"})
PRESENCE: frozenset[Operator] = frozenset({"exists", "!exists"})
EVERY = SAME | ORDER | CHOICE | PRESENCE

ATTRIBUTE = "attribute:"


@dataclass(frozen=True, slots=True)
class Subject:
    """What may be asked of a subject, and how its values compare."""

    operators: frozenset[Operator]
    kind: Kind


SUBJECTS: dict[str, Subject] = {
    "agentConnected": Subject(SAME | CHOICE, as_text),
    "agentVersion": Subject(SAME | ORDER, as_version),
    "ec2InstanceId": Subject(SAME | CHOICE, as_text),
    "registeredAt": Subject(SAME | ORDER, as_time),
    "runningTasksCount": Subject(SAME | ORDER, as_number),
    "task:group": Subject(EVERY, as_text),
}
"""And `attribute:` with a name after it."""


def subject_of(name: str) -> Subject | None:
    """What may be asked of the subject; None when there is none of that name."""
    if name.startswith(ATTRIBUTE) and name != ATTRIBUTE:
        return Subject(EVERY, as_text)
    return SUBJECTS.get(name)


class InvalidExpression(ValueError):
    """The text is no expression; says why, for the caller to show."""


@dataclass(frozen=True, slots=True)
class Comparison:
    subject: str
    operator: Operator
    arguments: tuple[str, ...] = ()  # none for exists, several for in, one for the others


@dataclass(frozen=True, slots=True)
class Not:
    part: Expression


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Expression, ...]


Expression = Comparison | Not | All | Some
