"""Filter patterns in braces, for events that are JSON: `{ ($.level = "error") && ($.took > 10) }`. See `patterns`."""

from __future__ import annotations

import re

import msgspec

from kecs.core.logs.comparisons import ORDERS, TOKENS, Test, Token, Value, equal, is_number, number, tokens
from kecs.core.logs.expressions import InvalidPattern, Matches

_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<selector>\$(?:\.[\w-]+|\.?\[(?:\d+|'[^']+'|"[^"]+")\])+)
    | {TOKENS}
    | (?P<word>[^\s"()&|=<>!%]+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"\.([\w-]+)|\.?\[(?:(\d+)|['\"](.+?)['\"])\]")
_IS: dict[str, Value] = {"NULL": None, "TRUE": True, "FALSE": False}
_MISSING = object()
_DEEPEST = 50  # parentheses inside each other


def compiled_json(pattern: str) -> Matches:
    """What an event's text is asked. Raises InvalidPattern."""
    if not pattern.endswith("}"):
        raise InvalidPattern("Invalid filter pattern: a closing brace is missing")
    test = _Parser(tokens(pattern[1:-1], _TOKEN)).parsed()

    def matches(text: str) -> bool:
        try:
            event = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return False
        return isinstance(event, dict | list) and test(event)

    return matches


class _Parser:
    """or := and ("||" and)*; and := one ("&&" one)*; one := "(" or ")" | selector comparison."""

    def __init__(self, given: list[Token]) -> None:
        self._tokens = [*given, Token("end", "")]
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
            same = equal(self._value())
            return lambda value: value is not _MISSING and same(value) == (token.text == "=")
        if token.text in ORDERS:
            compare, limit = ORDERS[token.text], number(self._value().text)
            if limit is None:
                raise self._wrong()
            return lambda value: is_number(value) and compare(value, limit)
        raise self._wrong()

    def _value(self) -> Token:
        token = self._next()
        if token.kind not in ("string", "regex", "word"):
            raise self._wrong()
        return token

    def _next(self) -> Token:
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
    steps = [name or key or int(index) for name, index, key in _STEP.findall(selector)]

    def of_event(event: Value) -> bool:
        value = event
        for step in steps:
            if isinstance(step, str):
                value = value.get(step, _MISSING) if isinstance(value, dict) else _MISSING
            else:
                value = value[step] if isinstance(value, list) and step < len(value) else _MISSING
        return test(value)

    return of_event
