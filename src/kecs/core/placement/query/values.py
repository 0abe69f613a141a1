"""How values of the cluster query language compare: text, numbers, versions and times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Kind = Callable[[str], Any]
"""Makes of a value something that compares with others of its kind. Raises ValueError."""


def as_text(value: str) -> tuple[int, float, str]:
    """Numbers compare as numbers and come before other text."""
    try:
        return (0, float(value), "")
    except ValueError:
        return (1, 0.0, value)


def as_number(value: str) -> float:
    return float(value)


def as_version(value: str) -> tuple[int, ...]:
    """1.14.5 is newer than 1.9.0; a leading v is left away."""
    return tuple(int(part) for part in value.removeprefix("v").split("."))


def as_time(value: str) -> float:
    """Seconds since the epoch. Forms: 2018-06-18T22:28:28+00:00, …28Z, …28, 2018-06-18; UTC unless it says another."""
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
