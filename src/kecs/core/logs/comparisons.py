"""What filter patterns compare with: values in JSON, fields between spaces. Of `json_patterns`, `field_patterns`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from kecs.core.logs.expressions import InvalidPattern, expression

Value = Any
Test = Callable[[Value], bool]

ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
TOKENS = r"""
    (?P<operator>&&|\|\||!=|<=|>=|[=<>()])
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<regex>%(?:[^%\\]|\\.)+%)
"""
"""Those that patterns for JSON and for fields have in common."""


class Token(NamedTuple):
    kind: str
    text: str


def tokens(text: str, form: re.Pattern[str]) -> list[Token]:
    """The text in tokens, named by the groups of `form`. Raises InvalidPattern."""
    found, at = [], 0
    while text[at:].strip():
        match = form.match(text, at)
        if match is None:
            raise InvalidPattern(f"Invalid filter pattern near '{text[at:].strip()[:32]}'")
        found.append(Token(str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    return found


def equal(token: Token) -> Test:
    """Whether a value is what the token says: a number, a text with * for anything, or a regular expression."""
    if token.kind == "regex":
        found = expression(token.text[1:-1]).search
        return lambda value: isinstance(value, str) and found(value) is not None
    text = re.sub(r"\\(.)", r"\1", token.text[1:-1]) if token.kind == "string" else token.text
    wanted = number(text) if token.kind == "word" else None
    if "*" in text:
        like = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL).fullmatch
        return lambda value: like(_text(value)) is not None
    if wanted is None:
        return lambda value: bool(value == text)
    return lambda value: bool(value == wanted) if is_number(value) else bool(value == text)


def number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[+-]?\d{1,300}(\.\d+)?([eE][+-]?\d{1,2})?", text) else None


def is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Value) -> str:
    """A number's as it is written: 404 is like 4*, and whatever is there is like *."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
