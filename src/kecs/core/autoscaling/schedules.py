"""When a scheduled action is due: `at(…)`, `rate(…)` and `cron(…)`, in a time zone, between a start and an end.

Called when an action is put and whenever it has been done.
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kecs.aws.model import application_autoscaling as a
from kecs.core.autoscaling import cron
from kecs.core.records import ScheduledActionRecord

LAST = datetime(cron.YEARS[-1], 12, 31, tzinfo=UTC).timestamp()
_EXPRESSION = re.compile(r"\s*(at|rate|cron)\((.*)\)\s*", re.DOTALL)
_RATE = re.compile(r"\s*([1-9]\d{0,8})\s+(minute|hour|day)(s?)\s*", re.ASCII)
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


class At(NamedTuple):
    """Once, at a local time."""

    when: datetime


class Rate(NamedTuple):
    """Again and again, so many seconds apart."""

    seconds: int


Expression = At | Rate | cron.Cron


def parse(text: str) -> Expression:
    """A schedule. Raises ValidationException."""
    match = _EXPRESSION.fullmatch(text)
    try:
        if match is None:
            raise ValueError("it is none of at, rate and cron")
        return _PARSERS[match[1]](match[2])
    except ValueError as error:
        raise a.ValidationException(f"Invalid schedule expression '{text}': {error}.") from None


def zone(name: str | None) -> tzinfo:
    """The time zone of that name; UTC without one. Raises ValidationException."""
    if name in (None, "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise a.ValidationException(f"Invalid timezone '{name}'.") from None


def next_time(action: ScheduledActionRecord, after: float) -> float | None:
    """When the action is due next, after that time; None when it never is again."""
    expression, start = parse(action.schedule), action.start
    found: float | None
    if isinstance(expression, Rate):
        found = _next_beat(expression.seconds, action.created_at if start is None else start, start is not None, after)
    else:
        moment = after if start is None else max(after, start - 1)
        if not 0 <= moment < LAST:
            return None
        where = zone(action.timezone)
        found = (
            expression.when.replace(tzinfo=where).timestamp()
            if isinstance(expression, At)
            else expression.after(moment, where)
        )
        if found is not None and found <= moment:
            return None
    return None if found is None or (action.end is not None and found > action.end) else found


def _next_beat(seconds: int, origin: float, at_once: bool, after: float) -> float:
    """The first beat after a time; the origin itself is one if `at_once`."""
    if origin > after:
        return origin if at_once else origin + seconds
    found = origin + ((after - origin) // seconds + 1) * seconds
    return found if found > after else after + seconds  # too far apart for the precision of a float


def _at(text: str) -> At:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text, re.ASCII):
        raise ValueError("a time is yyyy-mm-ddThh:mm:ss")
    when = datetime.fromisoformat(text)
    if when.year not in cron.YEARS:
        raise ValueError(f"years are {cron.YEARS[0]} to {cron.YEARS[-1]}")
    return At(when)


def _rate(text: str) -> Rate:
    match = _RATE.fullmatch(text)
    if match is None or (int(match[1]) == 1) == bool(match[3]):
        raise ValueError("a rate is 1 minute, 1 hour or 1 day, or a number of minutes, hours or days")
    return Rate(int(match[1]) * _SECONDS[match[2]])


_PARSERS: dict[str, Callable[[str], Expression]] = {"at": _at, "rate": _rate, "cron": cron.parse}
