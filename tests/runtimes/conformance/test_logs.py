"""Output of containers with the log driver awslogs: all of it is taken in before the task is released."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.runtimes.conformance.harness import Harness
from tests.runtimes.plans import SCOPE, make_plan
from tests.support.patience import PATIENCE

from kecs.control.clock import SystemClock
from kecs.control.logs.intake import LogIntake
from kecs.core.logs.records import LogGroup
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import Exited, Started
from kecs.ports.logs import FIRST, LAST, LogStore
from kecs.store.logs import SqliteLogs

OPTIONS = {"awslogs-group": "/shop", "awslogs-region": SCOPE.region, "awslogs-stream-prefix": "web", "mode": "blocking"}


@pytest.fixture
async def store(harness: Harness) -> AsyncIterator[LogStore]:
    """With the group /shop; what the harness's runtime writes goes there."""
    store = SqliteLogs(None)
    store.create_group(LogGroup(id=0, **SCOPE._asdict(), name="/shop", created=0))
    connect(harness, store)
    yield store
    store.close()


def connect(harness: Harness, store: LogStore) -> LogIntake:
    """Have what the harness's runtime writes go to the store."""
    intake = LogIntake(store, getattr(harness, "clock", None) or SystemClock(asyncio.get_running_loop()))
    harness.runtime.intake = lambda: intake
    return intake


def container(command: str, name: str = "app", **options: str) -> dict[str, Any]:
    log = {"logDriver": "awslogs", "options": OPTIONS | options}
    return {"name": name, "command": ["sh", "-c", command], "logConfiguration": log}


def lines(store: LogStore, plan: TaskPlan, name: str = "app") -> list[str]:
    group = store.group(SCOPE, "/shop")
    assert group is not None
    stream = store.stream(group, f"web/{name}/{plan.id}")
    assert stream is not None
    return [event.text for event in store.events([stream], FIRST, LAST)]


async def kept(store: LogStore, plan: TaskPlan, number: int) -> None:
    """Wait until so many of the container's lines are kept."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if len(lines(store, plan)) >= number:
                return
            await asyncio.sleep(0.05)


async def test_all_output_is_there_when_the_task_is_released(harness: Harness, store: LogStore) -> None:
    plan = make_plan(
        container("echo one; echo two; sleep 1; echo three; exit 3"),
        container("echo here; exit 1", "sidecar"),
    )
    await harness.run(plan)
    await harness.until(Exited, plan, "app")
    await harness.until(Exited, plan, "sidecar")
    await harness.release(plan)
    assert lines(store, plan) == ["one", "two", "three"]
    assert lines(store, plan, "sidecar") == ["here"]
    assert await harness.output(plan) == ["one", "two", "three"]


async def test_a_container_that_runs_again_goes_on_in_its_stream(harness: Harness, store: LogStore) -> None:
    plan = make_plan(container("echo here; sleep 1; echo gone; exit 7") | {"restartPolicy": {"enabled": True}})
    await harness.finish(plan)
    harness.runtime.restart(plan, "app")
    await harness.until(Started, plan, "app", nth=2)
    await harness.until(Exited, plan, "app", nth=2)
    assert await harness.output(plan, tail=3) == ["gone", "here", "gone"]
    await harness.release(plan)
    assert lines(store, plan) == ["here", "gone", "here", "gone"]
    assert await harness.output(plan) == ["here", "gone", "here", "gone"]


async def test_each_line_comes_once_however_often_kecs_is_killed(harness: Harness, store: LogStore) -> None:
    harness.needs("outlive its process")
    plan = make_plan(
        container("for number in $(seq 400); do echo $number; usleep 10000; done; exec sleep 600") | {"stopTimeout": 2}
    )
    intake = connect(harness, store)
    await harness.run(plan)
    await kept(store, plan, 20)
    intake.clear()  # others are on their way
    async with harness.restarted() as second:
        intake = connect(second, store)
        await second.runtime.inventory()
        await kept(store, plan, len(lines(store, plan)) + 50)
        intake.clear()
        async with second.restarted() as third:
            connect(third, store)
            await third.runtime.inventory()
            await kept(store, plan, 400)
            third.runtime.stop(plan, "app", 1)
            await third.until(Exited, plan)
            await third.release(plan)
            assert lines(store, plan) == [str(number) for number in range(1, 401)]


async def test_lines_are_joined(harness: Harness, store: LogStore) -> None:
    plan = make_plan(container("echo '!a'; echo b; echo '!c'", **{"awslogs-multiline-pattern": "^!"}))
    await harness.finish(plan)
    await harness.release(plan)
    assert lines(store, plan) == ["!a\nb\n", "!c\n"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"awslogs-group": "/nowhere"}, "ResourceNotFoundException: The specified log group does not exist."),
        ({"awslogs-create-group": "perhaps"}, "must specify valid value for log opt 'awslogs-create-group'"),
    ],
)
async def test_a_container_does_not_start_without_a_place_for_its_output(
    harness: Harness, store: LogStore, options: dict[str, str], reason: str
) -> None:
    plan = make_plan(container("echo here", **options))
    await harness.provision(plan)
    failed = await harness.fails_to_start(plan)
    assert failed.reason.startswith(
        "CannotStartContainerError: Error response from daemon: failed to initialize logging"
    )
    assert reason in failed.reason
    assert harness.seen(Started, plan) == []
