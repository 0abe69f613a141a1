"""A deployment goes on where it was when KECS starts again, whatever stage it was at."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.journals import MemoryJournal

from .shifting import (
    ALL_STAGES,
    DAY,
    HOOKED,
    LAMBDA,
    MINUTE,
    blue_green,
    deploy,
    described,
    lambda_hook,
    latest,
    pause_hook,
    running,
    serve,
    stages,
    until_stage,
    until_status,
    weights,
)
from .world import World


def restarted(before: World, journal: MemoryJournal) -> World:
    """Another KECS with the journal of the first; its tasks are gone, as those of a simulated runtime are."""
    world = World(journal=journal, start=before.clock.now() + 1, seed=2)
    for pattern, script in before.runtime.scripts().items():
        world.runtime.set_script(pattern, script)
    asyncio.run(world.kernel.recover())
    return world


def stopped_at(stage: str, journal: MemoryJournal) -> tuple[World, str]:
    world = World(journal=journal)
    serve(world)
    hooked = [lambda_hook(stage)] if stage in HOOKED else []
    world.hooks.say(LAMBDA, None)
    arn = deploy(world, "slow", deploymentConfiguration={"lifecycleHooks": hooked})
    until_stage(world, stage)
    return world, arn


@pytest.mark.parametrize("stage", ALL_STAGES)
def test_it_goes_on(stage: str) -> None:
    journal = MemoryJournal()
    before, arn = stopped_at(stage, journal)
    after = restarted(before, journal)
    assert (latest(after)["lifecycleStage"], weights(after)) == (stage, weights(before))
    shown = until_status(after, "SUCCESSFUL", DAY)
    assert (shown["serviceDeploymentArn"], stages(after, arn)) == (arn, ALL_STAGES)
    after.clock.advance(MINUTE)
    assert (running(after), weights(after)) == ([3], (100, 100))
    if stage in HOOKED:
        called = [call.hook_id for call in before.hooks.calls]
        assert [call.hook_id for call in after.hooks.calls] == called, "the same execution, as it was not answered"


@pytest.mark.parametrize("stage", ALL_STAGES)
def test_a_rollback_goes_on(stage: str) -> None:
    journal = MemoryJournal()
    before, arn = stopped_at(stage, journal)
    before.call("StopServiceDeployment", serviceDeploymentArn=arn)
    after = restarted(before, journal)
    until_status(after, "ROLLBACK_SUCCESSFUL", DAY)
    after.clock.advance(MINUTE)
    assert (running(after), weights(after)) == ([3], (0, 0))


def test_traffic_is_handed_on_again() -> None:
    journal = MemoryJournal()
    before, _ = stopped_at("BAKE_TIME", journal)
    after = restarted(before, journal)
    after.clock.advance(1)
    assert after.kernel.traffic.shares == before.kernel.traffic.shares


def test_bake_time_and_timeouts_go_on_from_where_they_were() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    serve(world, blue_green(bake=60))
    start = world.clock.now()
    deploy(world, deploymentConfiguration={"lifecycleHooks": [pause_hook("POST_SCALE_UP", timeoutInMinutes=30)]})
    world.clock.advance(20 * MINUTE)
    after = restarted(world, journal)
    (hook,) = latest(after)["lifecycleHookDetails"]
    assert hook["expiresAt"] == pytest.approx(start + 30 * MINUTE, abs=1)
    arn = latest(after)["serviceDeploymentArn"]
    after.call("ContinueServiceDeployment", serviceDeploymentArn=arn, hookId=hook["hookId"])
    until_stage(after, "BAKE_TIME")
    baking = after.clock.now()
    after.clock.advance(30 * MINUTE)
    again = restarted(after, journal)
    until_status(again, "SUCCESSFUL")
    assert described(again, arn)["finishedAt"] == pytest.approx(baking + 60 * MINUTE, abs=2)
