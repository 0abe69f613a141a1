"""What stopping a deployment does: the way back to what served, or no way at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.journals import MemoryJournal

from .rollouts import SECURE, described, listed, rolled_out, statuses, stop, update
from .world import Refused, World


@pytest.fixture
def served(world: World) -> World:
    return rolled_out(world)


def test_a_rollback_brings_the_last_completed_revision_back_and_keeps_its_tasks(served: World) -> None:
    (deployment,) = served.service()["deployments"]
    before = {task["taskArn"] for task in served.tasks()}
    completed = listed(served)[0]["targetServiceRevisionArn"]
    update(served, taskDefinition="bad", networkConfiguration=SECURE)
    served.clock.advance(5)
    arn = stop(served)
    assert described(served)["status"] == "ROLLBACK_REQUESTED"
    assert stop(served, "ABORT") == arn, "it goes on with what it does already"
    served.until(lambda: described(served)["status"] == "ROLLBACK_SUCCESSFUL")
    assert described(served)["rollback"]["serviceRevisionArn"] == completed
    service = served.service()
    assert [d["id"] for d in service["deployments"]] == [deployment["id"]]
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    assert (service["taskDefinition"], {task["taskArn"] for task in served.tasks()}) == (
        deployment["taskDefinition"],
        before,
    )
    assert service["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == ["subnet-1"]
    messages = [event["message"] for event in service["events"]]
    assert f"(service s) rolling back to deployment {deployment['id']}." in messages
    assert statuses(served, arn)[2:] == ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]


def test_a_rollback_starts_again_what_was_gone_already(served: World) -> None:
    (deployment,) = served.service()["deployments"]
    served.runtime.set_script("slow*", {"health": "HEALTHY@600"})
    check = {"command": ["CMD", "true"], "interval": 5, "retries": 10, "startPeriod": 300}
    served.define("web", {"name": "app", "image": "app:2"}, {"name": "x", "image": "slow:1", "healthCheck": check})
    update(served, taskDefinition="web", deploymentConfiguration={"minimumHealthyPercent": 0, "maximumPercent": 100})
    served.until(lambda: len(served.service()["deployments"]) == 1)
    assert served.service()["deployments"][0]["id"] != deployment["id"]
    stop(served, "ROLLBACK")
    served.settle()
    served.until(lambda: described(served)["status"] == "ROLLBACK_SUCCESSFUL")
    assert [d["id"] for d in served.service()["deployments"]] == [deployment["id"]]
    assert {task["taskDefinitionArn"] for task in served.tasks()} == {deployment["taskDefinition"]}
    # What was rolled back to is what the next rollback goes back to.
    update(served, taskDefinition="bad")
    stop(served)
    served.until(lambda: described(served)["status"] == "ROLLBACK_SUCCESSFUL")
    assert served.service()["deployments"][0]["id"] == deployment["id"]


def test_a_first_deployment_has_nothing_to_go_back_to(world: World) -> None:
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("bad", {"name": "app", "image": "gone:1"})
    world.serve(count=2, definition="bad")
    world.clock.advance(10)
    stop(world)
    world.clock.advance(1)
    ended = described(world)
    assert (ended["status"], ended["statusReason"]) == (
        "ROLLBACK_FAILED",
        "No rollback candidate was found to run the rollback.",
    )
    assert world.service()["deployments"][0]["rolloutState"] == "FAILED"
    tasks = len(world.statuses_of_all("PROVISIONING"))
    world.clock.advance(3600)
    assert len(world.statuses_of_all("PROVISIONING")) == tasks, "a deployment that was given up starts no tasks"


def test_an_abort_leaves_the_old_tasks_to_serve_and_to_be_replaced(served: World) -> None:
    update(served, taskDefinition="bad")
    served.clock.advance(5)
    arn = stop(served, "ABORT")
    served.clock.advance(60)
    ended = described(served)
    assert statuses(served, arn)[2:] == ["STOP_REQUESTED", "STOPPED"]
    assert ended["stoppedAt"] == ended["finishedAt"]
    failed, old = served.service()["deployments"]
    assert (failed["rolloutState"], failed["status"], old["runningCount"]) == ("FAILED", "PRIMARY", 3)
    served.call("StopTask", task=served.tasks()[0]["taskArn"])
    served.clock.advance(60)
    assert served.service()["runningCount"] == 3
    # The next deployment goes its way.
    update(served, taskDefinition="web", forceNewDeployment=True)
    served.settle()
    assert described(served)["status"] == "SUCCESSFUL"


def test_a_rollback_ends_when_a_newer_deployment_starts(served: World) -> None:
    update(served, taskDefinition="bad")
    served.clock.advance(5)
    arn = stop(served)
    update(served, taskDefinition="web", forceNewDeployment=True)
    assert described(served, arn)["status"] == "ROLLBACK_FAILED"
    served.settle()
    assert described(served)["status"] == "SUCCESSFUL"


def test_what_cannot_be_stopped(served: World) -> None:
    (done,) = listed(served)
    missing = done["serviceDeploymentArn"][:-21] + "x" * 21
    for arn, code in (
        (done["serviceDeploymentArn"], "ConflictException"),
        (missing, "ServiceDeploymentNotFoundException"),
        (missing.replace("us-east-1", "eu-west-1"), "ServiceDeploymentNotFoundException"),
        ("s", "InvalidParameterException"),
        (served.service()["serviceArn"], "InvalidParameterException"),
    ):
        with pytest.raises(Refused) as refused:
            served.call("StopServiceDeployment", serviceDeploymentArn=arn)
        assert refused.value.code == code


def test_only_a_hook_that_waits_can_be_continued(served: World) -> None:
    pause = {"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"]}
    function = "arn:aws:lambda:us-east-1:000000000000:function:f"
    call = {
        "hookTargetArn": function,
        "roleArn": "arn:aws:iam::000000000000:role/r",
        "lifecycleStages": ["PRE_SCALE_UP"],
    }
    served.hooks.say(function, None)
    update(served, taskDefinition="bad", deploymentConfiguration={"lifecycleHooks": [pause, pause, call]})
    served.clock.advance(1)
    shown = described(served)
    arn, hooks = shown["serviceDeploymentArn"], [hook["hookId"] for hook in shown["lifecycleHookDetails"]]

    def proceed(hook: str, **members: Any) -> Any:
        return served.call("ContinueServiceDeployment", serviceDeploymentArn=arn, hookId=hook, **members)

    with pytest.raises(Refused, match="has no lifecycle hook with the ID h"):
        proceed("h")
    with pytest.raises(Refused, match="ServiceDeploymentNotFoundException"):
        served.call("ContinueServiceDeployment", serviceDeploymentArn=arn[:-1] + "~", hookId="h")
    with pytest.raises(Refused, match="target type PAUSE"):
        proceed(hooks[2])
    assert proceed(hooks[0]) == {"serviceDeploymentArn": arn}
    with pytest.raises(Refused, match="Its status is SUCCEEDED"):
        proceed(hooks[0], action="ROLLBACK")
    assert described(served)["status"] == "IN_PROGRESS"
    proceed(hooks[1], action="ROLLBACK")
    served.until(lambda: described(served)["status"] == "ROLLBACK_SUCCESSFUL")
    assert [h["status"] for h in described(served)["lifecycleHookDetails"]] == ["SUCCEEDED", "FAILED", "FAILED"]


async def test_a_rollback_survives_a_restart() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    world.define("web")
    world.define("bad", {"name": "app", "image": "gone:1"})
    world.serve(count=2)
    world.settle()
    update(world, taskDefinition="bad")
    world.clock.advance(5)
    stop(world)
    before = described(world)
    assert before["status"] == "ROLLBACK_REQUESTED"
    again = World(journal=journal, start=world.clock.now(), seed=2)
    await again.kernel.recover()
    assert described(again) == before
    again.until(lambda: described(again)["status"] == "ROLLBACK_SUCCESSFUL")
    assert again.service()["runningCount"] == 2
