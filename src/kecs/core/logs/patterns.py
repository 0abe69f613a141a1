"""Filter patterns of CloudWatch Logs: which events a FilterLogEvents is about.

Terms, phrases and regular expressions are here; patterns in braces, for events that are JSON, are in `json_patterns`,
those in brackets, for events of fields between spaces, in `field_patterns`. A term is found inside of a word, too.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

Matches = Callable[[str], bool]

_TERM = re.compile(r'\s*([?-]?)("(?:[^"\\]|\\.)*"|%(?:[^%\\]|\\.)+%|[^\s"]+)(?=\s|$)')
_EXPRESSION = re.compile(r"[A-Za-z0-9:_#=@/;,\- ^$?\[\]{}|\\*+.]+")


class InvalidPattern(Exception):
    """No filter pattern, or none that KECS understands; the text says why."""


def compiled(pattern: str) -> Matches | None:
    """What an event's text is asked; None: any will do. Raises InvalidPattern."""
    given = pattern.strip()
    if not given:
        return None
    if given.startswith("{"):
        from kecs.core.logs.json_patterns import compiled_json  # few ask for these

        return compiled_json(given)
    if given.startswith("["):
        from kecs.core.logs.field_patterns import compiled_fields

        return compiled_fields(given)
    return _of_terms(given)


def expression(given: str) -> re.Pattern[str]:
    """A regular expression as filter patterns have them: without groups. Raises InvalidPattern."""
    if not _EXPRESSION.fullmatch(given):
        raise InvalidPattern("Invalid character(s) in regular expression")
    try:
        return re.compile(given)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidPattern(f"Invalid regular expression: {error}") from None


def _of_terms(given: str) -> Matches:
    """Required and excluded terms; optional ones count where there is no other."""
    terms: dict[str, list[Matches]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(given):
        match = _TERM.match(given, at)
        if match is None:
            raise InvalidPattern("Invalid character(s) in term '" + given[at:].strip()[:64] + "'")
        terms[match[1]].append(_term(match[2]))
        at = match.end()
    required, excluded, optional = terms[""], terms["-"], terms["?"]
    if not (required or excluded):
        return lambda text: any(term(text) for term in optional)
    if len(required) == 1 and not excluded:
        return required[0]
    return lambda text: all(term(text) for term in required) and not any(term(text) for term in excluded)


def _term(given: str) -> Matches:
    if len(given) > 2 and given.startswith("%") and given.endswith("%"):
        found = expression(given[1:-1]).search
        return lambda text: found(text) is not None
    wanted = re.sub(r"\\(.)", r"\1", given[1:-1]) if given.startswith('"') else given
    return lambda text: wanted in text
