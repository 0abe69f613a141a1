"""Looks at containers, out of answers of the engine's statistics; and what a real one uses that is busy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.docker_runtime import bench, container, plan, run

from kecs.core.autoscaling.usage import Usage
from kecs.runtimes.docker.usage import look
from kecs.runtimes.usage import Look

STATS: dict[str, Any] = {
    "read": "2026-01-01T00:00:10.5Z",
    "cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000}},
    "memory_stats": {"usage": 64 * 1024 * 1024, "stats": {"inactive_file": 16 * 1024 * 1024}},
}


def test_a_look_at_a_container() -> None:
    assert look(STATS) == Look(at=1767225610.5, cpu=2.5, memory=48.0)


@pytest.mark.parametrize(
    "stats",
    [
        {},
        {**STATS, "read": "0001-01-01T00:00:00Z"},
        {**STATS, "memory_stats": {}},
        {**STATS, "cpu_stats": {"cpu_usage": {}}},
    ],
)
def test_one_that_does_not_run_shows_nothing(stats: dict[str, Any]) -> None:
    assert look(stats) is None


@pytest.mark.docker
async def test_a_busy_container() -> None:
    async with bench() as on:
        task = plan(container(command=["sh", "-c", "while :; do :; done"], cpu=256, memory=64))
        await run(on, task)
        loop = asyncio.get_running_loop()

        async def measured() -> Mapping[str, Usage]:
            answer: asyncio.Future[Mapping[str, Usage]] = loop.create_future()
            on.runtime.measure([task.arn, "arn:unknown"], answer.set_result)
            return await answer

        first = await measured()
        assert list(first) == [task.arn]
        assert first[task.arn].cpu is None
        used = first
        async with asyncio.timeout(30):
            while not (used[task.arn].cpu or 0) > 1:  # the engine reads its numbers anew once in a while
                used = await measured()
        assert 0 < (used[task.arn].memory or 0) < 64
