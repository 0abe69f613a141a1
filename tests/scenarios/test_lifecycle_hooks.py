"""Lifecycle hooks: when they are called and with what, how long they are waited for, and what their answers do."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.core.eventbridge.event import milliseconds, seconds
from tests.support.hooks import FAILED, SUCCEEDED, in_progress

from .machines import machine
from .sent import sent
from .shifting import (
    DAY,
    HOOKED,
    HOUR,
    LAMBDA,
    MINUTE,
    blue_green,
    deploy,
    lambda_hook,
    latest,
    messages,
    pause_hook,
    running,
    serve,
    stages,
    until_stage,
    until_status,
    weights,
)
from .test_blue_green import canary, linear
from .world import Refused, World


def hooks(world: World) -> list[Any]:
    found: list[Any] = latest(world)["lifecycleHookDetails"]
    return found


def proceed(world: World, hook: Any, action: str | None = None) -> None:
    given = {"action": action} if action else {}
    arn = latest(world)["serviceDeploymentArn"]
    world.call("ContinueServiceDeployment", serviceDeploymentArn=arn, hookId=hook["hookId"], **given)


def revisions(world: World) -> tuple[str, str]:
    """The new one and the old one."""
    shown = latest(world)
    return shown["targetServiceRevision"]["arn"], shown["sourceServiceRevisions"][0]["arn"]


def test_a_function_is_called_at_each_of_its_stages_in_order(world: World) -> None:
    serve(world, blue_green(bake=1, lifecycleHooks=[lambda_hook(*HOOKED)]))
    world.hooks.takes = 5
    start = world.clock.now()
    deploy(world)
    until_status(world, "SUCCESSFUL")
    assert world.hooks.stages(LAMBDA) == HOOKED
    assert world.clock.now() == pytest.approx(start + 5 * len(HOOKED) + MINUTE, abs=1)
    assert {hook["status"] for hook in hooks(world)} == {"SUCCEEDED"}


def test_what_a_function_is_told(world: World) -> None:
    details = {"bucket": "approvals"}
    serve(world, blue_green(bake=1, lifecycleHooks=[lambda_hook(*HOOKED, hookDetails=details)]))
    arn = deploy(world)
    until_status(world, "SUCCESSFUL")
    green, blue = revisions(world)
    told = {call.payload["lifecycleStage"]: call.payload for call in world.hooks.calls}
    assert told["PRE_SCALE_UP"] == {
        "executionId": hooks(world)[0]["hookId"],
        "lifecycleStage": "PRE_SCALE_UP",
        "resourceArn": arn,
        "executionDetails": {
            "serviceArn": world.service()["serviceArn"],
            "targetServiceRevisionArn": green,
            "testTrafficWeights": {},
            "productionTrafficWeights": {},
        },
        "hookDetails": details,
    }

    def shares(stage: str) -> tuple[Any, Any]:
        execution = told[stage]["executionDetails"]
        return execution["testTrafficWeights"], execution["productionTrafficWeights"]

    assert shares("TEST_TRAFFIC_SHIFT") == ({green: 100, blue: 0}, {})
    assert shares("POST_TEST_TRAFFIC_SHIFT") == ({}, {})
    assert shares("PRE_PRODUCTION_TRAFFIC_SHIFT") == ({}, {green: 0, blue: 100})
    assert shares("PRODUCTION_TRAFFIC_SHIFT") == ({}, {green: 100, blue: 0})


def test_a_function_in_progress_is_called_again_after_half_a_minute_or_when_it_says(world: World) -> None:
    serve(world, blue_green(lifecycleHooks=[lambda_hook("POST_SCALE_UP", hookDetails={"a": 1})]))
    later = in_progress(callBackDelay=300, hookDetails={"b": 2})
    world.hooks.say(LAMBDA, in_progress(), later, SUCCEEDED)
    start = world.clock.now()
    deploy(world)
    until_stage(world, "BAKE_TIME")
    assert world.clock.now() == pytest.approx(start + 330, abs=1)
    assert [call.payload["hookDetails"] for call in world.hooks.calls] == [{"a": 1}, {"a": 1}, {"a": 1, "b": 2}]
    assert len({call.hook_id for call in world.hooks.calls}) == 1, "it is one execution"


@pytest.mark.parametrize("stage", HOOKED)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (FAILED, "Lifecycle hook target {} returned FAILED status."),
        ("connection refused", "ECS was unable to invoke hook target {} due to connection refused"),
        ({}, "ECS was unable to parse the response from {} due to HookStatus must not be null"),
        ([], "ECS was unable to parse the response from {} due to HookStatus must not be null"),
        ({"hookStatus": "MAYBE"}, "ECS was unable to parse the response from {} due to HookStatus must not be MAYBE"),
    ],
)
def test_a_function_that_fails_rolls_the_deployment_back(world: World, stage: str, answer: Any, reason: str) -> None:
    serve(world)
    known = {task["taskArn"] for task in world.tasks()}
    blue = world.service()["deployments"][0]["id"]
    world.hooks.say(LAMBDA, answer, SUCCEEDED)
    deploy(world, deploymentConfiguration={"lifecycleHooks": [lambda_hook(stage)]})
    shown = until_status(world, "ROLLBACK_SUCCESSFUL", MINUTE)
    why = f"Service deployment rolled back because {stage} lifecycle hook(s) failed. {reason.format(LAMBDA)}"
    assert (shown["statusReason"], shown["rollback"]["reason"]) == (why, why)
    assert (weights(world), running(world)) == ((0, 0), [3])
    assert {task["taskArn"] for task in world.tasks()} == known
    assert world.service()["deployments"][0]["id"] == blue
    green = shown["targetServiceRevision"]["arn"].rpartition("/")[2]
    assert f"(deployment ecs-svc/{green}) deployment failed: hook execution failure(s) detected." in messages(world)


def test_on_the_way_back_the_shifts_are_hooked_again(world: World) -> None:
    serve(world, blue_green(lifecycleHooks=[lambda_hook(*HOOKED)]))
    other = "arn:aws:lambda:us-east-1:000000000000:function:last"
    last = {**lambda_hook("POST_PRODUCTION_TRAFFIC_SHIFT"), "hookTargetArn": other}
    world.hooks.say(other, FAILED)
    arn = deploy(world, deploymentConfiguration={"lifecycleHooks": [lambda_hook(*HOOKED), last]})
    until_status(world, "ROLLBACK_SUCCESSFUL")
    back = ["PRODUCTION_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT"]
    assert world.hooks.stages(LAMBDA) == [*HOOKED, *back]
    assert stages(world, arn)[-3:] == [*back, "CLEAN_UP"]
    green, blue = revisions(world)
    production, test = (call.payload["executionDetails"] for call in world.hooks.calls[-2:])
    assert production["productionTrafficWeights"] == {green: 0, blue: 100}
    assert test["testTrafficWeights"] == {green: 0, blue: 100}
    assert production["targetServiceRevisionArn"] == green


def test_hooks_on_the_way_back_are_waited_for_but_have_no_say(world: World) -> None:
    serve(world, blue_green(lifecycleHooks=[lambda_hook("PRODUCTION_TRAFFIC_SHIFT")]))
    world.hooks.say(LAMBDA, FAILED, in_progress(), FAILED)
    deploy(world)
    until_status(world, "ROLLBACK_IN_PROGRESS")
    world.clock.advance(10)
    assert (weights(world), running(world)) == ((0, 0), [3, 3])
    until_status(world, "ROLLBACK_SUCCESSFUL", MINUTE)
    assert running(world) == [3]


def test_a_function_is_called_at_every_step_of_a_shift(world: World) -> None:
    every = lambda_hook("PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
    serve(world, {**linear(50.0, 1), "lifecycleHooks": [every]})
    deploy(world)
    until_status(world, "SUCCESSFUL")
    green, _ = revisions(world)
    shares = [call.payload["executionDetails"]["productionTrafficWeights"][green] for call in world.hooks.calls]
    assert shares == [0, 50, 50, 100]
    assert len({call.hook_id for call in world.hooks.calls}) == 4


def test_a_function_that_never_ends_times_out(world: World) -> None:
    limited = lambda_hook("POST_SCALE_UP", timeoutConfiguration={"timeoutInMinutes": 7})
    serve(world)
    world.hooks.say(LAMBDA, in_progress())
    start = world.clock.now()
    deploy(world, deploymentConfiguration={"lifecycleHooks": [limited]})
    shown = until_status(world, "ROLLBACK_SUCCESSFUL")
    assert world.clock.now() == pytest.approx(start + 7 * MINUTE, abs=1)
    assert shown["statusReason"].endswith(f"POST_SCALE_UP lifecycle hook(s) failed. Lifecycle hook {LAMBDA} timed out.")
    assert [hook["status"] for hook in hooks(world)] == ["TIMED_OUT"]
    assert len(world.hooks.calls) == 14


def test_a_timeout_may_say_to_continue(world: World) -> None:
    serve(world)
    world.hooks.say(LAMBDA, None)
    onward = lambda_hook("PRE_SCALE_UP", timeoutConfiguration={"timeoutInMinutes": 2, "action": "CONTINUE"})
    deploy(world, deploymentConfiguration={"lifecycleHooks": [onward]})
    world.clock.advance(MINUTE)
    assert (latest(world)["lifecycleStage"], running(world)) == ("PRE_SCALE_UP", [0, 3])
    until_status(world, "SUCCESSFUL", 15 * MINUTE)
    assert [hook["status"] for hook in hooks(world)] == ["TIMED_OUT"]


def test_without_a_timeout_a_hook_has_a_day(world: World) -> None:
    serve(world)
    start = world.clock.now()
    deploy(world, deploymentConfiguration={"lifecycleHooks": [pause_hook("POST_SCALE_UP")]})
    until_stage(world, "POST_SCALE_UP")
    (hook,) = hooks(world)
    assert (hook["targetType"], hook["status"], hook["timeoutAction"]) == ("PAUSE", "AWAITING_ACTION", "ROLLBACK")
    assert hook["expiresAt"] == pytest.approx(start + DAY, abs=1)
    assert "targetArn" not in hook
    until_status(world, "ROLLBACK_SUCCESSFUL")
    assert world.clock.now() == pytest.approx(start + DAY, abs=1)


PAUSABLE = [stage for stage in HOOKED if stage not in ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")]


@pytest.mark.parametrize("stage", PAUSABLE)
def test_a_pause_waits_for_continue(world: World, stage: str) -> None:
    serve(world)
    deploy(world, deploymentConfiguration={"lifecycleHooks": [pause_hook(stage, timeoutInMinutes=20160)]})
    until_stage(world, stage)
    before = (weights(world), running(world))
    world.clock.advance(13 * DAY)
    assert (latest(world)["lifecycleStage"], weights(world), running(world)) == (stage, *before)
    proceed(world, hooks(world)[0])
    until_status(world, "SUCCESSFUL", HOUR)
    assert [hook["status"] for hook in hooks(world)] == ["SUCCEEDED"]


@pytest.mark.parametrize("stage", PAUSABLE)
def test_a_pause_can_be_rolled_back(world: World, stage: str) -> None:
    serve(world)
    deploy(world, deploymentConfiguration={"lifecycleHooks": [pause_hook(stage)]})
    until_stage(world, stage)
    proceed(world, hooks(world)[0], "ROLLBACK")
    shown = until_status(world, "ROLLBACK_SUCCESSFUL", MINUTE)
    assert shown["statusReason"] == "Service deployment rolled back because the user requested it."
    assert [hook["status"] for hook in hooks(world)] == ["FAILED"]
    assert (weights(world), running(world)) == ((0, 0), [3])


def test_each_step_of_a_canary_pauses_by_itself(world: World) -> None:
    serve(world, canary(10.0, 1))
    deploy(world, deploymentConfiguration={"lifecycleHooks": [pause_hook("PRE_PRODUCTION_TRAFFIC_SHIFT")]})
    until_stage(world, "PRE_PRODUCTION_TRAFFIC_SHIFT")
    assert weights(world)[0] == 0
    proceed(world, hooks(world)[0])
    world.until(lambda: len(hooks(world)) == 2)
    assert weights(world)[0] == 10
    with pytest.raises(Refused, match="Its status is SUCCEEDED"):
        proceed(world, hooks(world)[0])
    proceed(world, hooks(world)[1])
    until_status(world, "SUCCESSFUL")
    assert hooks(world)[0]["hookId"] != hooks(world)[1]["hookId"]


def test_hooks_of_a_stage_run_at_once_and_all_have_to_succeed(world: World) -> None:
    serve(world)
    world.hooks.say(LAMBDA, in_progress(), SUCCEEDED)
    both = [lambda_hook("POST_SCALE_UP"), pause_hook("POST_SCALE_UP")]
    deploy(world, deploymentConfiguration={"lifecycleHooks": both})
    until_stage(world, "POST_SCALE_UP")
    assert [hook["status"] for hook in hooks(world)] == ["IN_PROGRESS", "AWAITING_ACTION"]
    world.clock.advance(MINUTE)
    assert [hook["status"] for hook in hooks(world)] == ["SUCCEEDED", "AWAITING_ACTION"]
    proceed(world, hooks(world)[1])
    until_stage(world, "BAKE_TIME", MINUTE)


def test_hooks_of_rolling_updates(world: World) -> None:
    serve(world, {"strategy": "ROLLING"})
    both = [lambda_hook("POST_SCALE_UP"), pause_hook("PRE_SCALE_UP")]
    arn = deploy(world, deploymentConfiguration={"lifecycleHooks": both})
    world.clock.advance(HOUR)
    assert (latest(world)["lifecycleStage"], running(world)) == ("PRE_SCALE_UP", [0, 3])
    proceed(world, hooks(world)[0])
    until_status(world, "SUCCESSFUL", MINUTE)
    assert stages(world, arn) == ["PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "CLEAN_UP"]
    world.hooks.say(LAMBDA, FAILED)
    green = world.service()["deployments"][0]["id"]
    deploy(world)
    proceed(world, (until_stage(world, "PRE_SCALE_UP"), hooks(world)[0])[1])
    until_status(world, "ROLLBACK_SUCCESSFUL", MINUTE)
    assert (world.service()["deployments"][0]["id"], running(world)) == (green, [3])


def test_hooks_of_daemon_services(world: World) -> None:
    world.define_ec2("agent")
    for number in (1, 2):
        machine(world, number)
    both = [pause_hook("PRE_SCALE_UP"), lambda_hook("POST_SCALE_UP")]
    daemon = {"schedulingStrategy": "DAEMON", "launchType": "EC2", "networkConfiguration": None}
    world.serve(count=None, definition="agent", deploymentConfiguration={"lifecycleHooks": both}, **daemon)
    world.clock.advance(MINUTE)
    assert (latest(world)["lifecycleStage"], running(world), world.hooks.calls) == ("PRE_SCALE_UP", [0], [])
    proceed(world, hooks(world)[0])
    until_status(world, "SUCCESSFUL", MINUTE)
    assert (running(world), world.hooks.stages(LAMBDA)) == ([2], ["POST_SCALE_UP"])
    old = {task["taskArn"] for task in world.tasks()}
    deploy(world, "agent")
    world.clock.advance(HOUR)
    assert {task["taskArn"] for task in world.tasks()} == old
    world.call("StopTask", task=min(old))
    world.clock.advance(MINUTE)
    assert (latest(world)["lifecycleStage"], running(world)) == ("PRE_SCALE_UP", [0, 2])
    proceed(world, hooks(world)[0])
    until_status(world, "SUCCESSFUL", HOUR)
    assert running(world) == [2]


def test_an_answer_that_comes_too_late_changes_nothing(world: World) -> None:
    serve(world)
    world.hooks.takes = HOUR
    deploy(world, deploymentConfiguration={"lifecycleHooks": [lambda_hook("POST_SCALE_UP")]})
    shown = until_stage(world, "POST_SCALE_UP")
    world.call("StopServiceDeployment", serviceDeploymentArn=shown["serviceDeploymentArn"])
    until_status(world, "ROLLBACK_SUCCESSFUL", MINUTE)
    world.clock.advance(2 * HOUR)
    assert latest(world)["status"] == "ROLLBACK_SUCCESSFUL"
    assert [hook["status"] for hook in hooks(world)] == ["FAILED"]


def test_eventbridge_hears_of_every_hook(world: World) -> None:
    serve(world)
    both = [lambda_hook("PRE_SCALE_UP"), pause_hook("POST_SCALE_UP", timeoutInMinutes=10)]
    world.hooks.takes = 1
    arn = deploy(world, deploymentConfiguration={"lifecycleHooks": both})
    until_stage(world, "POST_SCALE_UP")
    (awaited,) = sent(world, "ECS Hook State Change", eventName="HOOK_AWAITING_ACTION")
    assert awaited == {
        "eventType": "INFO",
        "eventName": "HOOK_AWAITING_ACTION",
        "hookId": hooks(world)[1]["hookId"],
        "hookType": "PAUSE",
        "expiresAt": seconds(hooks(world)[1]["expiresAt"]),
        "lifecycleStage": "POST_SCALE_UP",
        "clusterArn": world.service()["clusterArn"],
        "serviceArn": world.service()["serviceArn"],
        "serviceDeploymentArn": arn,
        "updatedAt": milliseconds(hooks(world)[1]["expiresAt"] - 10 * MINUTE),
    }
    until_status(world, "ROLLBACK_SUCCESSFUL", HOUR)
    names = [detail["eventName"] for detail in sent(world, "ECS Hook State Change")]
    assert names == ["HOOK_IN_PROGRESS", "HOOK_SUCCEEDED", "HOOK_AWAITING_ACTION", "HOOK_TIMED_OUT"]
    (failed,) = sent(world, "ECS Deployment State Change", eventName="SERVICE_DEPLOYMENT_FAILED")
    assert failed["eventType"] == "ERROR"
