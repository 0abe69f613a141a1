"""Regular expressions of the cluster query language: they mean what Python's mean, and are never slow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kecs.core.placement.query.patterns import DEEPEST, LONGEST, Pattern

PIECES = ["a", "b", ".", "*", "+", "?", "|", "(", ")", "(?:", "[ab]", "[^a]", "a{2}", "{1,2}", "{0,}", "^", "$", "\\w"]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.text("ab", max_size=5))
def test_a_pattern_means_what_it_means_to_python(text: str, value: str) -> None:
    try:
        mine, theirs = Pattern(text), re.compile(text)
    except (ValueError, re.error):
        return
    assert mine.matches(value) == (theirs.fullmatch(value) is not None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ("g2.*", "g2.2xlarge"),
        ("(?i)PROD", "prod"),
        ("(?<zone>us)-\\w+-1[a-c]", "us-east-1b"),
        ("[\\w.-]+@[]a]", "a.b-c@]"),
        ("a{2}b{1,}c{0,3}?", "aabbcc"),
        ("\\x41\\u0042\\.", "AB."),
        ("\\Aus\\b.*\\z", "us east"),
        ("(?s)a.b", "a\nb"),
    ],
)
def test_matches(text: str, value: str) -> None:
    assert Pattern(text).matches(value)
    assert not Pattern(text).matches(f"{value}\n")


NOT_THERE = [
    "(",
    ")",
    "*",
    "a**",
    "a{2,1}",
    "a{x",
    "[",
    "[a",
    "(?=a)",
    "(?<!a)",
    "(a)\\1",
    "\\p{L}",
    "a++",
    "\\",
    "\\y",
]
TOO_MUCH = ["(" * (DEEPEST + 1) + ")" * (DEEPEST + 1), "a" * (LONGEST + 1)]


@pytest.mark.parametrize("text", [*NOT_THERE, *TOO_MUCH])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Pattern(text)


@pytest.mark.parametrize("text", ["(a+)+b", "(a|aa)*b", "a*" * 20 + "b", "((a{1,99}){1,99}){1,99}b", "(a?){999}b"])
def test_what_backtracking_would_never_end_with_ends(text: str) -> None:
    assert not Pattern(text).matches("a" * 128)
