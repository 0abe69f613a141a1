"""Cron expressions in AWS's dialect: minutes, hours, day of month, month, day of week and year, to the minute.

Called by `schedules`. Beside lists, ranges and steps there are `?`, `L`, `W` and `#`, and Sunday is 1.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from typing import NamedTuple

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
YEARS = range(1970, 2200)
_PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", re.ASCII)
_DAY_OF_MONTH = re.compile(r"L(?:-(\d+))?|(LW)|(\d+)W", re.ASCII)
_DAY_OF_WEEK = re.compile(r"(\w+)(?:(L)|#([1-5]))", re.ASCII)


class Cron(NamedTuple):
    """A parsed expression. Of the two ways to choose days the one that is not used is `?`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    day_of_month: str
    months: tuple[int, ...]
    day_of_week: str
    years: tuple[int, ...]

    def after(self, moment: float, zone: tzinfo, *, with_gaps: bool = False) -> float | None:
        """The first time after `moment`, seconds since the epoch; None when there is none.

        A time that daylight saving time skips comes when the clocks have been put forward; `with_gaps`: it does not
        come at all. One that it repeats comes once.
        """
        now = datetime.fromtimestamp(moment, zone)
        for day in self._days(now.date()):
            steady = _steady(day, zone)
            earliest = (now.hour, now.minute) if steady and day == now.date() else (0, 0)
            moments = (
                datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                for hour in self.hours
                for minute in self.minutes
                if (hour, minute) >= earliest
            )
            times = (local.timestamp() for local in moments if steady or not (with_gaps and in_gap(local)))
            later = (time for time in times if time > moment)
            found = next(later, None) if steady else min(later, default=None)
            if found is not None:
                return found
        return None

    def _days(self, start: date) -> Iterator[date]:
        for year in self.years:
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in sorted(_days(self.day_of_month, self.day_of_week, year, month)):
                    if (found := date(year, month, day)) >= start:
                        yield found


def _steady(day: date, zone: tzinfo) -> bool:
    """Whether clocks run through the day from its beginning to its end."""
    first = datetime(day.year, day.month, day.day, tzinfo=zone)
    return first.utcoffset() == first.replace(hour=23, minute=59, fold=1).utcoffset()


def in_gap(local: datetime) -> bool:
    """Whether no clock of its time zone ever shows this time, since they are put forward over it."""
    return datetime.fromtimestamp(local.timestamp(), local.tzinfo).replace(fold=0) != local


def parse(text: str, *, year_optional: bool = False) -> Cron:
    """The expression between the parentheses of `cron(…)`. Raises ValueError."""
    fields = text.upper().split()
    if len(fields) == 5 and year_optional:
        fields.append("*")
    if len(fields) != 6:
        raise ValueError("a cron expression has six fields")
    minutes, hours, day_of_month, months, day_of_week, years = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise ValueError("one of day of month and day of week is ?")
    _days(day_of_month, day_of_week, 2024, 1)  # raises for a day that is none
    return Cron(
        numbers(minutes, range(60)),
        numbers(hours, range(24)),
        day_of_month,
        numbers(months, range(1, 13), MONTHS),
        day_of_week,
        numbers(years, YEARS),
    )


def numbers(text: str, allowed: range, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    """The values of a field with lists, ranges and steps. Raises ValueError."""
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part} is no value, range or step")
        first, last, step = match.groups()
        if first == "*":
            low, high = allowed[0], allowed[-1]
        else:
            low = _number(first, allowed, names)
            high = _number(last, allowed, names) if last else allowed[-1] if step else low
        if last and first == "*":
            raise ValueError(f"{part} is no range")
        if step is not None and int(step[:9]) == 0:
            raise ValueError(f"{part} has no step")
        # A range may go over the end: FRI-MON.
        values = (
            [*range(low, high + 1)] if low <= high else [*range(low, allowed[-1] + 1), *range(allowed[0], high + 1)]
        )
        found.update(values[:: int(step[:9]) if step else 1])
    return tuple(sorted(found))


def _days(day_of_month: str, day_of_week: str, year: int, month: int) -> set[int]:
    if day_of_week == "?":
        return days_of_month(day_of_month, year, month)
    return days_of_week(day_of_week, year, month)


def days_of_month(text: str, year: int, month: int) -> set[int]:
    """The days of a month that a day-of-month field names. Raises ValueError."""
    length = monthrange(year, month)[1]
    found: set[int] = set()
    for part in text.split(","):
        match = _DAY_OF_MONTH.fullmatch(part)
        if match is None:
            found.update(day for day in numbers(part, range(1, 32)) if day <= length)
            continue
        before_last, last_weekday, weekday = match.groups()
        if last_weekday:
            found.add(_nearest_weekday(year, month, length))
        elif weekday:
            (day,) = numbers(weekday, range(1, 32))
            if day <= length:
                found.add(_nearest_weekday(year, month, day))
        elif (day := length - int((before_last or "0")[:9])) > 0:
            found.add(day)
    return found


def days_of_week(text: str, year: int, month: int) -> set[int]:
    """The days of a month that a day-of-week field names. Raises ValueError."""
    length = monthrange(year, month)[1]
    found: set[int] = set()
    for part in text.split(","):
        match = None if part in DAYS else _DAY_OF_WEEK.fullmatch("7L" if part == "L" else part)
        if match is None:
            wanted = numbers(part, range(1, 8), DAYS)
            found.update(day for day in range(1, length + 1) if _weekday(year, month, day) in wanted)
            continue
        (wanted_day,) = numbers(match[1], range(1, 8), DAYS)
        days = [day for day in range(1, length + 1) if _weekday(year, month, day) == wanted_day]
        if match[2]:
            found.add(days[-1])
        elif int(match[3]) <= len(days):
            found.add(days[int(match[3]) - 1])
    return found


def _number(text: str, allowed: range, names: tuple[str, ...]) -> int:
    value = names.index(text) + 1 if text in names else int(text) if text.isdecimal() and len(text) < 5 else None
    if value is None or value not in allowed:
        raise ValueError(f"{text} is not between {allowed[0]} and {allowed[-1]}")
    return value


def _weekday(year: int, month: int, day: int) -> int:
    return date(year, month, day).isoweekday() % 7 + 1


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The weekday that is nearest to the day, in the same month."""
    match _weekday(year, month, day):
        case 7:
            return day - 1 if day > 1 else day + 2
        case 1:
            return day + 1 if day < monthrange(year, month)[1] else day - 2
    return day
