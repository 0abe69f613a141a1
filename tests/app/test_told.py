"""What somebody has said over the admin API of the world around ECS, because there is nothing there to ask."""

from __future__ import annotations

import asyncio

from tests.scenarios.shifting import MINUTE, deploy, latest, serve, until_stage, until_status
from tests.scenarios.world import World
from tests.support.journals import MemoryJournal

from kecs.app.console import KernelConsole


def restarted(before: World, journal: MemoryJournal) -> World:
    world = World(journal=journal, start=before.clock.now() + 1, seed=2)
    asyncio.run(world.kernel.recover())
    return world


def test_alarms_are_as_they_were_after_a_restart() -> None:
    journal = MemoryJournal()
    before = World(journal=journal)
    console = KernelConsole(before.kernel, "test")
    console.set_alarm("errors", "ALARM", seconds=300)
    console.set_alarm("errors", "OK", region="eu-west-1")
    told = console.alarms()
    assert [(alarm["name"], alarm["state"], alarm["seconds"]) for alarm in told] == [
        ("errors", "ALARM", 300),
        ("errors", "OK", 60),
    ]
    console.set_alarm("errors", "OK")
    after = restarted(before, journal)
    assert KernelConsole(after.kernel, "test").alarms() == [{**told[0], "state": "OK", "seconds": 60}, told[1]]
    asyncio.run(after.kernel.reset())
    assert KernelConsole(after.kernel, "test").alarms() == []


def test_an_alarm_that_went_off_just_before_the_end_is_seen_after_a_restart() -> None:
    journal = MemoryJournal()
    before = World(journal=journal)
    serve(before)
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    deploy(before, deploymentConfiguration={"alarms": alarms, "bakeTimeInMinutes": 60})
    until_stage(before, "BAKE_TIME")
    KernelConsole(before.kernel, "test").set_alarm("errors", "ALARM")
    after = restarted(before, journal)
    until_status(after, "ROLLBACK_SUCCESSFUL", 10 * MINUTE)
    assert latest(after)["alarms"]["triggeredAlarmNames"] == ["errors"]
