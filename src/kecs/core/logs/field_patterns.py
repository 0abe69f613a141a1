"""Filter patterns in brackets, for events of fields between spaces: `[ip, ..., status = 4*, bytes > 1000]`.

A field in quotation marks or brackets has spaces in it. The pattern has as many fields as the event; `...` stands for
any number of them. See `patterns`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kecs.core.logs.comparisons import ORDERS, TOKENS, Test, Token, equal, number, tokens
from kecs.core.logs.expressions import InvalidPattern, Matches

_TOKEN = re.compile(rf"""\s*(?: (?P<comma>,) | {TOKENS} | (?P<word>[^\s",()&|=<>!%]+) )""", re.VERBOSE)
_FIELD = re.compile(r'\[([^][]*)\](?=\s|$)|"([^"]*)"(?=\s|$)|(\S+)')
_REST = Token("word", "...")


def compiled_fields(pattern: str) -> Matches:
    """What an event's text is asked. Raises InvalidPattern."""
    if not pattern.endswith("]"):
        raise InvalidPattern("Invalid filter pattern: a closing bracket is missing")
    wanted = _split(tokens(pattern[1:-1], _TOKEN), lambda token: token.kind == "comma")
    before = next((index for index, field in enumerate(wanted) if field == [_REST]), None)
    tests = [_field(field) for field in wanted if field != [_REST]]
    if len(tests) < len(wanted) - 1:
        raise InvalidPattern("Invalid filter pattern: only one ellipsis can be in it")

    def matches(text: str) -> bool:
        fields = [inside or quoted or plain for inside, quoted, plain in _FIELD.findall(text)]
        if len(fields) < len(tests) or (before is None and len(fields) > len(tests)):
            return False
        if before is not None:
            fields = fields[:before] + fields[len(fields) - len(tests) + before :]
        return all(test(field) for test, field in zip(tests, fields, strict=True))

    return matches


def _field(given: list[Token]) -> Test:
    """What a field is asked: a name alone takes any."""
    if len(given) == 1 and given[0].kind == "word":
        return lambda _: True
    ways = [_split(way, lambda token: token.text == "&&") for way in _split(given, lambda token: token.text == "||")]
    tests = [[_comparison(one) for one in way] for way in ways]
    return lambda value: any(all(test(value) for test in way) for way in tests)


def _comparison(given: list[Token]) -> Test:
    match given:
        case [Token("word"), Token("operator", "=" | "!=" as how), Token("word" | "string" | "regex") as wanted]:
            same = equal(wanted)
            return lambda value: same(value) == (how == "=")
        case [Token("word"), Token("operator", how), Token("word", wanted)] if how in ORDERS:
            compare, limit = ORDERS[how], number(wanted)
            if limit is not None:
                return lambda value: (known := number(value)) is not None and compare(known, limit)
    raise InvalidPattern(f"Invalid filter pattern near '{' '.join(token.text for token in given)[:32]}'")


def _split(given: list[Token], at: Callable[[Token], bool]) -> list[list[Token]]:
    """The tokens between those."""
    parts: list[list[Token]] = [[]]
    for token in given:
        if at(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
