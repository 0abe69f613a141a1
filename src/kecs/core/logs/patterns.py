"""Filter patterns of CloudWatch Logs: which events a FilterLogEvents is about.

Terms, phrases and regular expressions are here; patterns in braces, for events that are JSON, are in `json_patterns`,
those in brackets, for events of fields between spaces, in `field_patterns`. A term is found inside of a word, too.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re

from kecs.core.logs.expressions import InvalidPattern, Matches, expression

_TERM = re.compile(r'\s*([?-]?)("(?:[^"\\]|\\.)*"|%(?:[^%\\]|\\.)+%|[^\s"]+)(?=\s|$)')


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
