"""Event patterns: which events a rule is about. Called when a rule is put and for every event that it might match.

A pattern is compiled once, to a function of the event. What stands in a list is matched item by item, and one item
that matches is enough; lists of objects are walked into the same way.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from kecs.aws.model import events as e

Pattern = Callable[[Any], bool]
"""Of an event, or a part of one: whether it matches."""

Test = Callable[[Any], bool]
"""Of one value that is neither list nor object."""

LARGEST = 5e9  # of numbers, either way
DEEPEST = 100  # objects inside one another
_ABSENT = object()
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@lru_cache(maxsize=1024)
def compiled(text: str) -> Pattern:
    """The pattern that a JSON text is. Raises InvalidEventPatternException."""
    try:
        pattern = msgspec.json.decode(text)
        return _fields(pattern, 0)
    except (msgspec.DecodeError, UnicodeError):
        raise _invalid("the pattern is no JSON") from None
    except RecursionError:
        raise _invalid("the pattern is nested too deeply") from None


def _invalid(reason: str) -> e.InvalidEventPatternException:
    return e.InvalidEventPatternException(f"Event pattern is not valid. Reason: {reason}")


def _fields(pattern: Any, depth: int) -> Pattern:
    """An object of fields: all of them have to match."""
    if not isinstance(pattern, dict):
        raise _invalid("Filter is not an object")
    if depth > DEEPEST:
        raise _invalid("the pattern is nested too deeply")
    if not pattern:
        raise _invalid("Empty objects are not allowed" if depth else "the pattern has no field")
    tests = [
        _alternatives(value, depth) if name == "$or" else _field(name, value, depth) for name, value in pattern.items()
    ]
    return lambda event: any(all(test(item) for test in tests) for item in _items(event))


def _alternatives(patterns: Any, depth: int) -> Pattern:
    if not isinstance(patterns, list) or len(patterns) < 2:
        raise _invalid("$or has to be a list of two patterns at least")
    tests = [_fields(pattern, depth + 1) for pattern in patterns]
    return lambda event: any(test(event) for test in tests)


def _field(name: str, value: Any, depth: int) -> Pattern:
    if isinstance(value, dict):
        below = _fields(value, depth + 1)
        return lambda event: below(event.get(name) if isinstance(event, dict) else None)
    if not isinstance(value, list):
        raise _invalid(f'"{name}" must be an object or an array')
    if not value:
        raise _invalid("Empty arrays are not allowed")
    tests = [_choice(choice) for choice in value]

    def matches(event: Any) -> bool:
        found = _leaves(event.get(name, _ABSENT) if isinstance(event, dict) else _ABSENT)
        return any(test(found) for test in tests)

    return matches


def _leaves(value: Any) -> list[Any]:
    """The values that stand at a place of an event; none where there is nothing, or an object."""
    return [item for item in _items(value) if item is not _ABSENT and not isinstance(item, dict)]


def _items(value: Any) -> Iterator[Any]:
    """The value, or what its lists contain."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, list):
            left += reversed(item)
        else:
            yield item


def _choice(choice: Any) -> Callable[[list[Any]], bool]:
    """One of the values that a field may have."""
    if isinstance(choice, list):
        raise _invalid("An array cannot stand in an array")
    if not isinstance(choice, dict):
        return lambda leaves: any(_same(choice, leaf) for leaf in leaves)
    name, argument = _only(choice)
    if name == "exists":
        if not isinstance(argument, bool):
            raise _invalid("exists match pattern must be either true or false.")
        return lambda leaves: bool(leaves) == argument
    test = _test(name, argument)
    return lambda leaves: any(map(test, leaves))


def _only(choice: dict[str, Any]) -> tuple[str, Any]:
    if len(choice) != 1:
        raise _invalid("Only one key allowed in match expression")
    return next(iter(choice.items()))


def _same(expected: Any, value: Any) -> bool:
    """AWS compares numbers as they are written, so 300 is not 300.0, and true is not 1."""
    return type(expected) is type(value) and expected == value


# -- operators --------------------------------------------------------------------------------------------------------


def _test(name: str, argument: Any) -> Test:
    match name:
        case "prefix" | "suffix":
            return _affix(name, argument)
        case "equals-ignore-case" | "wildcard":
            return _of_text(name, argument)
        case "anything-but":
            return _anything_but(argument)
        case "numeric":
            return _numeric(argument)
        case "cidr":
            return _cidr(argument)
    raise _invalid(f"Unrecognized match type {name}")


def _affix(name: str, argument: Any) -> Test:
    """A beginning or an end, perhaps whatever the case of its letters."""
    if isinstance(argument, dict):
        inner, argument = _only(argument)
        if inner != "equals-ignore-case":
            raise _invalid(f"Unsupported {name} expression {inner}")
        bare = _of_text(name, argument.lower() if isinstance(argument, str) else argument)
        return lambda value: isinstance(value, str) and bare(value.lower())
    return _of_text(name, argument)


def _of_text(name: str, argument: Any) -> Test:
    """A test of strings, with a string for its argument."""
    if not isinstance(argument, str):
        raise _invalid(f"{name} match pattern must be a string")
    text: str = argument
    match name:
        case "prefix":
            return lambda value: isinstance(value, str) and value.startswith(text)
        case "suffix":
            return lambda value: isinstance(value, str) and value.endswith(text)
        case "wildcard":
            return _wildcard(text)
    folded = text.lower()
    return lambda value: isinstance(value, str) and value.lower() == folded


def _wildcard(text: str) -> Test:
    first, *others = _pieces(text)
    if not others:
        return lambda value: value == first
    *middle, last = others

    def matches(value: Any) -> bool:
        if not isinstance(value, str) or not value.startswith(first):
            return False
        position, end = len(first), len(value) - len(last)
        for piece in middle:  # the first place that fits leaves most room for the others
            found = value.find(piece, position, max(end, 0))
            if found < 0:
                return False
            position = found + len(piece)
        return position <= end and value.endswith(last)

    return matches


def _pieces(text: str) -> list[str]:
    """What stands between the stars; behind a backslash, star and backslash are themselves."""
    pieces, escaped = [""], False
    for before, char in zip(" " + text, text, strict=False):
        if escaped:
            if char not in "*\\":
                raise _invalid("Invalid escape character in wildcard")
            pieces[-1] += char
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "*":
            if before == "*" and not pieces[-1] and len(pieces) > 1:
                raise _invalid("Consecutive wildcard characters are not allowed")
            pieces.append("")
        else:
            pieces[-1] += char
    if escaped:
        raise _invalid("Invalid escape character in wildcard")
    return pieces


def _anything_but(argument: Any) -> Test:
    """No value of a list, or none for which another operator holds."""
    if isinstance(argument, dict):
        name, inner = _only(argument)
        if name not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
            raise _invalid(f"Unsupported anything-but expression {name}")
        tests = [_affix(name, one) if name.endswith("fix") else _of_text(name, one) for one in _several(inner)]
        return lambda value: not any(test(value) for test in tests)
    refused = _several(argument)
    if not all(isinstance(one, str) for one in refused) and not all(map(_is_number, refused)):
        raise _invalid("Inside anything-but list, either all values are number or string, mixed type is not supported")
    return lambda value: not any(_same(one, value) for one in refused)


def _several(argument: Any) -> Sequence[Any]:
    several = argument if isinstance(argument, list) else [argument]
    if not several:
        raise _invalid("Empty arrays are not allowed")
    return several


def _numeric(argument: Any) -> Test:
    """Comparisons, all of which have to hold: one, or the two bounds of a range."""
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        raise _invalid("Value of numeric must be an array of one or two comparisons")
    comparisons = []
    for sign, bound in zip(argument[::2], argument[1::2], strict=True):
        compare = _COMPARISONS.get(sign) if isinstance(sign, str) else None
        if compare is None:
            raise _invalid(f"Unrecognized numeric range operator: {sign}")
        if not _is_number(bound) or abs(bound) > LARGEST:
            raise _invalid("Value of the numeric operator must be a number between -5.0E9 and 5.0E9")
        comparisons.append((compare, bound))
    if len(comparisons) == 2 and not (argument[0][0] == ">" and argument[2][0] == "<" and argument[1] < argument[3]):
        raise _invalid("Bottom must be less than top")
    return lambda value: _is_number(value) and all(compare(value, bound) for compare, bound in comparisons)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _cidr(argument: Any) -> Test:
    try:
        network = (
            ipaddress.ip_network(argument, strict=False) if isinstance(argument, str) and "/" in argument else None
        )
    except ValueError:
        network = None
    if network is None:
        raise _invalid("Malformed CIDR, one slash required")

    def matches(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return matches
