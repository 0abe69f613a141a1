"""AWS's schedule expressions: `at(…)`, `rate(…)` and `cron(…)`, and the time zones that they are told in.

Application Auto Scaling, rules of EventBridge and EventBridge Scheduler have them, each with an error of its own.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kecs.core import cron

LAST = datetime(cron.YEARS[-1], 12, 31, tzinfo=UTC).timestamp()
_EXPRESSION = re.compile(r"\s*(at|rate|cron)\((.*)\)\s*", re.DOTALL)
_RATE = re.compile(r"\s*([1-9]\d{0,8})\s+(minute|hour|day)(s?)\s*", re.ASCII)
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


class At(NamedTuple):
    """Once, at a local time."""

    when: datetime

    def after(self, moment: float, zone: tzinfo) -> float | None:
        """The time, seconds since the epoch, if it is after `moment`."""
        found = self.when.replace(tzinfo=zone).timestamp()
        return found if found > moment else None


class Rate(NamedTuple):
    """Again and again, so many seconds apart."""

    seconds: int

    def after(self, moment: float, origin: float, *, at_once: bool) -> float:
        """The first beat after `moment`, seconds since the epoch; the origin itself is one if `at_once`."""
        if origin > moment:
            return origin if at_once else origin + self.seconds
        found = origin + ((moment - origin) // self.seconds + 1) * self.seconds
        return found if found > moment else moment + self.seconds  # too far apart for the precision of a float


Expression = At | Rate | cron.Cron


def parse(text: str, *, year_optional: bool = False) -> Expression:
    """A schedule; `year_optional`: a cron expression may have five fields. Raises ValueError."""
    match = _EXPRESSION.fullmatch(text)
    if match is None:
        raise ValueError("it is none of at, rate and cron")
    kind, inside = match.groups()
    return cron.parse(inside, year_optional=year_optional) if kind == "cron" else _PARSERS[kind](inside)


def zone(name: str | None) -> tzinfo:
    """The time zone of that name; UTC without one. Raises ValueError."""
    if name in (None, "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise ValueError(f"{name} is no time zone") from None


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


_PARSERS: dict[str, Callable[[str], Expression]] = {"at": _at, "rate": _rate}
