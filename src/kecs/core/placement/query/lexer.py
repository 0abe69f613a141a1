"""Cuts an expression of the cluster query language into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from kecs.core.placement.query.tree import InvalidExpression

_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(
    r"""(?P<symbol>!exists(?![\w:.-])|!in(?![\w:.-])|==|!=|>=|<=|=~|!~|&&|\|\||[><!()\[\],])
    |'(?P<single>[^']*)'
    |"(?P<double>[^"]*)"
    |(?P<word>[^\s'"()\[\],=!<>&|~]+)""",
    re.VERBOSE,
)
_BEFORE_PATTERN = frozenset({"=~", "!~", "matches", "not_matches"})


class Token(NamedTuple):
    kind: Literal["symbol", "word", "text"]  # text: quoted, or a pattern; never an operator or a subject
    text: str


def tokens(expression: str) -> Iterator[Token]:
    """The tokens in order. Raises InvalidExpression."""
    position, last = 0, ""
    while (position := _SPACE.match(expression, position).end()) < len(expression):  # type: ignore[union-attr]
        if last in _BEFORE_PATTERN and expression[position] not in "'\"":
            end = _end_of_pattern(expression, position)
            found = Token("text", expression[position:end])
        else:
            match = _TOKEN.match(expression, position)
            if match is None:
                raise InvalidExpression(f"unexpected '{expression[position]}' at position {position}")
            end, kind = match.end(), match.lastgroup
            found = Token("text" if kind in ("single", "double") else kind, match[kind or 0])  # type: ignore[arg-type]
        if end == position:
            raise InvalidExpression(f"a pattern is missing at position {position}")
        position, last = end, "" if found.kind == "text" else found.text
        yield found


def _end_of_pattern(expression: str, start: int) -> int:
    """A pattern without quotes goes on to the next space, or to a parenthesis that it has not opened itself."""
    depth = 0
    for position in range(start, len(expression)):
        char = expression[position]
        depth += (char == "(") - (char == ")")
        if char.isspace() or depth < 0:
            return position
    return len(expression)
