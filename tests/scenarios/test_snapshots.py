"""Snapshots on virtual time: what goes on after one was restored is what would have gone on anyway."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from kecs.app.snapshots import KernelSnapshots
from kecs.ports.snapshots import SnapshotRefused
from tests.properties.watching import content
from tests.scenarios.world import START, World
from tests.support.journals import MemoryJournal

HEAD = b'{"kecsSnapshot": 1, "version": "1", "runtime": "simulated", "now": 1, '


def taken(world: World) -> bytes:
    return KernelSnapshots(world.kernel).take()


def restored(document: bytes, world: World | None = None, **given: Any) -> World:
    """Another world, or this one, as the document has it."""
    world = world or World(start=START + 1e6, seed=9, **given)
    asyncio.run(KernelSnapshots(world.kernel).restore(document))
    return world


def test_a_task_with_seven_hours_left_ends_seven_hours_later() -> None:
    world = World()
    world.define("job", {"name": "app", "image": "busybox", "command": ["sh", "-c", "sleep 28800; exit 3"]})
    arn = world.run("job")["tasks"][0]["taskArn"]
    world.clock.advance(3600)
    again = restored(taken(world))
    assert again.clock.now() == world.clock.now()
    assert again.task(arn) == world.task(arn)
    again.clock.advance(7 * 3600 - 1)
    assert again.task(arn)["lastStatus"] == "RUNNING"
    again.clock.advance(2)
    assert again.task(arn)["containers"][0]["exitCode"] == 3


def test_restored_twice_gives_the_same_and_so_does_a_snapshot_of_it() -> None:
    world = World()
    world.define("web")
    world.serve()
    for seconds in (0.0, 0.0015, 0.003, 0.01, 70.0):
        world.clock.advance(seconds)
        document = taken(world)
        first, second = restored(document), restored(document)
        assert content(first) == content(second) == content(world)
        assert taken(first) == taken(second) == document
        assert taken(restored(taken(first), first)) == document


def test_a_task_that_was_told_to_stop_gets_the_time_that_it_has_left() -> None:
    world = World()
    stubborn = {"name": "app", "image": "busybox", "command": ["sh", "-c", "trap '' TERM; sleep 100000"]}
    world.define("job", {**stubborn, "stopTimeout": 60})
    arn = world.run("job")["tasks"][0]["taskArn"]
    world.clock.advance(10)
    world.call("StopTask", task=arn)
    world.clock.advance(20)
    again = restored(taken(world))
    again.clock.advance(39)
    assert again.task(arn)["lastStatus"] == "STOPPING"
    again.clock.advance(2)
    assert again.task(arn)["containers"][0]["exitCode"] == 137


def test_health_goes_on_changing() -> None:
    world = World()
    sick = {"name": "KECS_SIM_HEALTH", "value": "HEALTHY@0,UNHEALTHY@100,HEALTHY@200"}
    check = {"command": ["CMD-SHELL", "true"]}
    world.define("job", {"name": "app", "image": "app", "environment": [sick], "healthCheck": check})
    arn = world.run("job")["tasks"][0]["taskArn"]
    world.clock.advance(50)
    again = restored(taken(world))
    seen = []
    for _ in range(3):
        seen.append(again.task(arn)["healthStatus"])
        again.clock.advance(80)
    assert seen == ["HEALTHY", "UNHEALTHY", "HEALTHY"]


def test_images_behave_as_they_did_and_back_offs_end_when_they_would_have() -> None:
    world = World()
    world.runtime.set_script("bad:*", {"exit_code": 1, "run_seconds": 1})
    world.define("web", {"name": "app", "image": "bad:1"})
    world.serve(count=1)
    world.clock.advance(200)
    again, before = restored(taken(world)), len(starts(world))
    assert again.runtime.scripts() == world.runtime.scripts()
    for one in (world, again):
        one.clock.advance(2000)
    assert starts(again) == starts(world)[before:] != []


def test_output_is_there_and_goes_on() -> None:
    world = World()
    world.define("job", {"name": "app", "image": "busybox", "command": ["sh", "-c", "echo a; sleep 60; echo b"]})
    arn = world.run("job")["tasks"][0]["taskArn"]
    world.clock.advance(10)
    again = restored(taken(world))
    again.clock.advance(100)
    assert printed(again, arn) == ["a", "b"]
    assert printed(restored(taken(again)), arn) == ["a", "b"], "of a task that has stopped, too"


def test_what_was_there_before_is_gone() -> None:
    world, other = World(), World(seed=3)
    world.define("web")
    world.serve(count=2)
    world.clock.advance(10)
    other.define("old")
    other.serve("old", definition="old", count=5)
    other.runtime.set_script("old", {"exit_code": 1})
    other.clock.advance(100)
    restored(taken(world), other)
    assert content(other) == content(world)
    assert other.runtime.scripts() == {}
    other.clock.advance(3600)
    assert {task["group"] for task in other.tasks()} == {"service:s"}
    assert len(asyncio.run(other.runtime.inventory())) == 2


def test_schedules_fire_when_they_would_have() -> None:
    world = World()
    world.define("job", {"name": "app", "image": "busybox", "command": ["true"]})
    cluster = "arn:aws:ecs:us-east-1:000000000000:cluster/default"
    target = {
        "Id": "1", "Arn": cluster, "RoleArn": "arn:aws:iam::000000000000:role/r",
        "EcsParameters": {
            "TaskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/job",
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-1"]}},
        },
    }  # fmt: skip
    world.call("PutRule", prefix="AWSEvents", Name="hourly", ScheduleExpression="rate(1 hour)")
    world.call("PutTargets", prefix="AWSEvents", Rule="hourly", Targets=[target])
    world.clock.advance(1800)
    again = restored(taken(world))
    again.clock.advance(1790)
    assert again.statuses_of_all("RUNNING") == []
    again.clock.advance(60)
    assert len(again.statuses_of_all("RUNNING")) == 1


def test_restoring_is_one_event_and_starts_nothing() -> None:
    world = World()
    world.define("web")
    world.serve(count=2)
    world.clock.advance(10)
    again = restored(taken(world))
    (event,) = again.kernel.feed.recent()
    assert (event.kind, event.at) == ("snapshot", world.clock.now())
    assert again.kernel.sent.recent() == []


def test_what_a_restart_of_the_restored_finds() -> None:
    world, journal = World(), MemoryJournal()
    world.define("web")
    world.serve(count=2)
    world.clock.advance(10)
    restored(taken(world), World(journal=journal, seed=5))
    assert content(World(journal=journal)) == content(world)


def test_a_full_disk_loses_nothing() -> None:
    world, journal = World(), MemoryJournal()
    world.define("web")
    world.serve(count=2)
    world.clock.advance(10)
    again = World(journal=journal, seed=5)
    journal.full = True
    with pytest.raises(OSError, match="no space left"):
        restored(taken(world), again)
    assert content(again) == content(world)
    assert "no space left" in (again.kernel.store.trouble or "")
    journal.full = False
    again.clock.advance(10)
    assert again.service()["runningCount"] == 2
    assert content(World(journal=journal)) == content(again)


def test_without_what_was_under_way_tasks_count_as_lost() -> None:
    """As of a snapshot from Docker: its containers are not in it."""
    world = World()
    world.define("web")
    world.define("job", {"name": "app", "image": "busybox", "command": ["sleep", "5000"]})
    world.serve(count=2)
    job = world.run("job")["tasks"][0]["taskArn"]
    world.clock.advance(10)
    document = json.loads(taken(world))
    bare = {key: value for key, value in document.items() if key not in ("simulated", "pending")}
    again = restored(json.dumps(bare).encode())
    again.clock.advance(60)
    assert again.service()["runningCount"] == 2
    assert {task["taskArn"] for task in again.tasks()}.isdisjoint(task["taskArn"] for task in world.tasks())
    assert again.task(job)["stopCode"] == "EssentialContainerExited"
    assert "CannotInspectContainerError" in again.task(job)["containers"][0]["reason"]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"{", "no snapshot of KECS"),
        (b"[1]", "it has no kecsSnapshot"),
        (b'{"kecsSnapshot": "1"}', "it has no kecsSnapshot"),
        (b'{"kecsSnapshot": 99, "version": "9.0"}', "was taken by a newer KECS \\(9.0\\)"),
        (b'{"kecsSnapshot": 1}', "The snapshot is damaged: .*version"),
        (HEAD + b'"records": {"x": []}}', "does not know: x"),
        (HEAD + b'"records": {"tasks": [{"arn": 1}]}}', "damaged, in tasks"),
        (HEAD + b'"records": {}, "images": {"*": {"exit_code": 999}}}', "damaged: .*exit_code"),
    ],
)
def test_what_is_no_snapshot_changes_nothing(document: bytes, why: str) -> None:
    world = World()
    world.define("web")
    world.serve()
    world.clock.advance(10)
    before = content(world)
    with pytest.raises(SnapshotRefused, match=why):
        restored(document, world)
    assert content(world) == before
    world.clock.advance(10)
    assert world.service()["runningCount"] == 3


def test_records_that_belong_to_nothing_change_nothing_either(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.define("web")
    world.serve()
    world.clock.advance(10)
    before = content(world)
    document = json.loads(taken(world))
    del document["records"]["task_definitions"]
    with pytest.raises(SnapshotRefused, match=r"damaged: LookupError.*task definition .* is gone"):
        restored(json.dumps(document).encode(), world)
    assert content(world) == before
    world.clock.advance(10)
    assert world.service()["runningCount"] == 3
    assert "could not be restored" in caplog.text


def starts(world: World) -> list[float]:
    return [event.at for event in world.events("task") if event.after == "RUNNING"]


def printed(world: World, task: str) -> list[str]:
    async def read() -> list[str]:
        return [line.text async for line in world.runtime.logs(task, "app")]

    return asyncio.run(read())
