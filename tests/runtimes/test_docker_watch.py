"""What becomes of Docker's events, in front of an engine that says how a container stands."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from kecs.core.tasks.reports import Exited, HealthChanged, Report
from kecs.runtimes.docker.watch import Watch, Watched

RUNNING = {"Running": True, "StartedAt": "2026-01-01T00:00:10Z"}
ENDED = {"Running": False, "ExitCode": 4, "FinishedAt": "2026-01-01T00:00:20Z"}


class Engine:
    """Answers each look at the container with this state."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    async def call(self, _method: str, _path: str) -> Any:
        return {"State": self.state}


def watching(state: dict[str, Any], **fields: Any) -> tuple[Watch, Watched, list[Report]]:
    reports: list[Report] = []
    engine: Any = Engine(state)
    watch = Watch(engine, reports.append)
    return watch, watch.add(Watched(id="c1", task="task", name="app", settled=True, **fields)), reports


def event(action: str, **attributes: str) -> dict[str, Any]:
    return {"Action": action, "Actor": {"ID": "c1", "Attributes": attributes}, "timeNano": 1_767_225_605 * 10**9}


async def finished(watch: Watch) -> None:
    """Until whatever the events set in motion is done."""
    while watch._jobs:
        await asyncio.gather(*watch._jobs)
        await asyncio.sleep(0)


async def test_a_check_that_fails_is_told() -> None:
    watch, _, reports = watching(RUNNING, health="HEALTHY")
    watch.on_event(event("health_status: unhealthy"))
    (report,) = reports
    assert isinstance(report, HealthChanged)
    assert report.status == "UNHEALTHY"


async def test_a_check_that_a_stop_cuts_short_is_not() -> None:
    watch, watched, reports = watching(RUNNING, health="HEALTHY")
    watched.stopping = True
    watch.on_event(event("health_status: unhealthy"))
    assert reports == []


async def test_the_end_of_an_earlier_run_is_not_that_of_this_one() -> None:
    watch, watched, reports = watching(RUNNING, again=True)
    watch.on_event(event("die", exitCode="7"))
    await finished(watch)
    assert (reports, watched.over) == ([], False)


async def test_the_end_of_this_run_is_told_once() -> None:
    watch, _, reports = watching(ENDED, again=True)
    for _ in range(2):
        watch.on_event(event("die", exitCode="4"))
        await finished(watch)
    (report,) = reports
    assert isinstance(report, Exited)
    assert report.exit_code == 4


@pytest.mark.parametrize(
    ("others", "stopping", "code", "told"),
    [
        ([], False, 1, True),  # a process of it was killed, and it took the consequences
        ([Watched(id="c0", task="task", name="pause", pause=True)], False, 1, True),
        ([Watched(id="c2", task="task", name="other")], False, 137, True),
        ([Watched(id="c2", task="task", name="other")], False, 1, False),
        ([Watched(id="c2", task="task", name="other")], True, 137, False),
        ([Watched(id="c2", task="elsewhere", name="other")], False, 1, True),
    ],
)
async def test_who_of_a_task_was_killed_for_want_of_memory(
    others: list[Watched], stopping: bool, code: int, told: bool
) -> None:
    watch, watched, reports = watching({**ENDED, "ExitCode": code, "OOMKilled": True})
    for other in others:
        watch.add(replace(other))
        watch.on_event({**event("oom"), "Actor": {"ID": other.id}})
    watch.on_event(event("oom"))
    watched.stopping = stopping
    watch.on_event(event("die", exitCode=str(code)))
    await finished(watch)
    (report,) = reports
    assert isinstance(report, Exited)
    assert (report.exit_code, report.out_of_memory) == (code, told)
