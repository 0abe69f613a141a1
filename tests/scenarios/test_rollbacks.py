"""The way back from every stage, whoever asks for it: a user, an alarm, the circuit breaker; and stops without one."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.core.arns import Scope

from .shifting import (
    ALL_STAGES,
    DAY,
    HERE,
    HOUR,
    LAMBDA,
    MINUTE,
    alarm,
    blue_green,
    deploy,
    described,
    lambda_hook,
    latest,
    messages,
    running,
    serve,
    stages,
    until_stage,
    until_status,
    weights,
)
from .test_blue_green import canary, linear
from .world import World

WATCHED = {"alarms": {"alarmNames": ["errors", "latency"], "enable": True, "rollback": True}}


def stop(world: World, kind: str = "ROLLBACK") -> None:
    world.call("StopServiceDeployment", serviceDeploymentArn=latest(world)["serviceDeploymentArn"], stopType=kind)


def reach(world: World, stage: str, **configuration: Any) -> str:
    """A deployment that stays at the stage; answers its ARN."""
    serve(world)
    hooked = [] if stage in ("SCALE_UP", "BAKE_TIME", "CLEAN_UP") else [lambda_hook(stage)]
    world.hooks.say(LAMBDA, None)
    configuration = {"lifecycleHooks": hooked, **configuration}
    arn = deploy(world, "slow", deploymentConfiguration=configuration)
    until_stage(world, stage)
    world.hooks.say(LAMBDA, {"hookStatus": "SUCCEEDED"})
    return arn


@pytest.mark.parametrize("stage", ALL_STAGES)
def test_a_user_rolls_back_at_any_stage(world: World, stage: str) -> None:
    arn = reach(world, stage)
    blue = latest(world)["sourceServiceRevisions"][0]["arn"]
    stop(world)
    world.until(lambda: "rollback" in latest(world), 1)
    shown = latest(world)
    assert shown["rollback"]["serviceRevisionArn"] == blue
    if stage != "CLEAN_UP":
        assert weights(world) == (0, 0), "at once"
    shown = until_status(world, "ROLLBACK_SUCCESSFUL", 5 * MINUTE)
    assert (weights(world), running(world)) == ((0, 0), [3])
    assert world.service()["deployments"][0]["id"].rpartition("/")[2] == blue.rpartition("/")[2]
    assert stages(world, arn)[-1] == "CLEAN_UP"
    world.clock.advance(DAY)
    assert (latest(world)["status"], running(world)) == ("ROLLBACK_SUCCESSFUL", [3])


def test_from_the_clean_up_traffic_goes_back_when_the_old_revision_has_its_tasks_again(world: World) -> None:
    world.runtime.set_script("app*", {"pull_seconds": 30, "stop_seconds": 20})
    reach(world, "CLEAN_UP", bakeTimeInMinutes=0)
    stop(world)
    until_status(world, "ROLLBACK_IN_PROGRESS", 1)
    assert (latest(world)["lifecycleStage"], weights(world)) == ("SCALE_UP", (100, 100))
    world.until(lambda: weights(world) == (0, 0), 5 * MINUTE)
    assert running(world)[0] == 3
    until_status(world, "ROLLBACK_SUCCESSFUL", MINUTE)


def test_a_revision_that_is_gone_gets_its_tasks_before_its_traffic(world: World) -> None:
    world.runtime.set_script("app*", {"pull_seconds": 30})
    reach(world, "CLEAN_UP", bakeTimeInMinutes=0)
    first = latest(world)["sourceServiceRevisions"][0]["arn"].rpartition("/")[2]
    deploy(world, "slow")
    until_stage(world, "SCALE_UP")
    assert first not in {d["id"].rpartition("/")[2] for d in world.service()["deployments"]}
    stop(world)
    until_status(world, "ROLLBACK_IN_PROGRESS", 1)
    world.clock.advance(1)
    shares = world.kernel.traffic.shares[world.service()["serviceArn"]].revisions
    assert (running(world), [share.production for share in shares]) == ([0, 0, 3], [0, 0, 100])
    until_status(world, "ROLLBACK_SUCCESSFUL", 5 * MINUTE)
    (only,) = world.kernel.traffic.shares[world.service()["serviceArn"]].revisions
    assert (only.deployment_id, only.production) == (f"ecs-svc/{first}", 100)


@pytest.mark.parametrize("configuration", [linear(20.0, 5), canary(20.0, 5)])
def test_a_shift_that_is_half_done_goes_all_the_way_back(world: World, configuration: dict[str, Any]) -> None:
    serve(world, configuration)
    deploy(world)
    until_stage(world, "PRODUCTION_TRAFFIC_SHIFT")
    assert weights(world) == (20, 100)
    stop(world)
    world.clock.advance(1)
    assert weights(world) == (0, 0)
    until_status(world, "ROLLBACK_SUCCESSFUL", MINUTE)


@pytest.mark.parametrize("stage", ALL_STAGES[1:])
def test_abort_leaves_everything_where_it_is_until_the_next_deployment(world: World, stage: str) -> None:
    arn = reach(world, stage)
    stop(world, "ABORT")
    world.clock.advance(2 * MINUTE)
    shown = described(world, arn)
    assert (shown["status"], shown["lifecycleStage"]) == ("STOPPED", stage)
    before = weights(world), running(world)
    if stage != "CLEAN_UP":
        assert running(world) == [3, 3]
    world.clock.advance(HOUR)
    assert (weights(world), running(world)) == before
    deploy(world)
    until_status(world, "SUCCESSFUL")
    assert (weights(world), running(world)) == ((100, 100), [3])


def test_the_circuit_breaker_rolls_back(world: World) -> None:
    serve(world, blue_green(deploymentCircuitBreaker={"enable": True, "rollback": True}))
    deploy(world, "bad")
    shown = until_status(world, "ROLLBACK_SUCCESSFUL", HOUR)
    assert shown["statusReason"].endswith("because the circuit breaker threshold was exceeded.")
    assert shown["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert (weights(world), running(world)) == ((0, 0), [3])


def test_the_circuit_breaker_without_a_rollback_stops(world: World) -> None:
    serve(world, blue_green(deploymentCircuitBreaker={"enable": True, "rollback": False}))
    deploy(world, "bad")
    until_status(world, "STOPPED", HOUR)
    assert (weights(world), running(world)) == ((0, 0), [0, 3])
    deploy(world)
    until_status(world, "SUCCESSFUL")
    assert running(world) == [3]


def test_a_first_deployment_has_nothing_to_roll_back_to(world: World) -> None:
    world.hooks.say(LAMBDA, {"hookStatus": "FAILED"})
    world.define("web")
    world.serve(deploymentConfiguration=blue_green(lifecycleHooks=[lambda_hook("POST_SCALE_UP")]))
    shown = until_status(world, "ROLLBACK_FAILED", MINUTE)
    assert shown["statusReason"] == "No rollback candidate was found to run the rollback."
    assert world.service()["deployments"][0]["rolloutState"] == "FAILED"


@pytest.mark.parametrize("stage", ALL_STAGES[:-1])
def test_an_alarm_rolls_back_at_any_stage(world: World, stage: str) -> None:
    reach(world, stage, **WATCHED)
    assert latest(world)["alarms"]["status"] == "MONITORING"
    alarm(world, "latency")
    shown = until_status(world, "ROLLBACK_SUCCESSFUL", MINUTE)
    assert shown["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": ["errors", "latency"],
        "triggeredAlarmNames": ["latency"],
    }
    assert "latency" in shown["statusReason"]
    assert (weights(world), running(world)) == ((0, 0), [3])
    assert any(text.endswith("deployment failed: alarm detected.") for text in messages(world))
    assert world.service()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_an_alarm_without_a_rollback_stops_the_deployment(world: World) -> None:
    reach(world, "BAKE_TIME", alarms={**WATCHED["alarms"], "rollback": False})
    alarm(world, "errors")
    shown = until_status(world, "STOPPED", MINUTE)
    assert shown["statusReason"] == ("Service deployment stopped because alarms went into the ALARM state: errors.")
    assert world.service()["deployments"][0]["rolloutState"] == "FAILED"
    assert (weights(world), running(world)) == ((100, 100), [3, 3])


@pytest.mark.parametrize(
    ("name", "scope"),
    [("other", HERE), ("errors", Scope("000000000000", "eu-west-1")), ("errors", Scope("111111111111", "us-east-1"))],
)
def test_other_alarms_do_not_matter(world: World, name: str, scope: Scope) -> None:
    reach(world, "BAKE_TIME", **WATCHED)
    alarm(world, name, scope=scope)
    alarm(world, "errors", "OK")
    until_status(world, "SUCCESSFUL", HOUR)
    assert latest(world)["alarms"]["status"] == "MONITORING_COMPLETE"


def test_an_alarm_that_rings_already_is_ignored(world: World) -> None:
    serve(world, blue_green(**WATCHED))
    alarm(world, "errors")
    deploy(world)
    until_stage(world, "BAKE_TIME", MINUTE)
    assert latest(world)["alarms"] == {"status": "DISABLED"}
    alarm(world, "latency")
    until_status(world, "SUCCESSFUL", HOUR)


def test_a_rolling_update_bakes_as_long_as_its_alarms_take_to_ring(world: World) -> None:
    serve(world, {"strategy": "ROLLING", **WATCHED})
    alarm(world, "errors", "OK", patience=300)
    start = world.clock.now()
    arn = deploy(world)
    until_stage(world, "BAKE_TIME", MINUTE)
    assert (running(world), world.service()["deployments"][0]["rolloutState"]) == ([3], "IN_PROGRESS")
    until_status(world, "SUCCESSFUL", HOUR)
    assert world.clock.now() == pytest.approx(start + 300, abs=1)
    assert stages(world, arn) == ["PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "BAKE_TIME", "CLEAN_UP"]
    blue = world.service()["deployments"][0]["id"]
    deploy(world)
    until_stage(world, "BAKE_TIME", MINUTE)
    alarm(world, "errors")
    until_status(world, "ROLLBACK_SUCCESSFUL", MINUTE)
    (deployment,) = world.service()["deployments"]
    assert (deployment["id"], deployment["rolloutState"]) == (blue, "COMPLETED")


def test_alarms_that_nobody_knows_take_no_time(world: World) -> None:
    serve(world, {"strategy": "ROLLING", **WATCHED})
    deploy(world)
    until_status(world, "SUCCESSFUL", 1)


@pytest.mark.parametrize(("cleanup", "left"), [("DEFERRED", [2, 3]), ("BLOCKING", [3])])
def test_early_success(world: World, cleanup: str, left: list[int]) -> None:
    serve(world, {"strategy": "ROLLING"})
    early = {"enable": True, "healthyPercent": 60, "sourceServiceRevisionCleanup": cleanup}
    configuration = {"minimumHealthyPercent": 60, "maximumPercent": 170, "earlySuccessCriteria": early}
    world.runtime.set_script("app*", {"stop_seconds": 5})
    arn = deploy(world, "slow", deploymentConfiguration=configuration)
    until_status(world, "SUCCESSFUL", 5 * MINUTE)
    assert stages(world, arn)[-1] == "CLEAN_UP"
    assert running(world)[0] >= left[0]
    assert len(running(world)) == len(left)
    world.settle()
    assert running(world) == [3]
