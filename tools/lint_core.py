"""Keeps `kecs.core` pure: a decision depends on its arguments alone, so it can be replayed and tests can move time.

Part of `make check`. What core may import is a list of what it needs, not of what it must not have: a module that reads
a clock, chance, the environment, a file or a socket cannot slip in under a name nobody thought of. Beside the imports
it refuses what needs none: `open`, `print`, `hash` of a string, `datetime.now`, coroutines.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "src/kecs/core"

# Each entry admits itself and its submodules.
ALLOWED_MODULES = (
    "__future__",
    "base64",
    "bisect",
    "calendar",
    "collections",
    "dataclasses",
    "datetime",  # arithmetic and formatting; what reads the clock is among CLOCK_READERS
    "decimal",
    "enum",
    "fnmatch",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "hmac",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "msgspec",
    "operator",
    "re",
    "shlex",
    "string",
    "types",
    "typing",
    "unicodedata",
    "yaml",  # given text, it makes of it what that says and nothing else
    "zoneinfo",  # a table too: of the offsets of the world's time zones
    "kecs.aws",
    "kecs.core",
)
IMPURE_BUILTINS = {
    "__import__",
    "breakpoint",
    "eval",
    "exec",
    "hash",  # of a string: another one in every process
    "input",
    "open",
    "print",
}
CLOCK_READERS = {"now", "today", "utcnow"}


def problems(source: str, filename: str) -> Iterator[tuple[int, str]]:
    """The line and the reason of everything in a module that makes it impure."""
    for node in ast.walk(ast.parse(source, filename)):
        match node:
            case ast.Import() | ast.ImportFrom():
                for module in _imported(node):
                    if not _allowed(module):
                        yield node.lineno, f"imports {module}"
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_BUILTINS:
                yield node.lineno, f"calls {name}()"
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCK_READERS:
                yield node.lineno, f"calls .{name}(), which reads a clock"
            case ast.Attribute(value=ast.Name(id="date" | "datetime") | ast.Attribute(attr="date" | "datetime")):
                if node.attr in CLOCK_READERS:
                    yield node.lineno, f"takes hold of datetime's {node.attr}, which reads a clock"
            case ast.AsyncFunctionDef():
                yield node.lineno, f"defines a coroutine, {node.name}: core decides, it does not wait"
            case _:
                pass


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules that a statement imports, by their full names; a relative one by what is written."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    module = "." * node.level + (node.module or "")
    # `from kecs import core` names the package one level further down.
    return [f"kecs.{alias.name}" for alias in node.names] if module == "kecs" else [module]


def _allowed(module: str) -> bool:
    return any(module == entry or module.startswith(f"{entry}.") for entry in ALLOWED_MODULES)


def main(folder: Path = CORE) -> int:
    """Print what is wrong as `file:line: reason`; 1 when there is anything."""
    found = [
        f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{line}: core {reason}"
        for path in sorted(folder.rglob("*.py"))
        for line, reason in sorted(set(problems(path.read_text(), str(path))))
    ]
    if not found:
        return 0
    print(
        *found, "kecs.core takes time, ids and settings as arguments: docs/architecture.md", sep="\n", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
