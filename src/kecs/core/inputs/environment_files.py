"""Environment files, read as the ECS agent reads them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def read(content: bytes) -> dict[str, str]:
    """The variables of a file: `NAME=VALUE` a line, blanks and quotation marks being part of the value.

    Lines that begin with # are comments. A line without a name or without a value says nothing, and of a name that
    stands there twice the last counts.
    """
    variables = {}
    for line in content.decode(errors="replace").split("\n"):
        name, _, value = line.removesuffix("\r").partition("=")
        if name and value and not name.startswith("#"):
            variables[name] = value
    return variables


def merged(files: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The variables of several files, in their order: of a name that stands in two of them the first counts."""
    variables: dict[str, str] = {}
    for file in files:
        variables = {**variables, **{name: value for name, value in file.items() if name not in variables}}
    return variables
