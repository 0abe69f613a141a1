"""What callers may write for events and schedules: whatever it is, it is understood or refused, and never breaks."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from kecs.aws.errors import ValidationException
from kecs.aws.model import events as e
from kecs.core.eventbridge.inputs import check_input, input_of
from kecs.core.eventbridge.patterns import compiled
from kecs.core.schedules import LAST, Rate, parse, zone

OPERATORS = ("prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr", "$or")
NAMES = st.sampled_from(("source", "detail", "a", *OPERATORS))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(("", "a", "a*", "**", "\\", ">", "<=", "10.0.0.0/8")) | st.text(max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3),
    max_leaves=10,
)  # fmt: skip
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=3)


@given(pattern=OBJECTS, event=OBJECTS)
def test_a_pattern_matches_or_not_or_is_refused(pattern: Any, event: Any) -> None:
    try:
        matches = compiled(json.dumps(pattern))
    except e.InvalidEventPatternException:
        return
    assert matches(event) in (True, False)


@given(event=OBJECTS, name=NAMES)
def test_a_field_matches_its_own_value(event: dict[str, Any], name: str) -> None:
    for value in ("a", 1, 1.5, True, None):
        assert compiled(json.dumps({"x": [value]}))({**event, "x": value})
        assert compiled(json.dumps({"x": [{"exists": True}]}))({**event, "x": value})
        assert not compiled(json.dumps({"x": [{"exists": False}]}))({**event, "x": [value, event.get(name)]})


@given(
    template=st.text(alphabet='<>"\\ax.{}:', max_size=20),
    path=st.text(alphabet="$.[]'*a0-", max_size=10),
    event=OBJECTS,
)
@example(template='{"a": "<a>', path="$.a", event={"a": '"'})
def test_a_template_is_filled_or_refused(template: str, path: str, event: Any) -> None:
    transformer = e.InputTransformer(input_paths_map={"a": path, "x": "$"}, input_template=template)
    for target in (
        e.Target(id="t", arn="a", input_transformer=transformer),
        e.Target(id="t", arn="a", input_path=path),
    ):
        try:
            check_input(target)
        except ValidationException:
            continue
        assert isinstance(input_of(target, event, "arn", "rule", 0.0), str)


FIELDS = st.sampled_from(
    ("*", "?", "0", "1", "5", "L", "LW", "15W", "2#5", "6L", "MON-FRI", "JAN", "0/7", "1-9/3", "2100")
)


@given(
    fields=st.lists(FIELDS, min_size=6, max_size=6),
    moment=st.floats(min_value=0, max_value=LAST),
    with_gaps=st.booleans(),
)
def test_what_is_due_next_is_later(fields: list[str], moment: float, *, with_gaps: bool) -> None:
    try:
        expression = parse(f"cron({' '.join(fields)})")
    except ValueError:
        return
    assert not isinstance(expression, Rate)
    for place in (UTC, zone("Europe/Berlin")):
        found = expression.after(moment, place, with_gaps=with_gaps)  # type: ignore[call-arg]  # it is a cron expression
        assert found is None or found > moment
        if found is not None:
            again = expression.after(found - 1, place, with_gaps=with_gaps)  # type: ignore[call-arg]
            assert again == found


@given(text=st.text(max_size=30) | st.from_regex(r"(at|rate|cron)\([ -~]{0,20}\)", fullmatch=True))
def test_any_text_is_a_schedule_or_not(text: str) -> None:
    with suppress(ValueError):
        assert parse(text)
