"""A task after KECS was killed: records against what the runtime still has."""

from __future__ import annotations

import pytest

from kecs.core.tasks.changes import request_stop
from kecs.core.tasks.commands import Command, Provision, Pull, Release, Start, Stop
from kecs.core.tasks.recover import recover
from kecs.core.tasks.reports import ObservedContainer, ObservedTask, Provisioned, Pulled

from .tasks import World, container


def observed(world: World, *containers: ObservedContainer, provisioned: bool = True) -> ObservedTask:
    return ObservedTask(
        task=world.task.arn, containers=containers, provisioned=provisioned, address="10.0.0.5", mac_address=None
    )


def seen(name: str, state: str, **fields: object) -> ObservedContainer:
    return ObservedContainer(name=name, runtime_id="r1", state=state, started_at=1001.0, **fields)  # type: ignore[arg-type]


def restart(world: World, found: ObservedTask | None) -> None:
    """Lose every command under way and take the task up again."""
    world.commands.clear()
    world.task = recover(world.task, found, world.now)
    world.settle()


def test_a_running_container_is_adopted() -> None:
    world = World(container("app"))
    world.obey()
    before = world.task
    restart(world, observed(world, seen("app", "running")))
    assert world.task == before
    assert world.commands == []


def test_an_address_that_was_not_told_any_more_is_found() -> None:
    world = World(container("app"))
    world.report(Provisioned(task=world.task.arn))
    world.report(Pulled(task=world.task.arn, container="app"))
    restart(world, observed(world, seen("app", "running")))
    assert world.task.address == "10.0.0.5"
    assert "privateIPv4Address" in {d.name for a in world.task.attachments for d in a.details or ()}


def test_what_exited_meanwhile_is_seen() -> None:
    world = World(container("app"))
    world.obey()
    restart(world, observed(world, seen("app", "exited", exit_code=4, finished_at=1005.0)))
    assert world.task.containers[0].exit_code == 4
    assert world.task.stop_code == "EssentialContainerExited"
    assert world.commands == [Release()]


def test_what_is_gone_without_a_trace_has_stopped() -> None:
    world = World(container("app"))
    world.obey()
    restart(world, None)
    assert world.task.last_status == "STOPPED"
    assert world.task.containers[0].exit_code is None
    assert (world.task.containers[0].reason or "").startswith("CannotInspectContainerError")


def test_a_start_under_way_that_came_about_counts() -> None:
    world = World(container("app"))
    for _ in range(2):
        world.report(world._outcome(world.commands.pop(0)))
    assert world.phase("app") == "STARTING"
    restart(world, observed(world, seen("app", "running")))
    assert world.task.last_status == "RUNNING"


def test_a_start_under_way_that_was_lost_is_made_again() -> None:
    world = World(container("app"))
    for _ in range(2):
        world.report(world._outcome(world.commands.pop(0)))
    restart(world, observed(world, seen("app", "created")))
    assert world.commands == [Start(container="app")]


@pytest.mark.parametrize(("state", "again"), [("created", Release()), ("running", Stop(container="app", timeout=30.0))])
def test_a_start_that_was_being_given_up_when_kecs_was_killed(state: str, again: Command) -> None:
    world = World(container("app"))
    for _ in range(2):
        world.report(world._outcome(world.commands.pop(0)))
    world.task = request_stop(world.task, "UserInitiated", "enough", world.now)
    world.settle()
    assert world.phase("app") == "CANCELLING"
    restart(world, observed(world, seen("app", state)))
    assert world.commands == [again]


def test_a_pull_under_way_is_made_again() -> None:
    world = World(container("app"))
    world.report(world._outcome(world.commands.pop(0)))
    assert world.phase("app") == "PULLING"
    restart(world, observed(world))
    assert world.commands == [Pull(container="app")]


def test_a_network_that_was_lost_is_made_again() -> None:
    world = World(container("app"))
    restart(world, None)
    assert world.commands == [Provision()]
    world.obey()
    assert world.task.last_status == "RUNNING"


def test_a_stop_under_way_is_asked_for_again() -> None:
    world = World(container("app"), container("sidecar"))
    world.obey()
    world.exited("app")
    assert world.commands == [Stop(container="sidecar", timeout=30.0)]
    restart(world, observed(world, seen("app", "exited", exit_code=0), seen("sidecar", "running")))
    assert world.commands == [Stop(container="sidecar", timeout=30.0)]


def test_a_release_under_way_is_asked_for_again() -> None:
    world = World(container("app"))
    world.obey()
    world.exited("app")
    assert world.commands == [Release()]
    restart(world, None)
    assert world.commands == [Release()]
    world.obey()
    assert world.task.last_status == "STOPPED"
