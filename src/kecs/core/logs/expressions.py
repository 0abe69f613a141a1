"""What all filter patterns of CloudWatch Logs have in common: what comes of one, and regular expressions in it."""

from __future__ import annotations

import re
from collections.abc import Callable

Matches = Callable[[str], bool]

_EXPRESSION = re.compile(r"[A-Za-z0-9:_#=@/;,\- ^$?\[\]{}|\\*+.]+")


class InvalidPattern(Exception):
    """No filter pattern, or none that KECS understands; the text says why."""


def expression(given: str) -> re.Pattern[str]:
    """A regular expression as filter patterns have them: without groups. Raises InvalidPattern."""
    if not _EXPRESSION.fullmatch(given):
        raise InvalidPattern("Invalid character(s) in regular expression")
    try:
        return re.compile(given)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidPattern(f"Invalid regular expression: {error}") from None
