"""Deployments of CodeDeploy that fail, that somebody stops, that an alarm stops; and what is rolled back."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.core.codedeploy.appspec import HOOKS
from tests.support.journals import MemoryJournal

from .codedeploying import (
    APP,
    DG,
    EVENTS,
    FAILURES,
    MINUTE,
    WEB,
    answer,
    call,
    deploy,
    options,
    over,
    reach,
    ready,
    shown,
    statuses,
    task_sets,
    weights,
)
from .shifting import alarm
from .world import Refused, World

ALL_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes"
HOOKED = ["AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"]
STAGES = [*HOOKED, "AllowTraffic", "Ready", "Termination"]
"""Where there is a replacement task set already."""

ALARM = {"enabled": True, "alarms": [{"name": "errors"}]}
ALARMED = (
    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected "
    "deployments have been stopped. Activated alarms: <errors>"
)
UPDATE = "The ECS service cannot be updated due to an unexpected error: "


def ring(world: World, state: str = "ALARM") -> None:
    alarm(world, "errors", state)
    world.clock.advance(0)


def stuck(world: World, stage: str, **members: Any) -> str:
    """A deployment of a new image that has come to the stage and waits there."""
    waits = options(termination=60 if stage == "Termination" else 0, ready=60 if stage == "Ready" else 0)
    ready(world, blueGreenDeploymentConfiguration=waits, **members)
    new = world.define("web", {**WEB, "image": "app:2"})
    hooks = {stage: "check"} if stage in HOOKS else None
    config = CANARY if stage == "AllowTraffic" else ALL_AT_ONCE
    deployment = deploy(world, new, hooks, deploymentConfigName=config)
    if stage == "Ready":
        world.until(lambda: shown(world, deployment)["status"] == "Ready")
    elif stage == "Termination":
        world.until(lambda: shown(world, deployment)["instanceTerminationWaitTimeStarted"])
    else:
        reach(world, deployment, stage)
    return deployment


def stop(world: World, deployment: str, **members: Any) -> Any:
    answered = call(world, "StopDeployment", deploymentId=deployment, **members)
    world.clock.advance(0)
    return answered


def rollback_of(world: World, deployment: str) -> str:
    """The id of the deployment that rolls this one back, which has succeeded."""
    info = shown(world, deployment)["rollbackInfo"]
    rollback: str = info["rollbackDeploymentId"]
    assert info["rollbackMessage"] == (
        f"Deployment {deployment} terminated. Automatic rollback is triggered with a DeploymentId {rollback}."
    )
    back = over(world, rollback)
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
    assert back["deploymentConfigName"] == "CodeDeployDefault.ECSAllAtOnce"
    assert back["rollbackInfo"] == {
        "rollbackTriggeringDeploymentId": deployment,
        "rollbackMessage": f"Deployment {rollback} is triggered to roll back deployment {deployment}.",
    }
    return rollback


def is_as_before(world: World) -> None:
    """Only the original task set is left, and it is the primary one."""
    world.until(lambda: task_sets(world) == [("web:1", "PRIMARY")])
    world.until(lambda: world.service()["runningCount"] == 2)
    assert world.service()["taskDefinition"].endswith("web:1")
    assert world.kernel.traffic.shares == {}


@pytest.mark.parametrize("stage", STAGES)
def test_stop_and_roll_back(world: World, stage: str) -> None:
    deployment = stuck(world, stage)
    answered = stop(world, deployment, autoRollbackEnabled=True)
    assert answered["status"] == "Succeeded"
    stopped = shown(world, deployment)
    assert (stopped["status"], stopped["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    if stage in EVENTS:
        after = list(statuses(world, deployment).values())
        at = EVENTS.index(stage)
        assert (set(after[:at]), after[at], set(after[at + 1 :]) - {"Skipped"}) == ({"Succeeded"}, "Failed", set())
    rollback = rollback_of(world, deployment)
    assert statuses(world, rollback)["AllowTraffic"] == "Succeeded"
    told = [event.arn for event in world.events("code-deployment") if event.after in ("Stopped", "Created")]
    assert told == [deployment, deployment, rollback]
    is_as_before(world)


@pytest.mark.parametrize("stage", STAGES)
def test_stop_and_leave_it(world: World, stage: str) -> None:
    deployment = stuck(world, stage, autoRollbackConfiguration=FAILURES)
    before = weights(world, deployment), task_sets(world)
    stop(world, deployment, autoRollbackEnabled=False)
    world.clock.advance(120 * MINUTE)
    assert shown(world, deployment)["status"] == "Stopped"
    assert "rollbackInfo" not in shown(world, deployment)
    assert (weights(world, deployment), task_sets(world)) == before
    shares = world.kernel.traffic.shares[world.service()["serviceArn"]]
    assert [share.production for share in shares.revisions] == [before[0]["Blue"], before[0]["Green"]]


@pytest.mark.parametrize("events", [["DEPLOYMENT_STOP_ON_REQUEST"], ["DEPLOYMENT_FAILURE"], None])
def test_a_stop_rolls_back_as_the_group_says(world: World, events: list[str] | None) -> None:
    members = {"autoRollbackConfiguration": {"enabled": True, "events": events}} if events else {}
    deployment = stuck(world, "AllowTraffic", **members)
    stop(world, deployment)
    assert ("rollbackInfo" in shown(world, deployment)) == (events == ["DEPLOYMENT_STOP_ON_REQUEST"])


def test_a_deployment_has_rules_of_its_own(world: World) -> None:
    ready(world, autoRollbackConfiguration=FAILURES)
    new = world.define("web", {**WEB, "image": "app:2"})
    deployment = deploy(world, new, {"AfterInstall": "check"}, autoRollbackConfiguration={"enabled": False})
    reach(world, deployment, "AfterInstall")
    answer(world, deployment, "Failed")
    assert "rollbackInfo" not in over(world, deployment)


@pytest.mark.parametrize("stage", HOOKED)
def test_a_hook_that_fails(world: World, stage: str) -> None:
    deployment = stuck(world, stage, autoRollbackConfiguration=FAILURES)
    answer(world, deployment, "Failed")
    assert over(world, deployment)["errorInformation"] == {
        "code": "HOOK_EXECUTION_FAILURE",
        "message": "The deployment failed because one or more of the lifecycle event validation functions failed.",
    }
    assert statuses(world, deployment)[stage] == "Failed"
    rollback_of(world, deployment)
    is_as_before(world)


def test_a_hook_that_says_nothing(world: World) -> None:
    deployment = stuck(world, "AfterInstall", autoRollbackConfiguration=FAILURES)
    world.clock.advance(60 * MINUTE - 1)
    assert shown(world, deployment)["status"] == "InProgress"
    world.clock.advance(1)
    failed = shown(world, deployment)
    assert (failed["status"], failed["errorInformation"]["code"]) == ("Failed", "TIMEOUT")
    assert failed["errorInformation"]["message"].startswith("The deployment timed out while waiting for a status")
    found = call(world, "GetDeploymentTarget", deploymentId=deployment, targetId="default:s")["deploymentTarget"]
    (event,) = [e for e in found["ecsTarget"]["lifecycleEvents"] if e["status"] == "Failed"]
    assert (event["diagnostics"]["errorCode"], event["diagnostics"]["scriptName"]) == ("ScriptTimedOut", "check")
    rollback_of(world, deployment)
    is_as_before(world)


def test_there_is_nothing_to_roll_back_before_there_is_a_replacement(world: World) -> None:
    deployment = stuck(world, "BeforeInstall", autoRollbackConfiguration=FAILURES)
    answer(world, deployment, "Failed")
    failed = over(world, deployment)
    assert set(failed["rollbackInfo"]) == {"rollbackMessage"}
    assert call(world, "ListDeployments")["deployments"] == [deployment]
    is_as_before(world)


def test_a_replacement_that_does_not_get_healthy(world: World) -> None:
    ready(world, autoRollbackConfiguration=FAILURES)
    new = world.define("web", {**WEB, "image": "gone:1"})
    world.runtime.set_script("gone*", {"pull_error": "manifest unknown"})
    deployment = deploy(world, new)
    world.clock.advance(60 * MINUTE + 1)
    failed = shown(world, deployment)
    assert failed["errorInformation"] == {
        "code": "TIMEOUT",
        "message": (
            "The deployment timed out while waiting for the replacement task set to become healthy. This time out "
            "period is 60 minutes."
        ),
    }
    assert statuses(world, deployment)["Install"] == "Failed"
    rollback_of(world, deployment)
    is_as_before(world)


def broken(world: World) -> str:
    """A task definition without the container that the AppSpec file names."""
    return world.define("other", {**WEB, "name": "other"})


@pytest.mark.parametrize(
    ("definition", "code", "text"),
    [
        ("nowhere:1", "ECS_UPDATE_ERROR", UPDATE + "TaskDefinition not found."),
        (broken, "ECS_UPDATE_ERROR", UPDATE + "The container app does not exist in the task definition."),
    ],
)
def test_what_ecs_refuses(world: World, definition: Any, code: str, text: str) -> None:
    ready(world, autoRollbackConfiguration=FAILURES)
    deployment = deploy(world, definition(world) if callable(definition) else definition)
    failed = over(world, deployment)
    assert (failed["status"], failed["errorInformation"]["code"]) == ("Failed", code)
    assert failed["errorInformation"]["message"].startswith(text)
    assert failed["errorInformation"]["message"].endswith("Check your ECS service status.")
    assert statuses(world, deployment)["Install"] == "Failed"
    is_as_before(world)


def drop_service(world: World) -> None:
    world.call("DeleteService", service="s", force=True)


def drop_group(world: World) -> None:
    call(world, "DeleteDeploymentGroup", applicationName=APP, deploymentGroupName=DG)


def drop_application(world: World) -> None:
    call(world, "DeleteApplication", applicationName=APP)


def drop_replacement(world: World) -> None:
    (green,) = [s for s in world.service()["taskSets"] if s["status"] == "ACTIVE"]
    world.call("DeleteTaskSet", cluster="default", service="s", taskSet=green["id"], force=True)


def leave_code_deploy(world: World) -> None:
    world.call("UpdateService", service="s", deploymentController={"type": "ECS"})


@pytest.mark.parametrize(
    ("drop", "code"),
    [
        (drop_service, "INVALID_ECS_SERVICE"),
        (leave_code_deploy, "INVALID_ECS_SERVICE"),
        (drop_group, "DEPLOYMENT_GROUP_MISSING"),
        (drop_application, "DEPLOYMENT_GROUP_MISSING"),
        (drop_replacement, "ECS_UPDATE_ERROR"),
    ],
)
def test_what_goes_under_a_deployment(world: World, drop: Any, code: str) -> None:
    deployment = stuck(world, "AllowTraffic", autoRollbackConfiguration=FAILURES)
    drop(world)
    world.clock.advance(MINUTE)
    failed = shown(world, deployment)
    assert (failed["status"], failed["errorInformation"]["code"]) == ("Failed", code)
    assert over(world, failed["rollbackInfo"]["rollbackDeploymentId"])["status"] == "Succeeded"


def test_the_primary_task_set_has_to_be_behind_the_listener(world: World) -> None:
    ready(world)
    given = {"applicationName": APP, "currentDeploymentGroupName": DG}
    pair = {"targetGroups": [{"name": "one"}, {"name": "two"}], "prodTrafficRoute": {"listenerArns": ["arn"]}}
    call(world, "UpdateDeploymentGroup", **given, loadBalancerInfo={"targetGroupPairInfoList": [pair]})
    failed = over(world, deploy(world, "web"))
    assert failed["errorInformation"]["code"] == "ELASTIC_LOAD_BALANCING_INVALID"
    assert failed["errorInformation"]["message"].endswith("Primary taskset target group must be behind listener")


@pytest.mark.parametrize("stage", [*STAGES, "Install"])
def test_an_alarm_stops_a_deployment(world: World, stage: str) -> None:
    members = {"alarmConfiguration": ALARM, "autoRollbackConfiguration": FAILURES}
    if stage == "Install":
        ring(world)  # before the deployment begins
        ready(world, **members)
        deployment = deploy(world, world.define("web", {**WEB, "image": "app:2"}))
        world.clock.advance(0)
    else:
        deployment = stuck(world, stage, **members)
        ring(world)
    stopped = shown(world, deployment)
    assert (stopped["status"], stopped["errorInformation"]) == (
        "Stopped",
        {"code": "ALARM_ACTIVE", "message": ALARMED},
    )
    if stage != "Install":
        rollback_of(world, deployment)
    is_as_before(world)


def test_an_alarm_that_is_not_asked_for_does_nothing(world: World) -> None:
    ready(world, alarmConfiguration=ALARM)
    ring(world)
    deployment = deploy(world, "web", overrideAlarmConfiguration={"enabled": False})
    assert over(world, deployment)["status"] == "Succeeded"


def test_a_deployment_that_is_over_cannot_be_stopped(world: World) -> None:
    ready(world)
    deployment = deploy(world, "web")
    over(world, deployment)
    with pytest.raises(Refused, match="DeploymentAlreadyCompletedException"):
        stop(world, deployment)


def test_the_next_deployment_after_a_rollback(world: World) -> None:
    first = stuck(world, "AllowTraffic")
    stop(world, first, autoRollbackEnabled=True)
    is_as_before(world)
    second = deploy(world, "web:2")
    assert over(world, second)["status"] == "Succeeded"
    world.until(lambda: task_sets(world) == [("web:2", "PRIMARY")])


async def test_a_rollback_goes_on_after_a_restart() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    deployment = stuck(world, "AllowTraffic")
    call(world, "StopDeployment", deploymentId=deployment, autoRollbackEnabled=True)
    again = World(journal=journal, start=world.clock.now(), seed=2)
    await again.kernel.recover()
    rollback = shown(again, deployment)["rollbackInfo"]["rollbackDeploymentId"]
    assert shown(again, rollback)["status"] == "Created"
    rollback_of(again, deployment)
    is_as_before(again)


async def test_a_stop_half_way_is_remembered_after_a_restart() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    deployment = stuck(world, "AllowTraffic")
    stop(world, deployment)
    again = World(journal=journal, start=world.clock.now(), seed=2)
    await again.kernel.recover()
    again.clock.advance(1)
    assert weights(again, deployment) == {"Blue": 90, "Green": 10}
    shares = again.kernel.traffic.shares[again.service()["serviceArn"]]
    assert [share.production for share in shares.revisions] == [90, 10]
