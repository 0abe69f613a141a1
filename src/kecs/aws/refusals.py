"""What is wrong with a request, member by member, in AWS's words. `decoding` asks once msgspec has refused the body.

AWS's services read a body in two steps, and so does the walk over it here. First every value has to be of its
member's JSON type: the first that is not is a SerializationException. Then what is there is held against the model:
required members, enumerations, ranges, lengths and patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import inspect

TOKENS: dict[type, str] = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}
STRUCTURE_FOUND = "Start of structure or map found where not expected."
LIST_FOUND = "Start of list found where not expected."


class Mismatch(NamedTuple):
    """A value whose JSON type is not its member's."""

    text: str


class Missing(NamedTuple):
    """A required member that is absent or null: the path of what it is missing in, and its name."""

    path: str
    member: str


class Violation(NamedTuple):
    """A value that the model does not allow: its path (`tags.1.member.key`), itself and what it fails to satisfy."""

    path: str
    value: Any
    constraint: str

    def __str__(self) -> str:
        shown = "[" + ", ".join(map(str, self.value)) + "]" if isinstance(self.value, list) else self.value
        return f"Value '{shown}' at '{self.path}' failed to satisfy constraint: {self.constraint}"


Problem = Mismatch | Missing | Violation


def problems(kind: inspect.Type, value: Any, path: str = "") -> Iterator[Problem]:
    """Everything that is wrong with `value`, parsed JSON, as one of `kind`."""
    match kind:
        case inspect.UnionType(types=kinds):  # always a type or None
            if value is not None:
                (one,) = (other for other in kinds if not isinstance(other, inspect.NoneType))
                yield from problems(one, value, path)
        case inspect.Metadata(type=one, extra_json_schema=schema):  # a string with a pattern, which AWS spells so
            yield from problems(one, value, path)
            assert isinstance(one, inspect.StrType), one
            if isinstance(value, str) and not re.search(one.pattern or "", value):
                spelt = (schema or {}).get("description")
                yield Violation(path, value, f"Member must satisfy regular expression pattern: {spelt}")
        case inspect.AnyType():
            return
        case _ if value is None:
            parent, _, name = path.rpartition(".")
            yield Missing(parent, name) if path else Mismatch("")
        case inspect.StructType() | inspect.DictType():
            yield from _members(kind, value, path)
        case inspect.ListType():
            yield from _items(kind, value, path)
        case _:
            yield from _scalar(kind, value, path)


def _members(kind: inspect.StructType | inspect.DictType, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Mismatch(LIST_FOUND if isinstance(value, list) else "Expected null")
    elif isinstance(kind, inspect.DictType):
        for key, item in value.items():
            yield from problems(kind.value_type, item, _below(path, key))
        yield from _length(kind, value, path)
    else:
        for field in kind.fields:
            if field.encode_name in value or field.required:
                yield from problems(field.type, value.get(field.encode_name), _below(path, field.encode_name))


def _items(kind: inspect.ListType, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Mismatch(STRUCTURE_FOUND if isinstance(value, dict) else "Expected list or null")
        return
    for number, item in enumerate(value, 1):
        yield from problems(kind.item_type, item, f"{path}.{number}.member")
    yield from _length(kind, value, path)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# -- values without members -----------------------------------------------------------------------------------------


def _scalar(kind: inspect.Type, value: Any, path: str) -> Iterator[Problem]:
    if isinstance(value, dict | list):
        yield Mismatch(STRUCTURE_FOUND if isinstance(value, dict) else LIST_FOUND)
        return
    token = f"{str(value).upper()}_VALUE" if isinstance(value, bool) else TOKENS[type(value)]
    match kind:
        case inspect.StrType() | inspect.LiteralType() if not isinstance(value, str):
            yield Mismatch(f"{token} can not be converted to a String")
        case inspect.BoolType() if not isinstance(value, bool):
            yield Mismatch(f"{token} can not be converted to a Boolean")
        case inspect.IntType() if type(value) is not int:
            yield Mismatch(f"{token} cannot be converted to Integer")
        case inspect.FloatType() if type(value) not in (int, float):
            yield Mismatch(f"{token} cannot be converted to Double")
        case inspect.LiteralType(values=allowed):
            if value not in allowed:
                yield Violation(path, value, f"Member must satisfy enum value set: [{', '.join(map(str, allowed))}]")
        case inspect.StrType():
            yield from _length(kind, value, path)
        case inspect.IntType() | inspect.FloatType():
            yield from _range(kind, value, path)


def _range(kind: inspect.IntType | inspect.FloatType, value: Any, path: str) -> Iterator[Problem]:
    if isinstance(kind, inspect.IntType) and not _fits(value, kind):
        yield Mismatch("NUMBER_VALUE cannot be converted to Integer")
    elif kind.ge is not None and value < kind.ge:
        yield Violation(path, value, f"Member must have value greater than or equal to {kind.ge}")
    elif kind.le is not None and value > kind.le:
        yield Violation(path, value, f"Member must have value less than or equal to {kind.le}")


def _fits(value: int, kind: inspect.IntType) -> bool:
    """Whether an integer is one of the wire's at all: of 64 bits where the member's range needs them, else of 32."""
    bits = 64 if max(abs(kind.ge or 0), abs(kind.le or 0)) > 2**32 else 32
    return -(1 << bits - 1) <= value < 1 << bits - 1


def _length(kind: inspect.ListType | inspect.DictType | inspect.StrType, value: Any, path: str) -> Iterator[Problem]:
    if kind.min_length is not None and len(value) < kind.min_length:
        yield Violation(path, value, f"Member must have length greater than or equal to {kind.min_length}")
    if kind.max_length is not None and len(value) > kind.max_length:
        yield Violation(path, value, f"Member must have length less than or equal to {kind.max_length}")
