"""Deployments of the strategies BLUE_GREEN, LINEAR and CANARY: their stages, their traffic, their tasks."""

from __future__ import annotations

from typing import Any

import pytest

from .machines import machine
from .shifting import (
    ALL_STAGES,
    BALANCER,
    DAY,
    HOOK,
    MINUTE,
    blue_green,
    canary,
    deploy,
    described,
    latest,
    linear,
    messages,
    running,
    serve,
    stages,
    until_stage,
    until_status,
    weights,
)
from .world import World

CONNECT = {"enabled": True, "namespace": "shop", "services": [{"portName": "http", "clientAliases": [{"port": 80}]}]}


def resolved(world: World, revision: str) -> Any:
    (found,) = world.call("DescribeServiceRevisions", serviceRevisionArns=[revision])["serviceRevisions"]
    return found["resolvedConfiguration"]["loadBalancers"]


def test_blue_green_shifts_all_traffic_at_once_and_bakes_with_both_revisions(world: World) -> None:
    serve(world, blue_green(bake=10))
    started = world.clock.now()
    arn = deploy(world, "slow")
    assert weights(world) == (0, 0)
    until_stage(world, "SCALE_UP")
    world.until(lambda: world.service()["pendingCount"] == 3)
    assert (running(world), weights(world)) == ([0, 3], (0, 0))
    until_stage(world, "BAKE_TIME")
    assert world.clock.now() == pytest.approx(started + MINUTE, abs=1)
    assert (running(world), weights(world)) == ([3, 3], (100, 100))
    world.clock.advance(10 * MINUTE - 1)
    assert (running(world), latest(world)["status"]) == ([3, 3], "IN_PROGRESS")
    done = until_status(world, "SUCCESSFUL", 10)
    assert (stages(world, arn), done["lifecycleStage"]) == (ALL_STAGES, "CLEAN_UP")
    assert done["finishedAt"] == pytest.approx(started + 11 * MINUTE, abs=1)
    assert (running(world), weights(world)) == ([3], (100, 100))


def test_every_stage_has_its_time(world: World) -> None:
    serve(world, blue_green(bake=2))
    arn = deploy(world, "slow")
    until_status(world, "SUCCESSFUL")
    record = world.kernel.store.service_deployments.get(arn)
    assert record is not None
    for stage, following in zip(record.stages, record.stages[1:], strict=False):
        assert stage.started_at <= stage.finished_at == following.started_at
    lengths = {stage.name: round(stage.finished_at - stage.started_at) for stage in record.stages}
    assert {name: length for name, length in lengths.items() if length} == {"SCALE_UP": 60, "BAKE_TIME": 120}


def test_the_feed_tells_of_every_stage(world: World) -> None:
    serve(world, blue_green(bake=1))
    arn = deploy(world)
    until_status(world, "SUCCESSFUL")
    assert [event.after for event in world.events("lifecycle-stage") if event.arn == arn] == ALL_STAGES


def test_linear_shifts_in_equal_steps(world: World) -> None:
    serve(world, linear(25.0, 6, bake=3))
    arn = deploy(world)
    seen = []
    until_stage(world, "PRODUCTION_TRAFFIC_SHIFT")
    start = world.clock.now()
    while latest(world)["status"] == "IN_PROGRESS":
        if not seen or seen[-1][1] != weights(world)[0]:
            seen.append((round((world.clock.now() - start) / MINUTE), weights(world)[0]))
            assert running(world) == [3, 3]
        world.clock.advance(MINUTE)
    assert seen == [(0, 25.0), (6, 50.0), (12, 75.0), (18, 100.0)]
    assert latest(world)["finishedAt"] == pytest.approx(start + (18 + 3) * MINUTE, abs=1)
    shifts = ["PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"]
    assert stages(world, arn) == [*ALL_STAGES[:5], *4 * shifts, *ALL_STAGES[7:]]


def test_canary_shifts_a_little_first_and_then_the_rest(world: World) -> None:
    serve(world, canary(5.5, 10, bake=4))
    start = world.clock.now()
    deploy(world)
    until_stage(world, "PRODUCTION_TRAFFIC_SHIFT")
    assert (weights(world), running(world)) == ((5.5, 100), [3, 3])
    world.clock.advance(9 * MINUTE)
    assert weights(world) == (5.5, 100)
    until_stage(world, "BAKE_TIME")
    assert (weights(world), world.clock.now()) == ((100, 100), pytest.approx(start + 10 * MINUTE, abs=1))
    until_status(world, "SUCCESSFUL")
    assert world.clock.now() == pytest.approx(start + 14 * MINUTE, abs=1)


def test_the_first_deployment_has_nothing_to_shift_from(world: World) -> None:
    serve(world, linear(10.0, 60, bake=60))
    assert stages(world, latest(world)["serviceDeploymentArn"]) == [s for s in ALL_STAGES if s != "BAKE_TIME"]
    assert weights(world) == (100, 100)


def test_revisions_take_turns_in_the_target_groups(world: World) -> None:
    serve(world, blue_green(bake=0))
    groups = []
    for _ in range(3):
        shown = until_status(world, "SUCCESSFUL")
        (balancer,) = resolved(world, shown["targetServiceRevision"]["arn"])
        assert balancer["productionListenerRule"] == BALANCER["advancedConfiguration"]["productionListenerRule"]
        groups.append(balancer["targetGroupArn"].split("/")[1])
        deploy(world)
    assert groups == ["one", "two", "one"]


def test_traffic_is_handed_on_as_it_shifts(world: World) -> None:
    serve(world, canary(10.0, 5))
    (service,) = world.kernel.traffic.shares
    deploy(world)
    until_stage(world, "PRODUCTION_TRAFFIC_SHIFT")
    green, blue = world.kernel.traffic.shares[service].revisions
    assert [(r.production, r.test, r.alternate) for r in (green, blue)] == [(10.0, 100.0, True), (90.0, 0.0, False)]
    assert green.deployment_id == world.service()["deployments"][0]["id"]
    until_status(world, "SUCCESSFUL")
    (only,) = world.kernel.traffic.shares[service].revisions
    assert (only.deployment_id, only.production) == (green.deployment_id, 100.0)
    world.call("DeleteService", service="s", force=True)
    world.clock.advance(MINUTE)
    assert world.kernel.traffic.shares == {}


def test_service_connect_is_shifted_too_and_a_balancer_without_a_test_rule_has_no_test_traffic(world: World) -> None:
    serve(world, blue_green(bake=1), loadBalancers=[], serviceConnectConfiguration=CONNECT)
    assert weights(world) == (100, 100)
    advanced = {k: v for k, v in BALANCER["advancedConfiguration"].items() if k != "testListenerRule"}
    world.serve(
        "t", deploymentConfiguration=blue_green(), loadBalancers=[{**BALANCER, "advancedConfiguration": advanced}]
    )
    world.settle("t")
    (brief,) = world.call("ListServiceDeployments", service="t")["serviceDeployments"]
    target = described(world, brief["serviceDeploymentArn"])["targetServiceRevision"]
    assert "requestedTestTrafficWeight" not in target
    assert target["requestedProductionTrafficWeight"] == 100


def test_a_service_that_nothing_leads_to_has_stages_but_no_weights(world: World) -> None:
    serve(world, blue_green(bake=1), loadBalancers=[])
    arn = deploy(world)
    until_stage(world, "BAKE_TIME")
    assert running(world) == [3, 3]
    assert "requestedProductionTrafficWeight" not in latest(world)["targetServiceRevision"]
    until_status(world, "SUCCESSFUL")
    assert stages(world, arn) == ALL_STAGES


def test_scaling_scales_both_revisions(world: World) -> None:
    serve(world, blue_green(bake=10))
    deploy(world)
    until_stage(world, "BAKE_TIME")
    world.call("UpdateService", service="s", desiredCount=5)
    world.clock.advance(10)
    assert running(world) == [5, 5]
    world.call("UpdateService", service="s", desiredCount=1)
    world.clock.advance(10)
    assert running(world) == [1, 1]
    assert latest(world)["lifecycleStage"] == "BAKE_TIME"
    until_status(world, "SUCCESSFUL")
    assert running(world) == [1]


def test_tasks_of_both_revisions_are_replaced(world: World) -> None:
    serve(world, blue_green(bake=10))
    deploy(world)
    until_stage(world, "BAKE_TIME")
    before = {task["taskArn"] for task in world.tasks()}
    for task in before:
        world.call("StopTask", task=task)
    world.clock.advance(10)
    assert running(world) == [3, 3]
    assert not before & {task["taskArn"] for task in world.tasks()}
    assert latest(world)["lifecycleStage"] == "BAKE_TIME"


def test_a_service_of_no_tasks_goes_through_all_stages(world: World) -> None:
    serve(world, blue_green(bake=1), count=0)
    arn = deploy(world)
    until_status(world, "SUCCESSFUL")
    assert stages(world, arn) == ALL_STAGES
    world.call("UpdateService", service="s", desiredCount=2)
    world.settle()
    assert running(world) == [2]


@pytest.mark.parametrize("stage", ALL_STAGES[1:])
def test_a_newer_deployment_reconciles_the_service_first(world: World, stage: str) -> None:
    hooked = [] if stage in ("SCALE_UP", "BAKE_TIME", "CLEAN_UP") else [{"lifecycleStages": [stage], **HOOK}]
    serve(world, blue_green(bake=10, lifecycleHooks=hooked))
    blue = world.service()["deployments"][0]["id"]
    world.hooks.say(str(HOOK["hookTargetArn"]), None)
    old = deploy(world, "slow")
    until_stage(world, stage)
    world.hooks.say(str(HOOK["hookTargetArn"]), {"hookStatus": "SUCCEEDED"})
    new = deploy(world)
    assert sum(d["status"] == "PRIMARY" for d in world.service()["deployments"]) == 1
    weights(world)
    until_stage(world, "BAKE_TIME")
    assert described(world, old)["status"] == "STOPPED"
    assert stages(world, new) == ["RECONCILE_SERVICE", *ALL_STAGES[:9]]
    assert running(world) == [3, 3]
    assert (world.service()["deployments"][1]["id"] == blue) == (stage != "CLEAN_UP")
    until_status(world, "SUCCESSFUL")
    assert (running(world), weights(world)) == ([3], (100, 100))


def test_an_update_that_scales_too_goes_on_from_what_served(world: World) -> None:
    serve(world, blue_green(bake=10))
    blue = world.service()["deployments"][0]["id"]
    deploy(world)
    until_stage(world, "BAKE_TIME")
    deploy(world, desiredCount=5)
    until_stage(world, "BAKE_TIME")
    assert (running(world), world.service()["deployments"][1]["id"]) == ([5, 5], blue)


def test_a_service_is_deleted_in_the_middle(world: World) -> None:
    serve(world, blue_green(bake=10))
    arn = deploy(world)
    until_stage(world, "BAKE_TIME")
    world.call("DeleteService", service="s", force=True)
    world.until(lambda: world.service()["status"] == "INACTIVE")
    assert [task["lastStatus"] for task in world.tasks()] == []
    missing = world.call("DescribeServiceDeployments", serviceDeploymentArns=[arn])
    assert missing["failures"] == [{"arn": arn, "reason": "MISSING"}]


def test_strategies_change_from_one_deployment_to_the_next(world: World) -> None:
    serve(world, {"strategy": "ROLLING"})
    assert "requestedProductionTrafficWeight" not in latest(world)["targetServiceRevision"]
    arn = deploy(world, deploymentConfiguration=canary(20.0, 1, bake=1))
    until_stage(world, "PRODUCTION_TRAFFIC_SHIFT")
    assert weights(world)[0] == 20
    until_status(world, "SUCCESSFUL")
    assert stages(world, arn)[-1] == "CLEAN_UP"
    back = deploy(world, deploymentConfiguration={"strategy": "ROLLING"})
    until_status(world, "SUCCESSFUL", MINUTE)
    assert stages(world, back) == []
    configuration = world.service()["deploymentConfiguration"]
    assert (configuration["bakeTimeInMinutes"], "canaryConfiguration" in configuration) == (0, False)
    assert "requestedProductionTrafficWeight" not in latest(world)["targetServiceRevision"]
    assert world.kernel.traffic.shares == {}


def test_the_events_are_those_of_any_deployment(world: World) -> None:
    serve(world, blue_green(bake=1))
    known = len(messages(world))
    arn = deploy(world)
    until_status(world, "SUCCESSFUL")
    new = [text.split(":")[0] for text in messages(world)[known:]]
    shown = described(world, arn)
    name = shown["targetServiceRevision"]["arn"].rpartition("/")[2]
    blue = shown["sourceServiceRevisions"][0]["arn"].rpartition("/")[2]
    completed = f"(deployment ecs-svc/{name}) deployment completed."
    assert new == [
        "has started 3 tasks",
        "registered 3 targets in (target-group arn",
        "has stopped 3 running tasks",
        "deregistered 3 targets in (target-group arn",
        f"(service s, taskSet ecs-svc/{blue}) has begun draining connections on 3 tasks.",
        completed,
        "has reached a steady state.",
    ]
    groups = [text.split("targetgroup/")[1] for text in messages(world)[known:] if "targetgroup/" in text]
    assert groups == ["two/2)", "one/1)"]


def test_a_revision_that_never_starts_fails_after_a_day(world: World) -> None:
    serve(world)
    deploy(world, "bad")
    world.clock.advance(DAY - MINUTE)
    assert (latest(world)["lifecycleStage"], running(world)) == ("SCALE_UP", [0, 3])
    shown = until_status(world, "ROLLBACK_SUCCESSFUL", 2 * MINUTE)
    assert shown["statusReason"] == "Service deployment rolled back because SCALE_UP took longer than 24 hours."
    assert (running(world), weights(world)) == ([3], (0, 0))


def test_ec2_tasks_that_leave_an_instance_are_replaced_in_both_revisions(world: World) -> None:
    one, _ = machine(world, 1), machine(world, 2)
    world.define_ec2("web")
    world.serve(count=2, launchType="EC2", networkConfiguration=None, deploymentConfiguration=blue_green(bake=60))
    world.settle()
    world.until(lambda: latest(world)["status"] == "SUCCESSFUL")
    deploy(world)
    until_stage(world, "BAKE_TIME")
    world.call("UpdateContainerInstancesState", containerInstances=[one], status="DRAINING")
    world.clock.advance(MINUTE)
    assert running(world) == [2, 2]
    assert one not in {task["containerInstanceArn"] for task in world.tasks()}
    until_status(world, "SUCCESSFUL")
    assert running(world) == [2]
