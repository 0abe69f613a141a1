"""Requests that botocore's model forbids, one fault each, made from the model: whatever it says, said wrongly once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from botocore.model import ListShape, MapShape, Shape, StructureShape

WRONG_TYPES: dict[str, Sequence[Any]] = {
    "string": (1, True, ["x"], {"x": "y"}),
    "integer": ("1", 1.5, True, [1]),
    "long": ("1", False, {}),
    "float": ("1", [1.5]),
    "double": ("1", [1.5]),
    "boolean": ("true", 1, []),
    "timestamp": ("2020-01-01T00:00:00Z", {}),
    "list": ("x", 1, {"x": "y"}),
    "map": ("x", ["x"], 1),
    "structure": ("x", ["x"], 1),
}
PRINTED_OR_NOT = r"^(?!\s*$).+"  # a pattern that has nothing against control characters
NOT_IN = {"[^:*]*": ":"}  # what a pattern does not allow that allows nearly everything
KINDS = ("wrong type", "missing", "null", "enumeration", "range", "length", "pattern")

Path = tuple[str, ...]


class Fault(NamedTuple):
    """One thing that is wrong: of what kind, where, and the request that has it."""

    kind: str
    path: Path
    request: Any

    def __str__(self) -> str:
        return f"{self.kind} at {'.'.join(self.path)}: {self.request}"


def faults(shape: StructureShape) -> Iterator[Fault]:
    """Every fault of a request of this shape, in the smallest request that can have it."""
    for path, member in members(shape):
        for kind, value in wrong(member):
            yield Fault(kind, path, request_with(shape, path, value))
        if path[-1] in required(shape, path[:-1]):
            yield Fault("missing", path, without(request_with(shape, path, None), path))
            yield Fault("null", path, request_with(shape, path, None))
        elif path[-1] == "[]":
            yield Fault("null", path, request_with(shape, path, None))


def members(shape: Shape, path: Path = (), above: frozenset[str] = frozenset()) -> Iterator[tuple[Path, Any]]:
    """Every member at every depth, with the shape it has. `[]` is an item of a list, `{}` a value of a map."""
    if shape.name in above:
        return
    above |= {shape.name}
    below: dict[str, Shape] = {}
    if isinstance(shape, StructureShape) and not shape.is_document_type:
        below = dict(shape.members)
    elif isinstance(shape, ListShape):
        below = {"[]": shape.member}
    elif isinstance(shape, MapShape):
        below = {"{}": shape.value}
    for name, member in below.items():
        yield (*path, name), member
        yield from members(member, (*path, name), above)


def wrong(shape: Any) -> Iterator[tuple[str, Any]]:
    """What a value of the shape must not be, each with the kind of fault it is."""
    if getattr(shape, "is_document_type", False):
        return
    yield from (("wrong type", value) for value in WRONG_TYPES[shape.type_name])
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in ("string", "list"):
        yield from (("length", value) for value in wrong_lengths(shape, least, most))
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from (("range", value) for value in wrong_numbers(least, most))
    if shape.type_name in ("integer", "long"):
        yield "wrong type", 2**63
    if shape.type_name == "string" and shape.enum:
        yield "enumeration", "NOT_ONE_OF_THEM"
    if shape.metadata.get("pattern", PRINTED_OR_NOT) != PRINTED_OR_NOT:
        yield "pattern", NOT_IN.get(shape.metadata["pattern"], "\x01")


def wrong_lengths(shape: Any, least: int | None, most: int | None) -> Iterator[Any]:
    text = shape.type_name == "string"
    if least:
        yield "" if text else []
    if most is not None:
        yield "x" * (most + 1) if text else [smallest(shape.member)] * (most + 1)


def wrong_numbers(least: float | None, most: float | None) -> Iterator[Any]:
    if least is not None:
        yield least - 1
    if most is not None and most < 2**31 - 1:  # the next one would be no integer of the wire's
        yield most + 1


def smallest(shape: Any) -> Any:
    """A value with nothing but what the model requires."""
    match shape.type_name:
        case "structure":
            return {name: smallest(shape.members[name]) for name in shape.required_members}
        case "list":
            return [smallest(shape.member)] * shape.metadata.get("min", 0)
        case "map":
            return {}
        case "string":
            return shape.enum[0] if shape.enum else "x" * max(shape.metadata.get("min", 1), 1)
        case "boolean":
            return True
        case _:
            return max(shape.metadata.get("min", 1), 1)


def request_with(shape: Any, path: Path, value: Any) -> Any:
    """The smallest value of the shape that has `value` at the path."""
    if not path:
        return value
    name, *rest = path
    if name == "[]":
        return [request_with(shape.member, tuple(rest), value)]
    if name == "{}":
        return {"key": request_with(shape.value, tuple(rest), value)}
    return {**smallest(shape), name: request_with(shape.members[name], tuple(rest), value)}


def without(request: Any, path: Path) -> Any:
    """The request without the member at the path, which is a structure's."""
    inner = request
    for name in path[:-1]:
        inner = inner[0] if name == "[]" else inner["key"] if name == "{}" else inner[name]
    del inner[path[-1]]
    return request


def required(shape: Any, path: Path) -> Sequence[str]:
    """The names that are required in what stands at the path."""
    for name in path:
        shape = shape.member if name == "[]" else shape.value if name == "{}" else shape.members[name]
    return shape.required_members if isinstance(shape, StructureShape) else ()
