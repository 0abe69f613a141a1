"""Event patterns: every operator of AWS's documentation with an event that matches and one that does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kecs.aws.model import events as e
from kecs.core.eventbridge.patterns import compiled

# What a pattern says of `detail.x`, values of it that match, values that do not; None stands for null.
OPERATORS: list[tuple[list[Any], list[Any], list[Any]]] = [
    (["a", "b"], ["a", "b", ["c", "a"], [["a"]]], ["c", "A", [], {"a": 1}, None]),
    ([300], [300], ["300", 300.0, True]),
    ([1], [1], [True, "1"]),
    ([True], [True], [1, "true", False]),
    ([None], [None, [None]], ["null", "", 0]),
    ([""], [""], [None, "a"]),
    ([{"prefix": "eu-"}], ["eu-west-1", "eu-"], ["us-eu-", 1, "EU-west-1"]),
    ([{"prefix": {"equals-ignore-case": "EU-"}}], ["eu-west-1", "Eu-"], ["us-east-1"]),
    ([{"suffix": ".png"}], ["a.png"], ["a.PNG", "png"]),
    ([{"suffix": {"equals-ignore-case": ".png"}}], ["a.PNG"], ["a.jpg"]),
    ([{"equals-ignore-case": "alice"}], ["ALICE", "alice"], ["alic", 1]),
    ([{"wildcard": "dir/*.png"}], ["dir/a.png", "dir/.png"], ["dir/a.jpg", "a/dir/a.png"]),
    ([{"wildcard": "*a*b*a"}], ["abaa", "aba", "xaybza"], ["ab", "aab", "ba"]),
    ([{"wildcard": "ab*ba"}], ["abba", "ab-ba"], ["aba"]),
    ([{"wildcard": "a\\*b\\\\"}], ["a*b\\"], ["axb\\"]),
    ([{"anything-but": "a"}], ["b", ["a", "b"]], ["a", [], {}]),
    ([{"anything-but": ["a", "b"]}], ["c"], ["a", "b"]),
    ([{"anything-but": 5}], [6, "5"], [5]),
    ([{"anything-but": {"prefix": "init"}}], ["stopped"], ["initializing"]),
    ([{"anything-but": {"prefix": ["init", "err"]}}], ["stopped"], ["initializing", "error"]),
    ([{"anything-but": {"suffix": ".txt"}}], ["a.rtf"], ["a.txt"]),
    ([{"anything-but": {"equals-ignore-case": ["Init", "err"]}}], ["x"], ["INIT", "ERR"]),
    ([{"anything-but": {"wildcard": "*/lib/*"}}], ["a/bin/b"], ["a/lib/b"]),
    ([{"numeric": ["=", 300]}], [300, 300.0, [1, 300]], [301, "300", True]),
    ([{"numeric": [">", 0, "<=", 5]}], [1, 5, 0.1], [0, 5.1, "1"]),
    ([{"numeric": ["<", -1]}], [-2], [-1]),
    ([{"exists": True}], ["a", None, 0, [""]], [[], {"y": 1}]),
    ([{"exists": False}], [[], {"y": 1}], ["a", None]),
    ([{"cidr": "10.0.0.0/24"}], ["10.0.0.255"], ["10.0.1.0", "x", 1]),
    ([{"cidr": "2001:db8::/32"}], ["2001:db8::1"], ["10.0.0.1"]),
    ([{"prefix": "a"}, {"numeric": ["=", 1]}, "z"], ["ab", 1, "z"], ["b", 2]),
]


@pytest.mark.parametrize(("choices", "matching", "others"), OPERATORS, ids=lambda value: json.dumps(value)[:60])
def test_operators(choices: list[Any], matching: list[Any], others: list[Any]) -> None:
    pattern = compiled(json.dumps({"detail": {"x": choices}}))
    assert [value for value in matching if not pattern({"detail": {"x": value}})] == []
    assert [value for value in others if pattern({"detail": {"x": value}})] == []


def test_every_field_has_to_match() -> None:
    pattern = compiled(
        '{"source": ["aws.ecs"], "detail": {"lastStatus": ["STOPPED"], "group": [{"prefix": "family:"}]}}'
    )
    event = {"source": "aws.ecs", "detail": {"lastStatus": "STOPPED", "group": "family:web"}}
    assert pattern(event)
    assert not pattern({**event, "source": "mine"})
    assert not pattern({**event, "detail": {"lastStatus": "STOPPED"}})
    assert not pattern({"source": "aws.ecs"})


def test_what_is_absent() -> None:
    assert compiled('{"detail": {"x": [{"exists": false}]}}')({"source": "a"})
    assert not compiled('{"detail": {"x": [{"exists": true}]}}')({"detail": {}})
    assert not compiled('{"detail": {"x": [{"anything-but": "a"}]}}')({"detail": {}})


def test_one_object_of_a_list_has_to_match_as_a_whole() -> None:
    pattern = compiled('{"detail": {"containers": {"name": ["app"], "exitCode": [{"anything-but": 0}]}}}')
    assert pattern({"detail": {"containers": [{"name": "log", "exitCode": 0}, {"name": "app", "exitCode": 1}]}})
    assert not pattern({"detail": {"containers": [{"name": "log", "exitCode": 1}, {"name": "app", "exitCode": 0}]}})


def test_or() -> None:
    pattern = compiled(
        '{"source": ["s"], "$or": [{"detail": {"a": [1]}}, {"detail": {"b": [2], "$or": [{"c": [3]}, {"d": [4]}]}}]}'
    )
    assert pattern({"source": "s", "detail": {"a": 1}})
    assert pattern({"source": "s", "detail": {"b": 2, "d": 4}})
    assert not pattern({"source": "s", "detail": {"b": 2}})
    assert not pattern({"source": "x", "detail": {"a": 1}})


INVALID = [
    "",
    "{",
    "[]",
    '"a"',
    "{}",
    '{"source": "aws.ecs"}',
    '{"source": []}',
    '{"source": [["a"]]}',
    '{"detail": {}}',
    '{"a": [{}]}',
    '{"a": [{"prefix": "x", "suffix": "y"}]}',
    '{"a": [{"like": "x"}]}',
    '{"a": [{"prefix": 1}]}',
    '{"a": [{"prefix": {"suffix": "x"}}]}',
    '{"a": [{"exists": "yes"}]}',
    '{"a": [{"wildcard": "a**b"}]}',
    '{"a": [{"wildcard": "a\\\\b"}]}',
    '{"a": [{"wildcard": "a\\\\"}]}',
    '{"a": [{"anything-but": []}]}',
    '{"a": [{"anything-but": ["x", 1]}]}',
    '{"a": [{"anything-but": {"cidr": "10.0.0.0/8"}}]}',
    '{"a": [{"numeric": []}]}',
    '{"a": [{"numeric": ["=="]}]}',
    '{"a": [{"numeric": ["!=", 1]}]}',
    '{"a": [{"numeric": [">", "1"]}]}',
    '{"a": [{"numeric": [">", 5e10]}]}',
    '{"a": [{"numeric": [">", 5, "<", 1]}]}',
    '{"a": [{"cidr": "10.0.0.0"}]}',
    '{"a": [{"cidr": "x/8"}]}',
    '{"$or": [{"a": [1]}]}',
    '{"$or": {"a": [1]}}',
    '{"a": ' * 600 + "[1]" + "}" * 600,
]


@pytest.mark.parametrize("text", INVALID, ids=lambda text: text[:40])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(e.InvalidEventPatternException, match=r"^Event pattern is not valid. Reason: ."):
        compiled(text)


def test_a_wildcard_takes_no_time() -> None:
    pattern = compiled(json.dumps({"x": [{"wildcard": "*a" * 500 + "*b"}]}))
    assert not pattern({"x": "a" * 100_000})
