"""What tasks use, out of looks at their containers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kecs.core.autoscaling.usage import Usage
from kecs.runtimes.usage import Look, Usages, usage


@pytest.mark.parametrize(
    ("before", "now", "used"),
    [
        ({}, {"a": Look(60, 10, 5)}, Usage(cpu=None, memory=10)),
        ({"a": Look(0, 10, 5)}, {"a": Look(60, 20, 35)}, Usage(cpu=512, memory=20)),
        (
            {"a": Look(0, 1, 0), "b": Look(0, 1, 0)}, {"a": Look(60, 1, 60), "b": Look(60, 1, 30)},
            Usage(cpu=1536, memory=2),
        ),
        ({"a": Look(0, 1, 0)}, {"a": Look(60, 1, 60), "new": Look(60, 1, 30)}, Usage(cpu=None, memory=2)),
        ({"a": Look(0, 1, 50)}, {"a": Look(60, 1, 1)}, Usage(cpu=0, memory=1)),  # it was started again
        ({}, {"a": Look(60, 1, rate=0.5)}, Usage(cpu=512, memory=1)),
        ({"a": Look(60, 1, 5)}, {"a": Look(60, 1, 5)}, Usage(cpu=None, memory=1)),
    ],
)  # fmt: skip
def test_cpu_is_the_difference_between_two_looks(before: dict[str, Look], now: dict[str, Look], used: Usage) -> None:
    assert usage(before, now) == used


async def test_what_cannot_be_measured_is_left_out_and_what_is_gone_forgotten() -> None:
    seen = {"a": {"1": Look(0, 1, 0)}}

    async def look_at(task: str) -> Mapping[str, Look]:
        return seen.get(task, {})

    usages = Usages(look_at, lambda: seen)
    assert await usages.of(["a", "b"]) == {"a": Usage(cpu=None, memory=1)}
    seen["a"] = {"1": Look(1, 1, 1)}
    assert await usages.of(["a"]) == {"a": Usage(cpu=1024, memory=1)}
    seen.clear()
    assert await usages.of(["a"]) == {}
    seen["a"] = {"1": Look(2, 1, 2)}
    assert await usages.of(["a"]) == {"a": Usage(cpu=None, memory=1)}
