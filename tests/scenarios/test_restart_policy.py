"""Containers with a restart policy: they come back by themselves, and their task and service never notice."""

from __future__ import annotations

from .managed import AGENT, Managed
from .world import World

POLICY = {"enabled": True, "restartAttemptPeriod": 60, "ignoredExitCodes": [0]}
CRASHES = ["sh", "-c", "echo up; sleep 90; exit 5"]


def test_a_crash_after_the_period_is_mended_within_the_task(world: World) -> None:
    world.define("web", {"name": "app", "image": "app", "command": CRASHES, "restartPolicy": POLICY})
    world.serve(count=2)
    world.settle()
    arns = {task["taskArn"] for task in world.tasks()}
    world.clock.advance(600)
    tasks = world.tasks()
    assert {task["taskArn"] for task in tasks} == arns
    assert {task["containers"][0]["lastStatus"] for task in tasks} == {"RUNNING"}
    restarts = [event for event in world.events("container") if "restarts (exit code 5)" in event.message]
    assert len(restarts) == 2 * 6


def test_a_crash_within_the_period_ends_the_task(world: World) -> None:
    crashes = ["sh", "-c", "sleep 30; exit 5"]
    world.define("web", {"name": "app", "image": "app", "command": crashes, "restartPolicy": POLICY})
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED", limit=60)
    task = world.task(arn)
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 5)


def test_an_ignored_exit_code_ends_the_task(world: World) -> None:
    ends = ["sh", "-c", "sleep 90; exit 0"]
    world.define("web", {"name": "app", "image": "app", "command": ends, "restartPolicy": POLICY})
    arn = world.run()["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED", limit=120)
    assert world.task(arn)["containers"][0]["exitCode"] == 0


def test_a_task_whose_container_restarts_can_be_stopped(world: World) -> None:
    world.define("web", {"name": "app", "image": "app", "command": CRASHES, "restartPolicy": POLICY})
    arn = world.run()["tasks"][0]["taskArn"]
    world.clock.advance(100)
    world.call("StopTask", task=arn)
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED", limit=60)
    assert world.task(arn)["containers"][0]["exitCode"] == 143


def test_a_sidecar_is_restarted_without_its_siblings(world: World) -> None:
    world.define(
        "web",
        {"name": "app", "image": "app"},
        {"name": "log", "image": "log", "essential": False, "command": CRASHES, "restartPolicy": POLICY},
    )
    arn = world.run()["tasks"][0]["taskArn"]
    world.clock.advance(300)
    task = world.task(arn)
    assert {c["name"]: c["lastStatus"] for c in task["containers"]} == {"app": "RUNNING", "log": "RUNNING"}
    assert (
        len([event for event in world.events("container") if "log" in event.message and "restarts" in event.message])
        == 3
    )


def test_a_daemon_is_restarted_on_its_instance(world: World) -> None:
    managed = Managed(world)
    managed.register("agent", {**AGENT, "command": CRASHES, "restartPolicy": POLICY})
    managed.create()
    managed.serve(1)
    managed.running(1)
    (before,) = managed.tasks()
    world.clock.advance(600)
    (after,) = managed.tasks()
    assert (after["taskArn"], after["lastStatus"]) == (before["taskArn"], "RUNNING")
    assert (
        len([event for event in world.events("container") if "agent" in event.message and "restarts" in event.message])
        == 6
    )
