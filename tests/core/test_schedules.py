"""Schedule expressions against the examples of AWS's documentation, and around changes to and from summer time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kecs.core import cron
from kecs.core.schedules import At, Rate, parse, zone

BERLIN = zone("Europe/Berlin")


def moments(text: str, start: str, count: int, place: str = "UTC", *, with_gaps: bool = False) -> list[str]:
    """The first times of a cron expression after a local time, as local times."""
    expression, where = parse(text), zone(place)
    assert isinstance(expression, cron.Cron)
    moment, found = datetime.fromisoformat(start).replace(tzinfo=where).timestamp(), []
    for _ in range(count):
        following = expression.after(moment, where, with_gaps=with_gaps)
        if following is None:
            break
        moment = following
        found.append(datetime.fromtimestamp(moment, where).strftime("%a %Y-%m-%d %H:%M"))
    return found


CRONS = [
    ("0 10 * * ? *", ["Mon 2024-01-01 10:00", "Tue 2024-01-02 10:00"]),
    ("15 12 * * ? *", ["Mon 2024-01-01 12:15", "Tue 2024-01-02 12:15"]),
    ("0 18 ? * MON-FRI *", ["Mon 2024-01-01 18:00", "Tue 2024-01-02 18:00"]),
    ("0 8 1 * ? *", ["Mon 2024-01-01 08:00", "Thu 2024-02-01 08:00"]),
    ("0/15 * * * ? *", ["Mon 2024-01-01 00:15", "Mon 2024-01-01 00:30", "Mon 2024-01-01 00:45"]),
    ("0/10 * ? * MON-FRI *", ["Mon 2024-01-01 00:10", "Mon 2024-01-01 00:20"]),
    ("0/5 8-17 ? * MON-FRI *", ["Mon 2024-01-01 08:00", "Mon 2024-01-01 08:05"]),
    ("0/30 20-2 ? * MON-FRI *", ["Mon 2024-01-01 00:30", "Mon 2024-01-01 01:00"]),
    ("0 9 ? * 2#1 *", ["Mon 2024-01-01 09:00", "Mon 2024-02-05 09:00", "Mon 2024-03-04 09:00"]),
    ("0 9 ? * FRI#5 *", ["Fri 2024-03-29 09:00", "Fri 2024-05-31 09:00"]),
    ("0 9 ? * 6L *", ["Fri 2024-01-26 09:00", "Fri 2024-02-23 09:00"]),
    ("0 9 L * ? *", ["Wed 2024-01-31 09:00", "Thu 2024-02-29 09:00"]),
    ("0 9 LW * ? *", ["Wed 2024-01-31 09:00", "Thu 2024-02-29 09:00", "Fri 2024-03-29 09:00"]),
    ("0 9 3W * ? *", ["Wed 2024-01-03 09:00", "Fri 2024-02-02 09:00", "Mon 2024-03-04 09:00"]),
    ("0 9 1W 6,9 ? *", ["Mon 2024-06-03 09:00", "Mon 2024-09-02 09:00"]),
    ("0 0 29 FEB ? *", ["Thu 2024-02-29 00:00", "Tue 2028-02-29 00:00"]),
    ("0 0 1 1 ? 2025-2026", ["Wed 2025-01-01 00:00", "Thu 2026-01-01 00:00"]),
    ("1-31/30 1-1 ? * 1,7 *", ["Sat 2024-01-06 01:01", "Sat 2024-01-06 01:31", "Sun 2024-01-07 01:01"]),
    ("0 0 31 2 ? 2024", []),
]


@pytest.mark.parametrize(("text", "expected"), CRONS)
def test_cron(text: str, expected: list[str]) -> None:
    assert moments(f"cron({text})", "2024-01-01T00:00", max(len(expected), 1)) == expected


WRONG = [
    "",
    "daily",
    "cron(0 10 * * ?)",
    "cron(0 10 * * * *)",
    "cron(7 20 * * 1-7 *)",
    "cron(0 10 ? * ? *)",
    "cron(60 10 * * ? *)",
    "cron(0 24 * * ? *)",
    "cron(0 10 32 * ? *)",
    "cron(0 10 ? * 8 *)",
    "cron(0 10 ? * MON#6 *)",
    "cron(0 10 * 13 ? *)",
    "cron(0 10 * * ? 2200)",
    "cron(0/0 10 * * ? *)",
    "cron(a 10 * * ? *)",
    "rate(0 minutes)",
    "rate(1 minutes)",
    "rate(5 minute)",
    "rate(1.5 hours)",
    "rate(5 seconds)",
    "rate(5)",
    "at(2024-01-01)",
    "at(2024-02-30T00:00:00)",
    "at(2024-01-01T00:00:00Z)",
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_a_year_may_be_optional() -> None:
    assert parse("cron(0 10 * * ?)", year_optional=True) == parse("cron(0 10 * * ? *)")


RATES = [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(1 hour)", 3600), ("rate(2 days)", 172800)]


@pytest.mark.parametrize(("text", "seconds"), RATES)
def test_rate(text: str, seconds: int) -> None:
    assert parse(text) == Rate(seconds)


def test_beats_count_from_their_origin() -> None:
    beat = Rate(300)
    assert beat.after(99.0, 100.0, at_once=True) == 100.0
    assert beat.after(100.0, 100.0, at_once=True) == 400.0
    assert beat.after(99.0, 100.0, at_once=False) == 400.0
    assert beat.after(1000.0, 100.0, at_once=False) == 1300.0


def test_at_is_local_time_and_comes_once() -> None:
    expression = parse("at(2024-07-01T09:00:00)")
    nine = datetime(2024, 7, 1, 7, tzinfo=UTC).timestamp()
    assert isinstance(expression, At)
    assert expression.after(nine - 1, BERLIN) == nine
    assert expression.after(nine, BERLIN) is None


@pytest.mark.parametrize("name", ["Nowhere/City", "Europe", "../etc/passwd", ""])
def test_what_is_no_time_zone(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        zone(name)


def test_nine_o_clock_stays_nine_o_clock_when_clocks_change() -> None:
    march = moments("cron(0 9 * * ? *)", "2024-03-30T00:00", 3, "Europe/Berlin")
    assert march == ["Sat 2024-03-30 09:00", "Sun 2024-03-31 09:00", "Mon 2024-04-01 09:00"]


def test_a_time_that_no_clock_shows() -> None:
    text, start = "cron(30 2 * * ? *)", "2024-03-30T12:00"
    assert moments(text, start, 2, "Europe/Berlin") == ["Sun 2024-03-31 03:30", "Mon 2024-04-01 02:30"]
    assert moments(text, start, 1, "Europe/Berlin", with_gaps=True) == ["Mon 2024-04-01 02:30"]


def test_a_time_that_clocks_show_twice_comes_once() -> None:
    autumn = moments("cron(30 2 * * ? *)", "2024-10-26T12:00", 2, "Europe/Berlin")
    assert autumn == ["Sun 2024-10-27 02:30", "Mon 2024-10-28 02:30"]
    first = parse("cron(30 2 * * ? *)")
    assert isinstance(first, cron.Cron)
    once = datetime(2024, 10, 27, 0, 30, tzinfo=UTC).timestamp()  # in summer time still
    assert first.after(once - 1, BERLIN) == once
    assert first.after(once, BERLIN) == datetime(2024, 10, 28, 1, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("place", ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"])
@pytest.mark.parametrize("with_gaps", [False, True])
def test_every_hour_comes_once_and_in_order(place: str, *, with_gaps: bool) -> None:
    """Clocks of these places are changed by different times, at different hours; none of it stops the hours."""
    expression, where = parse("cron(7 * * * ? *)"), zone(place)
    assert isinstance(expression, cron.Cron)
    previous, end = (datetime(2011, month, 1, tzinfo=UTC).timestamp() for month in (10, 11))
    while previous < end:
        following = expression.after(previous, where, with_gaps=with_gaps)
        assert following is not None
        local = datetime.fromtimestamp(following, where)
        assert local.minute in (7, 37)  # Lord Howe's clocks are put forward by half an hour
        assert 0 < following - previous <= 2 * 3600 + 1800
        previous = following
