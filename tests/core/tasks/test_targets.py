"""A task as a target of load balancers: when it is registered and deregistered, and what a report does to it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.records.targets import TargetRecord
from kecs.core.tasks.apply import apply
from kecs.core.tasks.changes import request_stop
from kecs.core.tasks.commands import Deregister, Register, Stop
from kecs.core.tasks.reports import TargetChanged
from kecs.core.tasks.targets import again, registrations, targets_of

from .tasks import World, container

ONE = TargetRecord(group="arn:one", container="app", port=80)
TWO = TargetRecord(group="classic", container="app", port=90)


def running(*targets: TargetRecord) -> World:
    world = World(container("app"), targets=targets)
    while world.task.last_status != "RUNNING":
        world.report(world._outcome(world.commands.pop(0)))
    return world


def healths(world: World) -> list[str]:
    return [target.health for target in world.task.targets]


def changed(target: TargetRecord, health: Any, reason: str | None = None) -> TargetChanged:
    return TargetChanged(task="", target=target, health=health, reason=reason)


def test_a_task_that_runs_is_registered() -> None:
    world = running(ONE, TWO)
    assert healths(world) == ["initial", "initial"]
    assert [(type(c), c.target.group) for c in world.commands if isinstance(c, Register)] == [
        (Register, "arn:one"),
        (Register, "classic"),
    ]
    version = world.task.version
    world.obey()
    assert healths(world) == ["healthy", "healthy"]
    assert world.task.version == version, "ECS sends no event for it"


def test_its_containers_stop_once_every_load_balancer_has_let_go() -> None:
    world = running(ONE, TWO)
    world.obey()
    world.task = request_stop(world.task, "UserInitiated", "enough", world.now)
    world.settle()
    assert (world.task.last_status, healths(world)) == ("DEACTIVATING", ["draining", "draining"])
    one, two = world.commands
    assert isinstance(one, Deregister)
    world.report(changed(ONE, "unused"))
    assert (world.task.last_status, world.commands) == ("DEACTIVATING", [one, two])
    world.report(changed(TWO, "unused"))
    assert world.commands == [one, two, Stop(container="app", timeout=30.0)]
    world.obey()
    assert (world.task.last_status, healths(world)) == ("STOPPED", ["unused", "unused"])


def test_a_task_that_never_ran_was_never_registered() -> None:
    world = World(container("app"), targets=(ONE,))
    world.task = request_stop(world.task, "UserInitiated", "enough", world.now)
    world.obey()
    assert (world.task.last_status, healths(world)) == ("STOPPED", ["unused"])


@pytest.mark.parametrize(
    ("before", "reported", "after"),
    [
        ("initial", "healthy", "healthy"),
        ("initial", "unhealthy", "unhealthy"),
        ("healthy", "unhealthy", "unhealthy"),
        ("unhealthy", "healthy", "healthy"),
        ("healthy", "initial", "initial"),
        ("draining", "unused", "unused"),
        # What comes too late, or never may.
        ("draining", "healthy", "draining"),
        ("unused", "healthy", "unused"),
        ("healthy", "unused", "healthy"),
        ("healthy", "draining", "healthy"),
    ],
)
def test_what_a_load_balancer_reports(before: Any, reported: str, after: str) -> None:
    task = replace(running().task, targets=(replace(ONE, health=before), TWO))
    assert [t.health for t in apply(task, changed(ONE, reported)).targets] == [after, "unused"]


def test_the_reason_is_that_of_a_target_that_is_unhealthy() -> None:
    task = replace(running().task, targets=(replace(ONE, health="initial"),))
    task = apply(task, changed(ONE, "unhealthy", "Request timed out"))
    assert (task.targets[0].reason, task.targets[0].passed) == ("Request timed out", False)
    task = apply(task, changed(ONE, "healthy", "whatever"))
    assert (task.targets[0].reason, task.targets[0].passed) == (None, True)
    task = apply(task, changed(ONE, "unhealthy"))
    assert (task.targets[0].reason, task.targets[0].passed) == ("Health checks failed", True)
    assert apply(task, changed(ONE, "unhealthy")) is task
    assert apply(task, changed(TWO, "healthy")) is task


def test_where_a_target_is_reached() -> None:
    world = running(replace(ONE, health="unused"))
    (command,) = registrations(world.task)
    assert (command.address, command.port) == ("10.0.0.5", 80)
    bound = (m.NetworkBinding(container_port=80, host_port=32768, protocol="tcp"),)
    containers = tuple(replace(c, network_bindings=bound) for c in world.task.containers)
    (command,) = registrations(replace(world.task, containers=containers, address="127.0.0.1"))
    assert (command.address, command.port) == ("127.0.0.1", 32768)


def test_what_load_balancers_are_told_again_after_a_restart() -> None:
    states = ("initial", "healthy", "unhealthy", "draining", "unused")
    targets = tuple(replace(ONE, group=state, health=state) for state in states)
    told = again(replace(running().task, targets=targets))
    assert [(type(command), command.target.group) for command in told] == [
        (Register, "initial"),
        (Register, "healthy"),
        (Register, "unhealthy"),
        (Deregister, "draining"),
    ]


def test_the_targets_of_load_balancers() -> None:
    advanced = m.AdvancedConfiguration(alternate_target_group_arn="arn:two")
    group = m.LoadBalancer(
        target_group_arn="arn:one", container_name="app", container_port=80, advanced_configuration=advanced
    )
    classic = m.LoadBalancer(load_balancer_name="classic", container_name="app", container_port=90)
    assert targets_of([group, classic, group], alternate=False) == (ONE, TWO)
    assert targets_of([group], alternate=True) == (replace(ONE, group="arn:two"),)
    assert targets_of([], alternate=True) == ()
