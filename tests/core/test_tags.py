"""Tags: AWS's limits, and what putting sets together keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kecs.aws.model import ecs as m
from kecs.core.tags import merge_tags, remove_tags, validate_tags

INVALID_CHARACTERS = (
    "Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @."
)


def tags(**values: str) -> list[m.Tag]:
    return [m.Tag(key=key, value=value) for key, value in values.items()]


def test_no_tags_are_an_empty_tuple() -> None:
    assert validate_tags(None) == ()
    assert validate_tags([]) == ()


def test_everything_that_aws_allows_comes_back_unchanged() -> None:
    allowed = [m.Tag(key="Größe 你好_./=+-:@ 1²", value="v" * 256), m.Tag(key="k" * 128, value="")]
    assert validate_tags(allowed) == tuple(allowed)


def test_an_absent_value_is_an_empty_one() -> None:
    assert validate_tags([m.Tag(key="k")]) == (m.Tag(key="k", value=""),)


def test_keys_are_told_apart_by_case() -> None:
    assert len(validate_tags(tags(name="1", Name="2"))) == 2


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (m.Tag(value="v"), "Tag key must be between 1 and 128 characters long."),
        (m.Tag(key="", value="v"), "Tag key must be between 1 and 128 characters long."),
        (m.Tag(key="k" * 129, value="v"), "Tag key must be between 1 and 128 characters long."),
        (m.Tag(key="k", value="v" * 257), "Tag value must not be longer than 256 characters."),
        (m.Tag(key="aws:createdBy", value="v"), "Tag key must not start with aws:"),
        (m.Tag(key="AwS:x", value="v"), "Tag key must not start with aws:"),
        (m.Tag(key="a,b", value="v"), INVALID_CHARACTERS),
        (m.Tag(key="k", value="[bot]"), INVALID_CHARACTERS),
        (m.Tag(key="k", value="line\nbreak"), INVALID_CHARACTERS),
    ],
)
def test_a_tag_beyond_the_limits_is_refused(tag: m.Tag, text: str) -> None:
    with pytest.raises(m.InvalidParameterException) as raised:
        validate_tags([tag])
    assert raised.value.message == text


def test_fifty_tags_are_accepted_and_one_more_is_not() -> None:
    many = [m.Tag(key=f"k{n}", value="v") for n in range(51)]
    assert len(validate_tags(many[:50])) == 50
    with pytest.raises(m.InvalidParameterException, match=r"^The number of tags must not exceed 50\.$"):
        validate_tags(many)


def test_the_same_key_twice_is_refused() -> None:
    with pytest.raises(m.InvalidParameterException, match=r"^Duplicate tag keys are not allowed\.$"):
        validate_tags([m.Tag(key="k", value="1"), m.Tag(key="k", value="2")])


def test_merging_replaces_values_in_place_and_appends_what_is_new() -> None:
    assert merge_tags(tags(a="1", b="2"), tags(c="3", a="9")) == tuple(tags(a="9", b="2", c="3"))


def test_merging_beyond_fifty_is_refused() -> None:
    held = [m.Tag(key=f"k{n}", value="v") for n in range(50)]
    assert len(merge_tags(held, [m.Tag(key="k7", value="other")])) == 50
    with pytest.raises(m.LimitExceededException):
        merge_tags(held, [m.Tag(key="new", value="v")])


def test_tags_of_aws_do_not_count_and_cannot_be_removed() -> None:
    held = [m.Tag(key=f"k{n}", value="v") for n in range(49)] + [m.Tag(key="aws:ecs:clusterName", value="c")]
    assert len(merge_tags(held, [m.Tag(key="new", value="v")])) == 51
    with pytest.raises(m.InvalidParameterException, match=r"^Tag key must not start with aws:$"):
        remove_tags(held, ["aws:ecs:clusterName"])


def test_removing_ignores_keys_that_are_not_there() -> None:
    assert remove_tags(tags(a="1", b="2"), ["b", "z"]) == tuple(tags(a="1"))


KEYS = st.sampled_from("abcdef")
SETS = st.dictionaries(KEYS, st.text("xyz", max_size=2)).map(lambda values: tuple(tags(**values)))


@given(SETS, SETS)
def test_a_merge_is_a_dictionary_update(before: tuple[m.Tag, ...], added: tuple[m.Tag, ...]) -> None:
    merged = merge_tags(before, added)
    expected = {t.key: t.value for t in before} | {t.key: t.value for t in added}
    assert {t.key: t.value for t in merged} == expected
    assert len(merged) == len(expected)


@given(SETS, st.sets(KEYS))
def test_a_removal_leaves_exactly_the_other_keys(before: tuple[m.Tag, ...], keys: set[str]) -> None:
    assert [t.key for t in remove_tags(before, keys)] == [t.key for t in before if t.key not in keys]
