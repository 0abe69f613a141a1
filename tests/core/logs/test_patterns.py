"""Filter patterns of CloudWatch Logs."""

from __future__ import annotations

import pytest

from kecs.core.logs.patterns import InvalidPattern, compiled


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
    ],
)
def test_what_a_pattern_finds(pattern: str, found: str, not_found: str) -> None:
    matches = compiled(pattern)
    assert matches is not None
    assert (matches(found), matches(not_found)) == (True, False)


def test_no_pattern_finds_everything() -> None:
    assert compiled("  ") is None


@pytest.mark.parametrize(
    "pattern",
    [
        '"ERROR',
        'ERROR"x"',
        "[a, b]",
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
