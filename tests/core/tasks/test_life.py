"""A task from its first step to its last, without a runtime."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.tasks.changes import request_stop
from kecs.core.tasks.commands import Pull, Release, Start, Stop
from kecs.core.tasks.reports import Exited, Failed, HealthChanged, Provisioned, Pulled, Started
from kecs.core.tasks.view import task_view

from .tasks import World, after, container

STATUSES = ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]


def test_a_task_goes_through_every_status_in_order() -> None:
    world = World(container("app"))
    world.obey()
    assert world.task.last_status == "RUNNING"
    world.exited("app", 0)
    world.obey()
    assert world.statuses == STATUSES
    task = task_view(world.task)
    assert (task.stop_code, task.stopped_reason) == ("EssentialContainerExited", "Essential container in task exited")
    times = ("created_at", "pull_started_at", "pull_stopped_at", "started_at", "stopping_at", "stopped_at")
    assert all(getattr(task, name) is not None for name in (*times, "execution_stopped_at", "connectivity_at"))
    assert task.containers is not None
    assert task.containers[0].exit_code == 0


def test_the_version_counts_what_aws_sends_events_for() -> None:
    world = World(container("app"))
    assert world.task.version == 1
    world.obey()
    # PENDING, container RUNNING, ACTIVATING, RUNNING
    assert world.task.version == 5


def test_a_bridge_task_begins_pending() -> None:
    world = World(container("app"), network_mode="bridge")
    world.obey()
    assert world.statuses == ["PENDING", "ACTIVATING", "RUNNING"]


def test_an_essential_container_takes_its_siblings_along() -> None:
    world = World(container("app"), container("sidecar", essential=False))
    world.obey()
    world.exited("app", 3)
    assert world.commands == [Stop(container="sidecar", timeout=30.0)]
    world.obey()
    assert [c.exit_code for c in world.task.containers] == [3, 143]
    assert world.task.last_status == "STOPPED"


def test_a_container_that_is_not_essential_leaves_alone() -> None:
    world = World(container("app"), container("sidecar", essential=False))
    world.obey()
    world.exited("sidecar", 1)
    assert (world.task.last_status, world.task.desired_status, world.commands) == ("RUNNING", "RUNNING", [])


def test_out_of_memory_is_the_containers_reason() -> None:
    world = World(container("app"))
    world.obey()
    world.exited("app", 137, out_of_memory=True)
    assert world.task.containers[0].reason == "OutOfMemoryError: Container killed due to memory usage"
    assert world.task.stopped_reason == "Essential container in task exited"


def test_an_image_that_cannot_be_pulled_stops_the_task_before_it_runs() -> None:
    world = World(container("app"), container("other"))
    world.report(world._outcome(world.commands.pop(0)))
    assert world.commands == [Pull(container="app"), Pull(container="other")]
    reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found"
    world.report(Failed(task=world.task.arn, container="app", reason=reason, at=world.now))
    world.commands = [c for c in world.commands if not isinstance(c, Pull)]
    world.obey()
    assert (world.task.stop_code, world.task.stopped_reason) == ("TaskFailedToStart", reason)
    assert world.task.started_at is None
    assert world.task.last_status == "STOPPED"
    # What comes late means nothing any more.
    world.report(Pulled(task=world.task.arn, container="other"))
    assert world.phase("other") == "STOPPED"


def test_a_failed_network_stops_the_task() -> None:
    world = World(container("app"))
    world.commands.clear()
    world.report(Failed(task=world.task.arn, container=None, reason="ResourceInitializationError: no address", at=1.0))
    world.obey()
    assert world.statuses == ["PROVISIONING", "DEPROVISIONING", "STOPPED"]
    assert world.task.stop_code == "TaskFailedToStart"


def test_a_network_that_is_lost_later_ends_a_task_that_had_started() -> None:
    world = World(container("app"))
    world.obey()
    reason = "ResourceInitializationError: it is gone"
    world.report(Failed(task=world.task.arn, container=None, reason=reason, at=world.now))
    world.obey()
    assert (world.task.stop_code, world.task.stopped_reason) == ("EssentialContainerExited", reason)


def test_whoever_took_the_task_s_place_away_may_say_what_that_is_called() -> None:
    world = World(container("app"))
    world.obey()
    reason = "The node was low on resource: memory."
    arn = world.task.arn
    world.report(Failed(task=arn, container=None, reason=reason, at=world.now, stop_code="TerminationNotice"))
    world.obey()
    assert (world.task.stop_code, world.task.stopped_reason) == ("TerminationNotice", reason)


def test_address_and_digest_may_be_known_only_at_the_start() -> None:
    world = World(container("app"), container("other"))
    arn = world.task.arn
    world.report(Provisioned(task=arn))
    world.report(Pulled(task=arn, container="app"))
    world.report(Pulled(task=arn, container="other", digest="sha256:other"))
    assert details(world) == {"networkInterfaceId"}
    started: dict[str, Any] = {"task": arn, "runtime_id": "r1", "at": world.now, "address": "10.0.0.7"}
    world.report(Started(container="app", digest="sha256:app", **started))
    world.report(Started(container="other", **started))
    assert world.task.address == "10.0.0.7"
    assert details(world) == {"networkInterfaceId", "privateIPv4Address", "privateDnsName"}
    assert [c.image_digest for c in world.task.containers] == ["sha256:app", "sha256:other"]


def details(world: World) -> set[str | None]:
    return {d.name for a in world.task.attachments for d in a.details or ()}


def test_the_first_reason_to_stop_stays() -> None:
    world = World(container("app"))
    world.obey()
    world.task = request_stop(world.task, "UserInitiated", "enough", world.now)
    world.settle()
    world.exited("app", 1)
    assert (world.task.stop_code, world.task.stopped_reason) == ("UserInitiated", "enough")


def test_a_stop_comes_during_the_start_too() -> None:
    world = World(container("app"))
    for _ in range(2):
        world.report(world._outcome(world.commands.pop(0)))
    assert world.commands == [Start(container="app")]
    world.task = request_stop(world.task, "UserInitiated", "enough", world.now)
    world.settle()
    assert world.phase("app") == "CANCELLING"
    assert world.commands == [Start(container="app"), Stop(container="app", timeout=30.0)]
    assert (task_view(world.task).containers or [])[0].last_status == "PENDING"
    world.obey()
    assert world.task.containers[0].exit_code == 143
    assert world.task.last_status == "STOPPED"


@pytest.mark.parametrize("exits", [True, False])
def test_a_start_that_is_given_up_for_a_stop(exits: bool) -> None:
    world = World(container("app"))
    for _ in range(2):
        world.report(world._outcome(world.commands.pop(0)))
    world.task = request_stop(world.task, "UserInitiated", "enough", world.now)
    world.settle()
    world.commands.clear()
    if exits:
        world.report(Exited(task=world.task.arn, container="app", at=world.now, exit_code=None))
    else:
        world.report(Failed(task=world.task.arn, container="app", reason="CannotStartContainerError: no", at=world.now))
    assert world.commands == [Release()]
    assert world.task.stopped_reason == "enough"


@pytest.mark.parametrize(("condition", "enough"), [("START", False), ("COMPLETE", True), ("SUCCESS", True)])
def test_depends_on_waits_for_its_condition(condition: str, enough: bool) -> None:
    world = World(container("init", essential=False), container("app", depends_on=after("init", condition)))
    while world.phase("init") != "RUNNING":
        world.report(world._outcome(world.commands.pop(0)))
    world.obey()
    assert (world.phase("app") == "RUNNING") is not enough
    if enough:
        world.exited("init", 0)
        world.obey()
    assert world.phase("app") == "RUNNING"
    assert world.task.last_status == "RUNNING"


def test_depends_on_healthy_waits_for_health() -> None:
    check = m.HealthCheck(command=["CMD", "true"])
    world = World(container("db", health_check=check), container("app", depends_on=after("db", "HEALTHY")))
    world.obey()
    assert world.phase("app") == "PULLED"
    world.report(HealthChanged(task=world.task.arn, container="db", status="HEALTHY", at=world.now))
    world.obey()
    assert world.task.last_status == "RUNNING"
    assert world.task.health == "HEALTHY"


@pytest.mark.parametrize(
    ("condition", "code", "why"), [("SUCCESS", 1, " as dependency did not exit successfully."), ("HEALTHY", 0, "")]
)
def test_a_condition_that_can_never_be_met_ends_the_task(condition: str, code: int, why: str) -> None:
    world = World(container("init", essential=False), container("app", depends_on=after("init", condition)))
    world.obey()
    world.exited("init", code)
    world.obey()
    assert world.task.stop_code == "TaskFailedToStart"
    assert world.task.stopped_reason == (
        "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency "
        f"[init(app:1) (STOPPED->RUNNING) - Exit: {code}] for target [app(app:1) (PULLED->RUNNING)]{why}"
    )
    assert world.task.last_status == "STOPPED"
    assert world.task.containers[1].exit_code == 143


def test_without_one_that_is_not_essential_the_task_goes_on() -> None:
    extra = container("extra", essential=False, depends_on=after("init", "START"))
    world = World(container("init", essential=False), extra, container("app"))
    while world.commands[0] != Start(container="init"):
        world.report(world._outcome(world.commands.pop(0)))
    world.report(Failed(task=world.task.arn, container="init", reason="no such program", at=world.now))
    world.commands.pop(0)
    world.obey()
    assert world.task.last_status == "RUNNING"
    assert world.phase("extra") == "STOPPED"
    assert (world.task.containers[1].reason or "").endswith("because dependency will never start")


def test_who_is_unhealthy_may_become_healthy() -> None:
    check = m.HealthCheck(command=["CMD", "true"])
    world = World(container("db", health_check=check), container("app", depends_on=after("db", "HEALTHY")))
    world.obey()
    for status, phase in [("UNHEALTHY", "PULLED"), ("HEALTHY", "RUNNING")]:
        world.report(HealthChanged(task=world.task.arn, container="db", status=status, at=world.now))  # type: ignore[arg-type]
        world.obey()
        assert world.phase("app") == phase


def test_the_start_timeout_of_a_dependency_is_honoured() -> None:
    init = container("init", essential=False, start_timeout=20)
    world = World(init, container("app", depends_on=after("init", "SUCCESS")))
    world.obey()
    assert world.wake_at == world.now + 20
    world.now += 19
    world.settle()
    assert world.task.desired_status == "RUNNING"
    world.now += 1
    world.settle()
    world.obey()
    assert world.task.stop_code == "TaskFailedToStart"
    assert (world.task.stopped_reason or "").endswith("for target [app(app:1) (PULLED->RUNNING)] has timed out.")


def test_containers_stop_in_the_reverse_order() -> None:
    world = World(container("db", stop_timeout=5), container("app", depends_on=after("db", "START"), stop_timeout=9))
    world.obey()
    world.task = request_stop(world.task, "UserInitiated", "enough", world.now)
    world.settle()
    assert world.commands == [Stop(container="app", timeout=9)]
    world.report(world._outcome(world.commands.pop(0)))
    assert world.commands == [Stop(container="db", timeout=5)]


def test_reports_that_come_twice_change_nothing() -> None:
    world = World(container("app"))
    world.obey()
    world.exited("app", 3)
    stopped = world.task
    world.exited("app", 0)
    assert replace(world.task) == stopped
