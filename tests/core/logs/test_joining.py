"""How lines of output become events of CloudWatch Logs."""

from __future__ import annotations

import re

import pytest

from kecs.core.logs.destinations import of_pattern, of_time_format
from kecs.core.logs.joining import MOST_BYTES, joined, split, whole
from kecs.core.logs.records import LogEvent

STARTS = re.compile("^!")


def lines(*texts: str) -> list[LogEvent]:
    return [LogEvent(at, text) for at, text in enumerate(texts, 1)]


def test_lines_are_joined_until_the_next_event_begins() -> None:
    given = lines("!a", "b", "c", "!d", "e")
    assert joined(given, STARTS) == ([LogEvent(1, "!a\nb\nc\n")], 3)
    assert list(whole(given[3:])) == [LogEvent(4, "!d\ne\n")]


def test_an_event_that_has_begun_goes_on() -> None:
    begun = lines("!a", "b", "c")
    assert joined(begun, STARTS) == ([], 0)
    assert joined([*begun, LogEvent(8, "!d")], STARTS) == ([LogEvent(1, "!a\nb\nc\n")], 3)


def test_what_comes_before_the_first_beginning_is_an_event_too() -> None:
    assert joined(lines("a", "b", "!c"), STARTS) == ([LogEvent(1, "a\nb\n")], 2)


def test_an_event_that_becomes_too_large_ends() -> None:
    half = "x" * (MOST_BYTES // 2)
    events, complete = joined(lines(f"!{half}", half, "b"), STARTS)
    assert ([event.at for event in events], complete) == ([1], 1)


def test_an_event_that_is_too_large_becomes_several_and_no_character_is_cut() -> None:
    text = "a" + "ü" * MOST_BYTES
    pieces = list(split(LogEvent(5, text)))
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.at for piece in pieces] == [5, 5, 5]
    assert all(len(piece.text.encode()) <= MOST_BYTES for piece in pieces)


def test_an_empty_line_is_no_event() -> None:
    assert list(split(LogEvent(1, ""))) == []
    assert list(whole([])) == []


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("%Y-%m-%d %H:%M:%S", "2024-02-29 23:59:59"),
        (r"\[%b %d, %Y %I:%M:%S %p\]", "[Feb 01, 2024 11:00:00 PM]"),
        ("%H:%M", "24:00"),
        ("%a %B %d %y %j", "Mon March 01 24 061"),
        ("%H:%M:%S%L %z", "10:00:00.123 +0200"),
        ("100%%", "100%"),
        ("%Q", "%Q"),
    ],
)
def test_time_formats(given: str, time: str) -> None:
    assert (re.search(of_time_format(given), f"{time} text") is not None) == (time != "24:00")


@pytest.mark.parametrize(
    ("given", "line", "other"),
    [
        ("^[[:upper:]]+:", "INFO: x", "info: x"),
        (r"^[^[:space:]\]]", "x", " x"),
        ("^[[:^space:]x]", "é", " x"),
        ("^[[:^alnum:]7]+$", "-7é]", "-8"),
        (r"end\z", "the end", "ended"),
        (r"\\z", r"a\z", "az"),
    ],
)
def test_patterns_are_those_of_docker(given: str, line: str, other: str) -> None:
    assert re.search(of_pattern(given), line)
    assert not re.search(of_pattern(given), other)
