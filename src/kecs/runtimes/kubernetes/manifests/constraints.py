"""What was asked of a task's node in ECS's words, as requirements of Kubernetes' node affinity. Called by `placing`.

KECS has chosen the node. The pod says the same wishes for itself, so that whoever looks at it sees why it is where it
is, and a node that no longer has what was asked for does not get it. Nothing here may keep a pod from a node that KECS
has chosen well, so whatever labels cannot say counts as true:

- what only KECS knows of an instance: groups, versions, numbers of tasks, attributes that are not as the node's labels
  are (PutAttributes and DeleteAttributes change them);
- regular expressions, and orders of anything but whole numbers;
- what would take more terms than MOST_TERMS.

Kubernetes API, NodeSelectorTerm v1 core.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any, NamedTuple

from kecs.core.nodes.instances import WELL_KNOWN
from kecs.core.placement.query import Expression, InvalidExpression, parse
from kecs.core.placement.query.tree import ATTRIBUTE, ORDER, PRESENCE, All, Comparison, Not, Operator, Some
from kecs.core.tasks.plan import Wishes

SAYS = WELL_KNOWN | {"kubernetes.io/os": "ecs.os-type", "kubernetes.io/arch": "ecs.cpu-architecture"}
"""Labels that say what an attribute of another name does."""

WORDS = {"kubernetes.io/arch": {"x86_64": "amd64"}}
"""Values that such a label has other words for, by ECS's."""

ORDERS: dict[Operator, tuple[str, int]] = {">": ("Gt", 0), ">=": ("Gt", -1), "<": ("Lt", 0), "<=": ("Lt", 1)}
"""How Kubernetes compares, and what it has to be given instead of n."""

OPPOSITES: dict[Operator, Operator] = {
    "==": "!=",
    "in": "!in",
    "exists": "!exists",
    ">": "<=",
    "<=": ">",
    "<": ">=",
    ">=": "<",
}
OPPOSITES |= {opposite: operator for operator, opposite in OPPOSITES.items()}
"""What holds of a value when the other does not."""

MOST_TERMS = 16

_NUMBER = re.compile(r"[0-9]{1,15}")  # which both sides take for the same
_PART = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_KEY = re.compile(rf"({_DOMAIN}/)?{_PART}")
_VALUE = re.compile(rf"({_PART})?")


class Need(NamedTuple):
    """A NodeSelectorRequirement."""

    key: str
    operator: str  # In | NotIn | Exists | DoesNotExist | Gt | Lt
    values: tuple[str, ...] = ()

    def manifest(self) -> dict[str, Any]:
        found = {"key": self.key, "operator": self.operator}
        return {**found, "values": list(self.values)} if self.values else found


class Label(NamedTuple):
    """The label of a node that says the same as an attribute of its instance."""

    key: str
    value: str | None  # None: the node has neither


Term = tuple[Need, ...]  # all of them hold
Terms = tuple[Term, ...]  # one of them does
TRUE: Terms = ((),)
NEVER: Terms = ()


def terms_of(wishes: Wishes) -> Terms:
    """What the node has to be like, as far as it can be said; one empty term when nothing can."""
    found = TRUE
    for expression in wishes.expressions:
        terms = _terms(expression, wishes)
        if accepts(terms, wishes.labels):  # it may have changed since it was chosen
            found = _both((found, terms))
    return found


def accepts(terms: Terms, labels: Mapping[str, str]) -> bool:
    """Whether Kubernetes takes a node with these labels for one that was asked for."""
    return any(all(_holds(need, labels.get(need.key)) for need in term) for term in terms)


def _terms(text: str, wishes: Wishes) -> Terms:
    try:
        return translated(parse(text), wishes)
    except InvalidExpression:  # which nothing satisfies; kept by a KECS that did not check it yet
        return TRUE


def translated(expression: Expression, wishes: Wishes, *, negated: bool = False) -> Terms:
    """The nodes that an expression means: exactly those, or more where labels cannot say it."""
    match expression:
        case Not(part):
            return translated(part, wishes, negated=not negated)
        case Comparison():
            return _compared(expression, wishes, negated=negated)
        case All(parts) | Some(parts):
            found = [translated(part, wishes, negated=negated) for part in parts]
            return _both(found) if isinstance(expression, Some) == negated else _either(found)


def _both(parts: Iterable[Terms]) -> Terms:
    """Those that would make it too many are left away."""
    found = TRUE
    for terms in parts:
        if len(found) * len(terms) <= MOST_TERMS:
            found = tuple(dict.fromkeys(tuple(dict.fromkeys((*a, *b))) for a, b in product(found, terms)))
    return found


def _either(parts: Iterable[Terms]) -> Terms:
    found = tuple(dict.fromkeys(term for terms in parts for term in terms))
    return TRUE if () in found or len(found) > MOST_TERMS else found


def _compared(asked: Comparison, wishes: Wishes, *, negated: bool) -> Terms:
    """An instance without the attribute is selected by no comparison, so by the negation of each."""
    label = _label_of(asked.subject.removeprefix(ATTRIBUTE), wishes) if asked.subject.startswith(ATTRIBUTE) else None
    operator = OPPOSITES.get(asked.operator) if negated else asked.operator
    if label is None or operator not in OPPOSITES:
        return TRUE
    there: Terms = ((Need(label.key, "Exists"),),)
    absent: Terms = ((Need(label.key, "DoesNotExist"),),)
    if operator in PRESENCE:
        return there if operator == "exists" else absent
    if operator in ORDER:
        fits = _ordered(operator, asked.arguments[0], label)
    else:
        fits = _chosen(operator, asked.arguments, label)
        if operator in ("!=", "!in"):  # Kubernetes' NotIn holds of nodes without the label as well
            return fits if negated else _both((there, fits))
    return _either((absent, fits)) if negated else fits


def _chosen(operator: Operator, arguments: Iterable[str], label: Label) -> Terms:
    """Values that no label can have are none that this one has."""
    values = tuple(word for text in arguments if (word := _word(label.key, text)) is not None)
    if operator in ("==", "in"):
        return ((Need(label.key, "In", values),),) if values else NEVER
    return ((Need(label.key, "NotIn", values),),) if values else TRUE


def _ordered(operator: Operator, argument: str, label: Label) -> Terms:
    """Kubernetes compares whole numbers only; to ECS every other text is greater than each number."""
    if not _NUMBER.fullmatch(argument) or not (label.value is None or _NUMBER.fullmatch(label.value)):
        return TRUE
    how, beyond = ORDERS[operator]
    bound = int(argument) + beyond
    return ((Need(label.key, how, (str(bound),)) if bound >= 0 else Need(label.key, "Exists"),),)


def _label_of(attribute: str, wishes: Wishes) -> Label | None:
    """The label that says what the instance does of the attribute; None where no label does."""
    have = wishes.attributes.get(attribute)
    for key in (attribute, *(label for label, says in SAYS.items() if says == attribute)):
        value = wishes.labels.get(key)
        if value is not None and have is not None and _word(key, have) == value:
            return Label(key, value)
    absent = have is None and attribute not in wishes.labels
    return Label(attribute, None) if absent and _KEY.fullmatch(attribute) else None


def _word(key: str, value: str) -> str | None:
    """What the label says for a value of the attribute; None where it never does."""
    words = WORDS.get(key, {})
    word = words.get(value, None if value in words.values() else value)
    return word if word is not None and _VALUE.fullmatch(word) else None


def _holds(need: Need, value: str | None) -> bool:
    match need.operator:
        case "In":
            return value in need.values
        case "NotIn":
            return value not in need.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    if value is None or not _NUMBER.fullmatch(value):
        return False
    bound = int(need.values[0])
    return int(value) > bound if need.operator == "Gt" else int(value) < bound
