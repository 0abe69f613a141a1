"""Supervisors: each command goes out once and only when its record is durable; whatever a runtime does, tasks end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.scenarios.world import World
from tests.support.journals import MemoryJournal

from kecs.core.records import TaskRecord
from kecs.core.tasks.reports import Exited, Failed, Pulled, Released, Started

COMMANDS = ("provision", "pull", "start", "stop", "release")


def record(world: World, arn: str) -> TaskRecord:
    found = world.kernel.store.tasks.get(arn)
    assert found is not None
    return found


def spy(world: World, monkeypatch: pytest.MonkeyPatch, look: Callable[[str, Any], None]) -> list[str]:
    """Every command that goes out, in order; `look(command, plan)` is called with each before it is carried out."""
    sent: list[str] = []

    def wrapped(name: str) -> Callable[..., None]:
        command = getattr(world.runtime, name)

        def call(plan: Any, *arguments: Any) -> None:
            sent.append(" ".join([name, *(a for a in arguments if isinstance(a, str))]))
            look(name, plan)
            command(plan, *arguments)

        return call

    for name in COMMANDS:
        monkeypatch.setattr(world.runtime, name, wrapped(name))
    return sent


def test_each_command_goes_out_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = spy(world, monkeypatch, lambda name, plan: None)
    world.define("web", {"name": "app", "image": "app"}, {"name": "log", "image": "log", "essential": False})
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    world.call("StopTask", task=arn)
    world.clock.advance(60)
    assert sent == [
        "provision", "pull app", "pull log", "start app", "start log", "stop app", "stop log", "release",
    ]  # fmt: skip


def test_a_command_goes_out_only_once_its_record_is_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = MemoryJournal()
    world = World(journal=journal)

    def look(name: str, plan: Any) -> None:
        durable = {r.arn: r for kind, r in journal.load() if isinstance(r, TaskRecord)}
        assert durable[plan.arn] == record(world, plan.arn)

    sent = spy(world, monkeypatch, look)
    world.define()
    world.serve(count=3)
    world.settle()
    world.call("UpdateService", service="s", desiredCount=1)
    world.clock.advance(60)
    assert len(sent) == 3 * 3 + 2 * 2


def test_a_full_disk_refuses_requests_and_holds_commands_back(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.scenarios.world import Refused

    journal = MemoryJournal()
    world = World(journal=journal)
    sent = spy(world, monkeypatch, lambda name, plan: None)
    world.define()
    journal.full = True
    with pytest.raises(Refused, match=r"ServerException: Service Unavailable\.") as refused:
        world.run()
    assert refused.value.status == 500
    assert world.kernel.store.tasks
    for _ in range(3):
        world.clock.advance(10)  # KECS lives on, and asks nothing of the runtime that it might forget
    assert sent == []
    journal.full = False
    world.clock.advance(60)  # with no request: what was refused may be there, and then as a whole
    (task,) = world.call("DescribeTasks", tasks=world.call("ListTasks")["taskArns"])["tasks"]
    assert task["lastStatus"] == "RUNNING"
    durable = [r for kind, r in journal.load() if kind == "tasks"]
    assert durable == list(world.kernel.store.tasks)


def test_reports_of_what_is_over_or_unknown_do_nothing(world: World) -> None:
    world.define()
    arn = world.run(overrides={"containerOverrides": [{"name": "app", "command": ["true"]}]})["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    before = record(world, arn)
    world.call("DeregisterTaskDefinition", taskDefinition="web:1")
    world.call("DeleteTaskDefinitions", taskDefinitions=["web:1"])
    world.clock.advance(1)
    for task in (arn, arn.replace("default", "elsewhere")):
        for report in (
            Released(task=task),
            Pulled(task=task, container="app"),
            Started(task=task, container="app", runtime_id="r", at=1.0),
            Exited(task=task, container="app", at=1.0, exit_code=1),
            Exited(task=task, container="nobody", at=1.0, exit_code=1),
            Failed(task=task, container=None, reason="no", at=1.0),
        ):
            world.kernel.control.supervisors.report(report)
    world.clock.advance(10)
    assert record(world, arn) == before
    assert not world.kernel.control.queue.busy
    assert not world.kernel.control.supervisors._reports


@pytest.mark.parametrize("broken", ["provision", "pull", "start"])
def test_a_runtime_that_raises_fails_the_task_and_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    def look(name: str, plan: Any) -> None:
        if name == broken and plan.definition.family == "bad":
            raise RuntimeError("a bug of the runtime's")

    spy(world, monkeypatch, look)
    world.define("bad")
    world.define("web")
    bad, good = (world.run(family)["tasks"][0]["taskArn"] for family in ("bad", "web"))
    world.clock.advance(60)
    assert world.task(good)["lastStatus"] == "RUNNING"
    failed = world.task(bad)
    assert (failed["lastStatus"], failed["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert failed["stoppedReason"] == "InternalError: a bug of the runtime's"
    assert len(caplog.records) == 1


def test_a_step_that_raises_is_taken_again_with_nothing_lost(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from kecs.control import supervisor

    steps, failures = supervisor.step, iter([True, False, True, True, False, False, True])

    def step(task: TaskRecord, plan: Any, now: float) -> Any:
        if next(failures, False):
            raise RuntimeError("a bug")
        return steps(task, plan, now)

    monkeypatch.setattr(supervisor, "step", step)
    world.define()
    arn = world.run(overrides={"containerOverrides": [{"name": "app", "command": ["false"]}]})["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED", 60)
    assert world.task(arn)["containers"][0]["exitCode"] == 1
    assert len(caplog.records) == 4
    assert world.statuses(arn) == [
        "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED",
    ]  # fmt: skip


def test_a_task_that_has_stopped_leaves_nothing_behind(world: World) -> None:
    world.define()
    world.serve(count=5)
    world.settle()
    world.call("DeleteService", service="s", force=True)
    world.clock.advance(120)
    supervisors = world.kernel.control.supervisors
    assert (supervisors._plans, supervisors._reports, supervisors._outbox) == ({}, {}, [])
