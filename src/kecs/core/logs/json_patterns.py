"""Filter patterns in braces, for events that are JSON: `{ ($.level = "error") && ($.took > 10) }`. See `patterns`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from kecs.core.logs.patterns import InvalidPattern, Matches, expression

Value = Any
Test = Callable[[Value], bool]  # of a whole event

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<selector>\$(?:\.[\w-]+|\[\d+\])+)
    | (?P<operator>&&|\|\||!=|<=|>=|[=<>()])
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<regex>%(?:[^%\\]|\\.)+%)
    | (?P<word>[^\s"()&|=<>!%]+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_IS: dict[str, Value] = {"NULL": None, "TRUE": True, "FALSE": False}
_MISSING = object()
_DEEPEST = 50  # parentheses inside each other


class _Token(NamedTuple):
    kind: str
    text: str


def compiled_json(pattern: str) -> Matches:
    """What an event's text is asked. Raises InvalidPattern."""
    if not pattern.endswith("}"):
        raise InvalidPattern("Invalid filter pattern: a closing brace is missing")
    test = _Parser(_tokens(pattern[1:-1])).parsed()

    def matches(text: str) -> bool:
        try:
            event = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return False
        return isinstance(event, dict | list) and test(event)

    return matches


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidPattern(f"Invalid filter pattern near '{text[at:].strip()[:32]}'")
        tokens.append(_Token(str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    return tokens


class _Parser:
    """or := and ("||" and)*; and := one ("&&" one)*; one := "(" or ")" | selector comparison."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = [*tokens, _Token("end", "")]
        self._at = 0
        self._depth = 0

    def parsed(self) -> Test:
        test = self._any_of()
        if self._tokens[self._at].kind != "end":
            raise self._wrong()
        return test

    def _any_of(self) -> Test:
        tests = [self._all_of()]
        while self._takes("||"):
            tests.append(self._all_of())
        return tests[0] if len(tests) == 1 else lambda event: any(test(event) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self._takes("&&"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda event: all(test(event) for test in tests)

    def _one(self) -> Test:
        if self._takes("("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise self._wrong()
            test = self._any_of()
            self._depth -= 1
            if not self._takes(")"):
                raise self._wrong()
            return test
        token = self._next()
        if token.kind != "selector":
            raise self._wrong()
        return _selected(token.text, self._comparison())

    def _comparison(self) -> Test:
        """What the selected value is asked."""
        token = self._next()
        if token == ("word", "IS"):
            wanted = self._next().text.upper()
            if wanted not in _IS:
                raise self._wrong()
            return lambda value: value is _IS[wanted]
        if token == ("word", "NOT") and self._next() == ("word", "EXISTS"):
            return lambda value: value is _MISSING
        if token.text in ("=", "!="):
            equal = _equal(self._value())
            if token.text == "=":
                return equal
            return lambda value: value is not _MISSING and not equal(value)
        if token.text in _ORDERS:
            compare, number = _ORDERS[token.text], _number(self._value().text)
            if number is None:
                raise self._wrong()
            return lambda value: _is_number(value) and compare(value, number)
        raise self._wrong()

    def _value(self) -> _Token:
        token = self._next()
        if token.kind not in ("string", "regex", "word"):
            raise self._wrong()
        return token

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _takes(self, text: str) -> bool:
        found = self._tokens[self._at] == ("operator", text)
        self._at += found
        return found

    def _wrong(self) -> InvalidPattern:
        return InvalidPattern(f"Invalid filter pattern near '{self._tokens[max(0, self._at - 1)].text[:32]}'")


def _selected(selector: str, test: Test) -> Test:
    """The test of what a selector such as $.users[0].name leads to."""
    steps = [name or int(index) for name, index in _STEP.findall(selector)]

    def of_event(event: Value) -> bool:
        value = event
        for step in steps:
            if isinstance(step, str):
                value = value.get(step, _MISSING) if isinstance(value, dict) else _MISSING
            else:
                value = value[step] if isinstance(value, list) and step < len(value) else _MISSING
        return test(value)

    return of_event


def _equal(token: _Token) -> Test:
    """Whether a value is what the token says: a number, a string with * for anything, or a regular expression."""
    if token.kind == "regex":
        found = expression(token.text[1:-1]).search
        return lambda value: isinstance(value, str) and found(value) is not None
    text = re.sub(r"\\(.)", r"\1", token.text[1:-1]) if token.kind == "string" else token.text
    number = _number(text) if token.kind == "word" else None
    parts = [re.escape(part) for part in text.split("*")]
    like = re.compile(".*".join(parts), re.DOTALL).fullmatch if len(parts) > 1 else None

    def equal(value: Value) -> bool:
        if number is not None and _is_number(value):
            return bool(value == number)
        return isinstance(value, str) and (value == text or (like is not None and like(value) is not None))

    return equal


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[+-]?\d{1,300}(\.\d+)?([eE][+-]?\d{1,2})?", text) else None


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
