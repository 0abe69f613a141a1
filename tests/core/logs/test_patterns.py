"""Filter patterns of CloudWatch Logs."""

from __future__ import annotations

import pytest

from kecs.core.logs.expressions import InvalidPattern
from kecs.core.logs.patterns import compiled

ACCESS = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "found", "not_found"),
    [
        ("ERROR", "[ERROR 400] bad", "error"),
        ("ERROR bad", "a bad ERROR", "ERROR"),
        ('"ERROR 400"', "[ERROR 400] bad", "400 ERROR"),
        (r'"say \"no\""', 'they say "no"', "they say no"),
        ("?ERROR ?WARN", "WARN: late", "INFO"),
        ("ERROR -EXITING", "ERROR here", "ERROR EXITING"),
        ("-EXITING", "all well", "EXITING now"),
        ('ERROR -"by hand"', "ERROR", "ERROR made by hand"),
        ("ERROR ?WARN", "ERROR", "WARN"),
        ("%colou?r [0-9]+%", "the color 12", "color red"),
        ("a %^a.*z$%", "a to z", "a to y"),
        ('{ $.level = "error" }', '{"level": "error"}', '{"level": "errors"}'),
        ("{ $.level = err* }", '{"level": "errors"}', '{"level": "warn"}'),
        ("{ $.code = 404 }", '{"code": 404}', '{"code": "404.5"}'),
        ("{ $.code != 404 }", '{"code": 200}', '{"other": 1}'),
        ("{ $.took >= 1.5 }", '{"took": 1.5}', '{"took": "2"}'),
        ("{ $.took < -1e2 }", '{"took": -101}', '{"took": true}'),
        ("{ $.user.ids[1] = 7 }", '{"user": {"ids": [1, 7]}}', '{"user": {"ids": [7]}}'),
        ("{ $.a IS NULL }", '{"a": null}', "{}"),
        ("{ $.a IS TRUE }", '{"a": true}', '{"a": 1}'),
        ("{ $.a NOT EXISTS }", '{"b": 1}', '{"a": null}'),
        ("{ $.a = %^x-% }", '{"a": "x-1"}', '{"a": "ax-1"}'),
        ("{ ($.a = 1 || $.b = 2) && $.c = 3 }", '{"b": 2, "c": 3}', '{"a": 1}'),
        ("{ $.a = 1 || $.b = 2 && $.c = 3 }", '{"a": 1}', '{"b": 2}'),
        ("{ $[0] = 1 }", "[1]", "no JSON"),
        ("{ $.['a.b'].c = 1 }", '{"a.b": {"c": 1}}', '{"a": {"b": {"c": 1}}}'),
        ("{ $.a = * }", '{"a": 1}', '{"b": 1}'),
        ("{ $.a = 4* }", '{"a": 404}', '{"a": 200}'),
        ("{ $.a != 123.123.* }", '{"a": "123.4.5.6"}', '{"a": "123.123.5.6"}'),
        ("[a, b=2*, c]", "one 2! three", "one 2 three four"),
        ("[ip, user, id, time, request=*.html*, status=4*, bytes]", ACCESS, ACCESS.replace(" 404 ", " 200 ")),
        ("[ip, user, id, time = %10/Oct%, request, status, bytes]", ACCESS, ACCESS.replace("Oct", "Nov")),
        ("[..., status = 404 || status = 410, size > 1000]", ACCESS, ACCESS.replace("1534", "15")),
        ("[ip, ..., bytes <= 1534]", ACCESS, "frank -"),
        ('[level != "INFO" && level != DEBUG, ...]', "WARN late", "DEBUG late"),
        ("[w1=ERROR, w2]", "ERROR 401", "ERROR 401 late"),
        ("[a, b = x, c]", "[ [x] y", "[ [z] y"),  # the first one is never closed
    ],
)
def test_what_a_pattern_finds(pattern: str, found: str, not_found: str) -> None:
    matches = compiled(pattern)
    assert matches is not None
    assert (matches(found), matches(not_found)) == (True, False)


def test_fields_that_are_left_out_may_be_none() -> None:
    matches = compiled("[first, ..., last]")
    assert matches is not None
    assert [matches("a " * count) for count in range(4)] == [False, False, True, True]


def test_brackets_that_are_never_closed_are_looked_at_once_each() -> None:
    matches = compiled("[..., last = x]")
    assert matches is not None
    assert matches("[ " * 100_000 + "x")  # else this takes minutes


def test_no_pattern_finds_everything() -> None:
    assert compiled("  ") is None


@pytest.mark.parametrize(
    "pattern",
    [
        '"ERROR',
        'ERROR"x"',
        "[a, b",
        "[a, , b]",
        "[a, ..., b, ...]",
        "[a = , b]",
        "[a > x]",
        "[a = 1 && ]",
        "[(a = 1)]",
        "[a ! b]",
        "%(a+)+%",
        "%[%",
        "{ $.a }",
        "{ $.a = 1",
        "{ $.a = }",
        "{ a = 1 }",
        "{ $.a > x }",
        "{ $.a IS 1 }",
        "{ $.a NOT 1 }",
        "{ ($.a = 1 }",
        "{ $.a = 1 $.b = 1 }",
        "{ " + "(" * 100 + "$.a = 1" + ")" * 100 + " }",
        "{ ! }",
    ],
)
def test_what_is_no_pattern_or_is_not_understood_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        compiled(pattern)
