"""Samples of what comes too fast."""

from __future__ import annotations

import pytest

from kecs.core.logs.sampling import Sample


def taken(most: int, count: int) -> tuple[list[int], bool]:
    sample = Sample[int](most)
    for number in range(count):
        sample.add(number)
    return sample.take()


@pytest.mark.parametrize("count", [0, 1, 5])
def test_few_are_all_taken(count: int) -> None:
    assert taken(5, count) == (list(range(count)), False)


@pytest.mark.parametrize("count", [6, 10, 11, 12, 21, 22, 99, 1000])
def test_of_many_there_are_as_many_as_may_be_in_their_order_and_from_everywhere(count: int) -> None:
    found, is_sampled = taken(5, count)
    assert is_sampled
    assert len(set(found)) == 5
    assert found == sorted(found)
    assert max(later - earlier for earlier, later in zip(found, [*found[1:], count], strict=True)) <= 2 * count / 5


def test_what_has_been_taken_is_gone() -> None:
    sample = Sample[int](2)
    for number in range(100):
        sample.add(number)
    assert sample.take()[1]
    sample.add(7)
    assert sample.take() == ([7], False)
