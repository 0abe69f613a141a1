"""Writes docs/coverage.md: which operations KECS answers, and which members it accepts without acting on them.

Both come from the code: the dispatch table, and `kecs.services.ecs.unacted`. `--check` (part of `make check`) fails
when the page is stale, and when an operation accepts a member that no code reads and that the list does not own up to.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import inspect

from kecs.aws.model import ecs as m
from kecs.services.ecs import HANDLERS
from kecs.services.ecs.unacted import UNACTED

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/coverage.md"
SOURCE = ROOT / "src/kecs"
NOT_CODE = ("aws/model/ecs.py", "services/ecs/unacted.py")  # they name every member and read none

TEXT = """\
# Coverage

Made by `tools/coverage.py` from the code; do not edit.

## Operations

{implemented} of Amazon ECS's {total} operations. Each one that is not there yet answers an error that says so, with
HTTP status 400 and a code that the model declares for it.

{operations}

## Members that are accepted and not acted on

Requests are checked against AWS's model, and whatever an operation does not act on is listed here. Members of a request
stand as `Operation.member`, members of what it contains as `Shape.member`; what lies below a listed one shares its
fate.

The simulated runtime has no images, files and kernel. There everything that says how a real container is set up
(mounts, limits, user, capabilities, devices, DNS and the like) is kept and shown, and changes nothing.

{members}
"""


class Member(NamedTuple):
    """A member of a request or of a shape in it: its key in UNACTED and its name in Python."""

    key: str
    python: str


def reachable(operations: Iterable[str], closed: Container[str]) -> Iterator[Member]:
    """Every member that callers of these operations can send, each once, but none below a `closed` one."""
    seen: set[str] = set()
    shapes: list[tuple[str, inspect.StructType]] = []
    for operation in operations:
        shapes += ((operation, shape) for shape in _structs(inspect.type_info(m.OPERATIONS[operation].request)))
    while shapes:
        owner, shape = shapes.pop()
        if owner in seen:
            continue
        seen.add(owner)
        for field in shape.fields:
            member = Member(f"{owner}.{field.encode_name}", field.name)
            yield member
            if member.key not in closed:
                shapes += ((below.cls.__name__, below) for below in _structs(field.type))


def _structs(kind: inspect.Type) -> Iterator[inspect.StructType]:
    match kind:
        case inspect.StructType():
            yield kind
        case inspect.UnionType(types=kinds):
            for one in kinds:
                yield from _structs(one)
        case inspect.ListType(item_type=item) | inspect.DictType(value_type=item):
            yield from _structs(item)


@functools.cache
def names_read() -> frozenset[str]:
    """Every name that the code may read from a struct: as an attribute, or out of a table of names."""
    names: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        if str(path.relative_to(SOURCE)) in NOT_CODE:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.update(node.value.split("."))
    return frozenset(names)


def ignored_in_silence(read: Container[str]) -> list[str]:
    """Keys of members that operations accept, that no code reads and that UNACTED does not list."""
    members = reachable(HANDLERS, UNACTED)
    return sorted(member.key for member in members if member.python not in read and member.key not in UNACTED)


def render() -> str:
    """The page."""
    states = [(name, "yes" if name in HANDLERS else "not yet") for name in sorted(m.OPERATIONS)]
    return TEXT.format(
        implemented=len(HANDLERS),
        total=len(m.OPERATIONS),
        operations=_table("operation", "there", ((f"`{name}`", state) for name, state in states)),
        members=_table("member", "what happens", ((f"`{key}`", text) for key, text in sorted(UNACTED.items()))),
    )


def _table(left: str, right: str, rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join([f"| {left} | {right} |", "|---|---|", *(f"| {one} | {other} |" for one, other in rows)])


def main(arguments: list[str]) -> int:
    silent = ignored_in_silence(names_read())
    for key in silent:
        print(f"{key} is accepted and nothing reads it: act on it or list it in services/ecs/unacted.py")
    if "--check" not in arguments:
        PAGE.write_text(render())
    elif not PAGE.exists() or PAGE.read_text() != render():
        print(f"{PAGE.relative_to(ROOT)} is stale: run python tools/coverage.py", file=sys.stderr)
        return 1
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
