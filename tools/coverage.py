"""Writes docs/coverage.md: which operations KECS answers, and what becomes of each member that their callers can send.

Both come from the code: the table of APIs, and the module `unacted` beside each one's handlers. `--check` (part of
`make check`) fails when the page is stale, and when an operation accepts a member that no code reads and that the list
does not own up to.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from msgspec import inspect

from kecs.services.api import Api
from kecs.services.apis import APIS
from kecs.services.ecs.unacted_on_kubernetes import ON_KUBERNETES

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/coverage.md"
SOURCE = ROOT / "src/kecs"
NOT_CODE = ("aws/model/*.py", "services/*/unacted*.py")  # they name every member and read none

TEXT = """\
# Coverage

Made by `tools/coverage.py` from the code; do not edit.

Each operation that is not there yet answers an error that says so, with HTTP status 400 and a code that the model
declares for it. What becomes of a member that a request can have is one of these:

| state | what it means |
| --- | --- |
| acted on | KECS does what it says, and nothing of its effect is known to be missing |
| in part | some of its effect is there; the text says which |
| stored and returned | checked, kept, shown wherever AWS shows it, and without any other effect |
| not emulated | refused, or let go; the text says why |

What lies below a member that is not acted on shares its fate and is not listed. The check behind this page sees that
some code reads a member of that name; what becomes of it is for the tests to show.

The simulated runtime has no images, files and kernel. There everything that says how a real container is set up
(mounts, limits, user, capabilities, devices, DNS and the like) is kept and shown, and changes nothing.
"""
OF_API = """
## {title}

{implemented} of {title}'s {total} operations.

{operations}

Of {members} members {acted} are acted on, {partly} in part, {stored} are stored and returned, {refused} are not
emulated.

{table}
"""
ON_KUBERNETES_TEXT = """
## On Kubernetes

What becomes of members of Amazon ECS where tasks are pods, if it is less than on Docker or not what one would expect.
For all others holds what is said above; what it says of Docker and of this machine's disk does not.

{table}
"""
ACTED, PARTLY, STORED, REFUSED = "acted on", "in part", "stored and returned", "not emulated"
# The first words of a text in UNACTED say what it is about; any others, that something is acted on.
FIRST_WORDS = {"Kept": STORED, "Checked, kept": STORED, "Checked and kept": STORED, "Checked and shown": STORED}
FIRST_WORDS |= {"Refused": REFUSED, "Accepted and dropped": REFUSED, "Checked and dropped": REFUSED}


class Member(NamedTuple):
    """A member of a request or of a shape in it: its key in UNACTED and its name in Python."""

    key: str
    python: str


def unacted(api: Api) -> Mapping[str, str]:
    """What the API's package owns up to."""
    return _unacted(api.name.replace("-", "_"))


@functools.cache
def _unacted(package: str) -> Mapping[str, str]:
    try:
        found: Mapping[str, str] = import_module(f"kecs.services.{package}.unacted").UNACTED
    except ModuleNotFoundError:
        return {}
    return found


def reachable(api: Api, closed: Container[str], operations: Iterable[str] | None = None) -> Iterator[Member]:
    """Every member that callers of these operations (of all) can send, each once, but none below a `closed` one."""
    seen: set[str] = set()
    shapes: list[tuple[str, inspect.StructType]] = []
    for operation in api.parts.handlers if operations is None else operations:
        request = inspect.type_info(api.parts.operations[operation].request)
        shapes += ((operation, shape) for shape in _structs(request))
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
        if any(path.relative_to(SOURCE).match(pattern) for pattern in NOT_CODE):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.update(node.value.split("."))
    return frozenset(names)


def ignored_in_silence(read: Container[str]) -> list[str]:
    """Keys of members that operations accept, that no code reads and that UNACTED does not list."""
    members = [member for api in APIS for member in reachable(api, unacted(api)) if member.key not in unacted(api)]
    return sorted(member.key for member in members if member.python not in read)


def state_of(api: Api, key: str) -> str:
    """What becomes of the member."""
    text = unacted(api).get(key)
    return ACTED if text is None else _state_of(text)


def _state_of(text: str) -> str:
    return next((state for words, state in FIRST_WORDS.items() if text.startswith(words)), PARTLY)


def render() -> str:
    """The page."""
    return TEXT + "".join(map(_section, APIS)) + _on_kubernetes()


def _section(api: Api) -> str:
    states = [(name, "yes" if name in api.parts.handlers else "not yet") for name in sorted(api.parts.operations)]
    keys = [member.key for member in reachable(api, unacted(api))]
    counts = Counter(state_of(api, key) for key in keys)
    return OF_API.format(
        title=api.title,
        implemented=len(api.parts.handlers),
        total=len(api.parts.operations),
        operations=_table(("operation", "there"), [(f"`{name}`", state) for name, state in states]),
        members=len(keys),
        acted=counts[ACTED],
        partly=counts[PARTLY],
        stored=counts[STORED],
        refused=counts[REFUSED],
        table=_table(("of", "state", "members"), list(_rows(api, keys))),
    )


def _on_kubernetes() -> str:
    rows = sorted((*key.split("."), text) for key, text in ON_KUBERNETES.items())
    cells = [(f"`{owner}`", _state_of(text), f"`{member}`: {text}") for owner, member, text in rows]
    return ON_KUBERNETES_TEXT.format(table=_table(("of", "state", "members"), cells))


def _rows(api: Api, keys: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Operations first, then the shapes they contain: what is acted on in one row, every other member in its own."""
    owners: dict[str, list[str]] = {}
    for key in keys:
        owners.setdefault(key.partition(".")[0], []).append(key)
    for owner in sorted(owners, key=lambda owner: (owner not in api.parts.handlers, owner)):
        acted = [f"`{key.partition('.')[2]}`" for key in owners[owner] if state_of(api, key) == ACTED]
        if acted:
            yield f"`{owner}`", ACTED, ", ".join(acted)
        for key in owners[owner]:
            if key in unacted(api):
                yield f"`{owner}`", state_of(api, key), f"`{key.partition('.')[2]}`: {unacted(api)[key]}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main(arguments: list[str]) -> int:
    silent = ignored_in_silence(names_read())
    for key in silent:
        print(f"{key} is accepted and nothing reads it: act on it or list it in its API's unacted.py")
    if "--check" not in arguments:
        PAGE.write_text(render())
    elif not PAGE.exists() or PAGE.read_text() != render():
        print(f"{PAGE.relative_to(ROOT)} is stale: run python tools/coverage.py", file=sys.stderr)
        return 1
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
