"""Every cell of the life cycle tables."""

from __future__ import annotations

from typing import get_args

import pytest

from kecs.core.lifecycle import (
    CONTAINER_STATUS,
    CONTAINER_TRANSITIONS,
    TASK_TRANSITIONS,
    ContainerEvent,
    TaskEvent,
    container_step,
    task_step,
)
from kecs.core.records import ContainerPhase, TaskStatus

TASK_ORDER = list(get_args(TaskStatus))
PHASE_ORDER = list(get_args(ContainerPhase))


def test_the_tables_know_every_status_and_nothing_else() -> None:
    assert list(TASK_TRANSITIONS) == TASK_ORDER
    assert set(CONTAINER_TRANSITIONS) == set(CONTAINER_STATUS) == set(PHASE_ORDER)


@pytest.mark.parametrize("status", TASK_ORDER)
@pytest.mark.parametrize("event", get_args(TaskEvent))
def test_a_task_only_ever_moves_on(status: TaskStatus, event: TaskEvent) -> None:
    after = task_step(status, event)
    assert after == TASK_TRANSITIONS[status].get(event)
    if after is not None:
        assert TASK_ORDER.index(after) > TASK_ORDER.index(status)


@pytest.mark.parametrize("phase", PHASE_ORDER)
@pytest.mark.parametrize("event", get_args(ContainerEvent))
def test_a_container_moves_on_unless_it_is_restarted(phase: ContainerPhase, event: ContainerEvent) -> None:
    after = container_step(phase, event)
    assert after == CONTAINER_TRANSITIONS[phase].get(event)
    if (phase, event) == ("RESTARTING", "started"):
        assert after == "RUNNING"
    elif after is not None:
        assert PHASE_ORDER.index(after) > PHASE_ORDER.index(phase)


@pytest.mark.parametrize("status", [s for s in TASK_ORDER if s != "STOPPED"])
def test_every_task_can_get_to_stopped(status: TaskStatus) -> None:
    reached: set[TaskStatus] = set()
    waiting: list[TaskStatus] = [status]
    while waiting:
        here = waiting.pop()
        reached.add(here)
        waiting += [after for after in TASK_TRANSITIONS[here].values() if after not in reached]
    assert "STOPPED" in reached


@pytest.mark.parametrize("status", ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"])
def test_a_task_that_has_not_begun_to_stop_can_be_stopped(status: TaskStatus) -> None:
    assert "stop" in TASK_TRANSITIONS[status]


def test_stopped_is_final() -> None:
    assert TASK_TRANSITIONS["STOPPED"] == {}
    assert CONTAINER_TRANSITIONS["STOPPED"] == {}
