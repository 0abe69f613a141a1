"""ExecuteCommand: which containers take a session, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.core.settings import Settings

from .world import Refused, World

ROLE = "arn:aws:iam::000000000000:role/task"


def running(world: World, *containers: dict[str, Any], **members: Any) -> str:
    world.define("web", *containers, taskRoleArn=ROLE)
    arn: str = world.run(**{"enableExecuteCommand": True, **members})["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    return arn


def execute(world: World, task: str, /, **members: Any) -> Any:
    return world.call("ExecuteCommand", **{"task": task, "command": "/bin/sh", "interactive": True, **members})


def test_a_running_container_gets_a_session_on_this_server() -> None:
    world = World(Settings(endpoint="http://127.0.0.1:4444"))
    task = running(world)
    answer = execute(world, task)
    session = answer.pop("session")
    (container,) = world.task(task)["containers"]
    assert answer == {
        "clusterArn": world.task(task)["clusterArn"],
        "containerArn": container["containerArn"],
        "containerName": "app",
        "interactive": True,
        "taskArn": task,
    }
    assert session["sessionId"].startswith("ecs-execute-command-")
    path = f"/v1/data-channel/{session['sessionId']}?role=publish_subscribe"
    assert session["streamUrl"] == f"ws://127.0.0.1:4444{path}"
    assert execute(world, task.split("/")[-1])["session"]["tokenValue"] != session["tokenValue"]


def test_sessions_end_with_their_task(world: World) -> None:
    task = running(world)
    session = execute(world, task, command="ls -l")["session"]
    record = world.kernel.store.sessions.get(session["sessionId"])
    assert record is not None
    assert (record.task_arn, record.container, record.command) == (task, "app", "ls -l")
    world.call("StopTask", task=task)
    world.clock.advance(60)
    assert list(world.kernel.store.sessions) == []


def test_the_agent_shows_in_every_container_as_it_comes_and_goes(world: World) -> None:
    world.define("web", {"name": "app", "image": "app:1"}, {"name": "log", "image": "log:1"}, taskRoleArn=ROLE)
    task = world.run(enableExecuteCommand=True)["tasks"][0]
    pending = [{"name": "ExecuteCommandAgent", "lastStatus": "PENDING"}]
    assert [container["managedAgents"] for container in task["containers"]] == [pending, pending]
    arn = task["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    for container in world.task(arn)["containers"]:
        (agent,) = container["managedAgents"]
        assert (agent["name"], agent["lastStatus"]) == ("ExecuteCommandAgent", "RUNNING")
        assert agent["lastStartedAt"] <= world.clock.now()
    world.call("StopTask", task=arn)
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    assert world.task(arn)["containers"][0]["managedAgents"][0]["lastStatus"] == "STOPPED"


def test_without_ecs_exec_no_agent_shows(world: World) -> None:
    task = running(world, enableExecuteCommand=False)
    assert "managedAgents" not in world.task(task)["containers"][0]
    with pytest.raises(Refused, match="execute command was not enabled when the task was run") as refused:
        execute(world, task)
    assert refused.value.code == "InvalidParameterException"


def test_a_container_that_does_not_run_is_not_connected(world: World) -> None:
    world.define("web", {"name": "app", "image": "app:1"}, {"name": "once", "image": "once:1", "essential": False,
        "command": ["sleep", "1"]}, taskRoleArn=ROLE)  # fmt: skip
    task = world.run(enableExecuteCommand=True)["tasks"][0]["taskArn"]
    with pytest.raises(Refused, match="TargetNotConnectedException: The execute command failed due to an internal"):
        execute(world, task, container="app")
    world.clock.advance(60)
    assert execute(world, task, container="app")["containerName"] == "app"
    with pytest.raises(Refused, match="TargetNotConnectedException"):
        execute(world, task, container="once")
    world.call("StopTask", task=task)
    world.clock.advance(60)
    with pytest.raises(Refused, match="TargetNotConnectedException"):
        execute(world, task, container="app")


def test_a_container_has_to_be_named_when_there_are_several(world: World) -> None:
    task = running(world, {"name": "app", "image": "app:1"}, {"name": "log", "image": "log:1"})
    with pytest.raises(Refused, match="InvalidParameterException: A container name must be specified"):
        execute(world, task)
    assert execute(world, task, container="log")["containerName"] == "log"


@pytest.mark.parametrize(
    ("members", "refusal"),
    [
        ({"container": "other"}, "InvalidParameterException: The container other was not found"),
        ({"interactive": False}, r"InvalidParameterException: Interactive is the only mode supported currently\."),
        ({"command": " "}, r"InvalidParameterException: Command can not be blank\."),
        ({"task": "0" * 32}, r"InvalidParameterException: The referenced task was not found\."),
        ({"task": "short"}, "InvalidParameterException"),
        ({"cluster": "gone"}, r"ClusterNotFoundException: Cluster not found\."),
    ],
)
def test_what_cannot_be_is_refused(world: World, members: dict[str, Any], refusal: str) -> None:
    task = running(world)
    with pytest.raises(Refused, match=refusal):
        execute(world, task, **members)
    assert list(world.kernel.store.sessions) == []
