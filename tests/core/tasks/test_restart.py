"""Restart policies: which exits are followed by another start, and what becomes of the task meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.aws.model import ecs as m
from kecs.core.tasks.changes import request_stop
from kecs.core.tasks.commands import Restart, Stop
from kecs.core.tasks.recover import recover
from kecs.core.tasks.reports import Failed, HealthChanged, ObservedContainer, ObservedTask
from kecs.core.tasks.view import task_view

from .tasks import World, container


def running(*, enabled: bool = True, **policy: Any) -> World:
    """A task that has come up, of a container with this policy."""
    world = World(container("app", restart_policy=m.ContainerRestartPolicy(enabled=enabled, **policy)))
    world.obey()
    return world


@pytest.mark.parametrize(
    ("policy", "ran_for", "code", "starts_again"),
    [
        ({}, 300, 1, True),
        ({}, 299, 1, False),
        ({"restart_attempt_period": 60}, 60, 0, True),
        ({"restart_attempt_period": 60}, 59.9, 0, False),
        ({"ignored_exit_codes": [0, 3]}, 300, 3, False),
        ({"ignored_exit_codes": [0, 3]}, 300, 4, True),
        ({"enabled": False}, 300, 1, False),
    ],
)
def test_an_exit_is_followed_by_a_start(policy: dict[str, Any], ran_for: float, code: int, starts_again: bool) -> None:
    world = running(**policy)
    world.now += ran_for
    world.exited("app", code)
    assert (world.commands == [Restart(container="app")]) is starts_again
    assert (world.task.desired_status == "RUNNING") is starts_again


def test_the_task_runs_on_as_if_nothing_had_happened() -> None:
    world = running()
    before = world.task.version
    world.now += 300
    world.exited("app", 137, out_of_memory=True)
    (shown,) = task_view(world.task).containers or []
    assert (shown.last_status, shown.exit_code, shown.reason) == ("RUNNING", None, None)
    world.obey()
    assert (world.phase("app"), world.task.last_status, world.task.version) == ("RUNNING", "RUNNING", before)
    assert (world.task.containers[0].restart_count, world.task.containers[0].exit_code) == (1, None)


def test_the_period_counts_from_the_last_start() -> None:
    world = running()
    world.now += 300
    world.exited("app", 1)
    world.obey()
    world.now += 299
    world.exited("app", 2)
    world.obey()
    assert (world.task.last_status, world.task.stop_code) == ("STOPPED", "EssentialContainerExited")
    assert world.task.containers[0].exit_code == 2


def test_health_begins_anew() -> None:
    policy = m.ContainerRestartPolicy(enabled=True)
    world = World(container("app", restart_policy=policy, health_check=m.HealthCheck(command=["CMD", "true"])))
    world.obey()
    world.report(HealthChanged(task=world.task.arn, container="app", status="HEALTHY", at=world.now))
    world.now += 300
    world.exited("app", 1)
    assert world.task.health == "UNKNOWN"


def test_a_task_that_stops_restarts_nothing() -> None:
    world = running()
    world.now += 300
    world.task = request_stop(world.task, "UserInitiated", "enough", world.now)
    world.exited("app", 1)
    world.obey()
    assert (world.task.last_status, world.task.containers[0].restart_count) == ("STOPPED", 0)


def test_a_stop_comes_during_a_restart_too() -> None:
    world = running()
    world.now += 300
    world.exited("app", 1)
    world.task = request_stop(world.task, "UserInitiated", "enough", world.now)
    world.settle()
    assert world.phase("app") == "STOPPING"
    assert world.commands == [Restart(container="app"), Stop(container="app", timeout=30.0)]
    world.obey()
    assert world.task.last_status == "STOPPED"


def test_a_restart_that_fails_ends_the_container_with_its_last_exit_code() -> None:
    world = running()
    world.now += 300
    world.exited("app", 9)
    world.commands.clear()
    world.report(Failed(task=world.task.arn, container="app", reason="CannotStartContainerError: no", at=world.now))
    world.obey()
    (shown,) = task_view(world.task).containers or []
    assert (shown.exit_code, shown.reason) == (9, "CannotStartContainerError: no")
    assert world.task.stop_code == "EssentialContainerExited"


@pytest.mark.parametrize(
    ("state", "started_at", "phase", "commands"),
    [
        ("exited", 1000.0, "RESTARTING", [Restart(container="app")]),  # it was not carried out
        ("running", 1301.0, "RUNNING", []),
    ],
)
def test_a_restart_under_way_when_kecs_was_killed(
    state: Any, started_at: float, phase: str, commands: list[Restart]
) -> None:
    world = running()
    world.now += 300
    world.exited("app", 9)
    seen = ObservedContainer(
        name="app", runtime_id="r1", state=state, started_at=started_at, finished_at=1300.0, exit_code=9
    )
    recover_with(world, seen)
    assert (world.phase("app"), world.commands) == (phase, commands)
    assert world.task.containers[0].restart_count == 1


def test_a_restart_that_came_about_and_ended_while_kecs_was_away() -> None:
    world = running()
    world.now += 300
    world.exited("app", 9)
    seen = ObservedContainer(
        name="app", runtime_id="r1", state="exited", started_at=1301.0, finished_at=1302.0, exit_code=4
    )
    recover_with(world, seen)
    assert world.task.stop_code == "EssentialContainerExited"
    assert world.task.containers[0].exit_code == 4


def test_an_exit_while_kecs_was_away_is_followed_by_a_start() -> None:
    world = running()
    seen = ObservedContainer(
        name="app", runtime_id="r1", state="exited", started_at=1000.0, finished_at=1400.0, exit_code=4
    )
    recover_with(world, seen)
    assert world.commands == [Restart(container="app")]


def recover_with(world: World, seen: ObservedContainer) -> None:
    """Lose every command under way and take the task up again."""
    world.commands.clear()
    world.task = recover(world.task, ObservedTask(task=world.task.arn, containers=(seen,), provisioned=True), world.now)
    world.settle()
