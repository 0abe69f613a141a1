"""Task protection: neither scaling in nor a deployment stops a protected task, until its protection is over."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.journals import MemoryJournal

from .world import Refused, World

HELD_UP = "Reason: The number of protected tasks are more than the desired count of tasks."


def protect(world: World, *tasks: str, minutes: int | None = None, enabled: bool = True) -> Any:
    given = {} if minutes is None else {"expiresInMinutes": minutes}
    return world.call("UpdateTaskProtection", cluster="default", tasks=tasks, protectionEnabled=enabled, **given)


def protection(world: World, *tasks: str) -> Any:
    return world.call("GetTaskProtection", cluster="default", tasks=tasks)


def serving(world: World, count: int = 3, **members: Any) -> list[str]:
    world.define()
    world.serve(count=count, **members)
    world.settle()
    return [task["taskArn"] for task in world.tasks()]


def messages(world: World) -> list[str]:
    return [event["message"] for event in world.service()["events"]]


def test_protection_is_off_until_it_is_asked_for_and_lasts_two_hours(world: World) -> None:
    first, *_ = serving(world)
    assert protection(world, first) == {
        "protectedTasks": [{"taskArn": first, "protectionEnabled": False}], "failures": [],
    }  # fmt: skip
    now = world.clock.now()
    expected = {"taskArn": first, "protectionEnabled": True, "expirationDate": now + 7200}
    assert protect(world, first.split("/")[-1]) == {"protectedTasks": [expected], "failures": []}
    assert protection(world, first)["protectedTasks"] == [expected]
    world.clock.advance(7200)
    assert protection(world, first)["protectedTasks"] == [{"taskArn": first, "protectionEnabled": False}]


def test_protection_is_extended_and_taken_back(world: World) -> None:
    first, *_ = serving(world)
    protect(world, first, minutes=1)
    world.clock.advance(50)
    protect(world, first, minutes=2880)
    world.clock.advance(47 * 3600)
    assert protection(world, first)["protectedTasks"][0]["protectionEnabled"] is True
    answer = protect(world, first, enabled=False)
    assert answer["protectedTasks"] == [{"taskArn": first, "protectionEnabled": False}]


def test_scaling_in_stops_the_tasks_that_are_not_protected(world: World) -> None:
    tasks = serving(world)
    protect(world, tasks[-1])  # the newest, which would be the first to go
    world.call("UpdateService", service="s", desiredCount=1)
    world.settle()
    assert [task["taskArn"] for task in world.tasks()] == [tasks[-1]]
    assert not any(HELD_UP in message for message in messages(world))


def test_scaling_in_waits_for_protected_tasks_and_says_so(world: World) -> None:
    first, *others = serving(world)
    protect(world, first, *others, minutes=10)
    world.call("UpdateService", service="s", desiredCount=1)
    world.clock.advance(599)
    assert len(world.tasks()) == 3
    deployment = world.service()["deployments"][0]["id"]
    held_up = f"(service s) was unable to reach steady state because task set ({deployment}) was unable to scale in. "
    assert [message for message in messages(world) if HELD_UP in message] == [held_up + HELD_UP]
    world.clock.advance(30)
    assert world.stable()
    assert len(world.tasks()) == 1
    assert messages(world)[0] == "(service s) has reached a steady state."


def test_protection_that_is_taken_back_lets_scaling_go_on_at_once(world: World) -> None:
    tasks = serving(world)
    protect(world, *tasks)
    world.call("UpdateService", service="s", desiredCount=0)
    world.clock.advance(60)
    protect(world, tasks[0], enabled=False)
    world.clock.advance(60)
    assert {task["taskArn"] for task in world.tasks()} == set(tasks[1:])


def test_a_deployment_waits_for_protected_tasks_of_the_one_before(world: World) -> None:
    first, *others = serving(world)
    protect(world, first, minutes=30)
    world.define("web", {"name": "app", "image": "app:2"})
    world.call("UpdateService", service="s", taskDefinition="web")
    world.clock.advance(600)
    new, old = world.service()["deployments"]
    assert (new["runningCount"], new["rolloutState"], old["runningCount"]) == (3, "IN_PROGRESS", 1)
    arns = {task["taskArn"] for task in world.tasks()}
    assert first in arns
    assert arns.isdisjoint(others)
    assert any(f"task set ({old['id']})" in message for message in messages(world))
    world.clock.advance(1300)
    assert world.stable()
    assert world.service()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_a_deployment_without_room_beside_protected_tasks_waits_for_them(world: World) -> None:
    percent = {"maximumPercent": 100, "minimumHealthyPercent": 0}
    tasks = serving(world, 2, deploymentConfiguration=percent)
    protect(world, *tasks, minutes=5)
    world.call("UpdateService", service="s", forceNewDeployment=True)
    world.clock.advance(240)
    assert [task["taskArn"] for task in world.tasks()] == tasks
    assert not any("Update the minimumHealthyPercent or maximumPercent" in message for message in messages(world))
    world.clock.advance(120)
    assert world.stable()
    assert not {task["taskArn"] for task in world.tasks()} & set(tasks)


def test_a_deployment_that_waits_for_protected_tasks_only_takes_no_more_protection(world: World) -> None:
    first, *_ = serving(world)
    protect(world, first, minutes=30)
    world.call("UpdateService", service="s", forceNewDeployment=True)
    world.clock.advance(600)
    (failure,) = protect(world, first)["failures"]
    assert (failure["arn"], failure["reason"]) == (first, "DEPLOYMENT_BLOCKED")
    new = next(task["taskArn"] for task in world.tasks() if task["taskArn"] != first)
    assert protect(world, new)["failures"] == []
    assert protect(world, first, enabled=False)["failures"] == []
    world.settle()


def test_users_failing_checks_and_exits_end_protected_tasks(world: World) -> None:
    check = {"command": ["CMD-SHELL", "true"], "interval": 5, "retries": 1}
    world.define("web", {"name": "app", "image": "app:1", "healthCheck": check})
    world.serve(count=3)
    world.settle()
    stopped, exited, sick = [task["taskArn"] for task in world.tasks()]
    protect(world, stopped, exited, sick)
    world.call("StopTask", task=stopped)
    world.runtime.exit_container(exited, "app", 1)
    world.runtime.set_health(sick, "app", "UNHEALTHY")
    world.clock.advance(120)
    assert world.stable()
    assert not {task["taskArn"] for task in world.tasks()} & {stopped, exited, sick}


def test_a_service_that_is_deleted_takes_its_protected_tasks_along(world: World) -> None:
    tasks = serving(world)
    protect(world, *tasks)
    world.call("DeleteService", service="s", force=True)
    world.until(lambda: world.service()["status"] == "INACTIVE", 120)


def test_tasks_that_cannot_be_protected_come_back_as_failures(world: World) -> None:
    first, *_ = serving(world)
    alone = world.run()["tasks"][0]["taskArn"]
    gone = "0" * 32
    answer = protect(world, gone, alone, first)
    assert [task["taskArn"] for task in answer["protectedTasks"]] == [first]
    assert [(f["arn"].split("/")[-1], f["reason"]) for f in answer["failures"]] == [
        (gone, "MISSING"),
        (alone.split("/")[-1], "TASK_NOT_VALID"),
    ]
    assert [failure["reason"] for failure in protection(world, gone, alone)["failures"]] == [
        "MISSING",
        "TASK_NOT_VALID",
    ]
    world.call("StopTask", task=first)
    assert [failure["reason"] for failure in protect(world, first)["failures"]] == ["TASK_NOT_VALID"]


@pytest.mark.parametrize("minutes", [0, -1, 2881])
def test_a_time_that_protection_cannot_last_is_refused(world: World, minutes: int) -> None:
    first, *_ = serving(world)
    with pytest.raises(Refused, match="InvalidParameterException: expiresInMinutes"):
        protect(world, first, minutes=minutes)
    assert protection(world, first)["protectedTasks"][0]["protectionEnabled"] is False


def test_the_number_of_tasks_is_limited(world: World) -> None:
    tasks = [f"{number:032x}" for number in range(101)]
    with pytest.raises(Refused, match="taskIds can have at most 10 items"):
        protect(world, *tasks[:11])
    with pytest.raises(Refused, match="taskIds can have at most 100 items"):
        protection(world, *tasks)
    with pytest.raises(Refused, match="Tasks cannot be empty"):
        protect(world)


def test_protection_survives_a_restart() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    first, *_ = serving(world)
    protect(world, first, minutes=10)
    later = World(journal=journal, start=world.clock.now() + 60)
    assert protection(later, first)["protectedTasks"][0]["protectionEnabled"] is True
