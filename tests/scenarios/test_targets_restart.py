"""What is under way to targets when KECS is killed, put back or emptied."""

from __future__ import annotations

import asyncio

import pytest

from kecs.app.snapshots import KernelSnapshots
from tests.support.journals import MemoryJournal

from .scheduled import put_rule
from .targeted import ECS, QUEUE, SHOP, bodies, put, sent, to
from .world import START, World


@pytest.mark.parametrize("under_way", [False, True])
def test_what_was_not_delivered_is_delivered_after_a_restart(under_way: bool) -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.define("job")
    put_rule(world, "r", to(QUEUE), pattern=ECS)
    world.run("job")
    told = len(world.kernel.sent.recent(0))
    if under_way:
        world.lookups.takes = 1000.0
        world.clock.advance(0.5)
        assert len(sent(world)) == 1
    again = World(journal=journal, start=START + 60, seed=2)
    asyncio.run(again.kernel.recover())
    again.clock.advance(60)
    got = bodies(again)
    assert told >= 1
    assert [event["detail"]["version"] for event in got] == list(range(1, len(got) + 1))
    assert got[0]["detail"]["lastStatus"] == "PROVISIONING"


def test_an_event_is_as_durable_as_what_it_tells_of() -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.define("job")
    put_rule(world, "r", to(QUEUE), pattern=ECS)
    task = world.run("job")["tasks"][0]["taskArn"]  # and no turn of a control loop after it
    kinds = [(kind, key) for kind, key, _, after in journal.written if after is not None]
    assert ("tasks", task) in kinds
    assert [kind for kind, _ in kinds].count("invocations") == 1


def test_a_reset_forgets_what_is_under_way(world: World) -> None:
    put_rule(world, "r", to(QUEUE), pattern=SHOP)
    world.lookups.takes = 10.0
    put(world, {"n": 1}, {"n": 2})
    world.clock.advance(1)
    asyncio.run(world.kernel.reset())
    world.clock.advance(60)
    assert len(world.companion.calls) == 1
    put_rule(world, "r", to(QUEUE), pattern=SHOP)
    put(world, {"n": 3})
    world.clock.advance(60)
    assert [event["detail"]["n"] for event in bodies(world)] == [1, 2, 3]


@pytest.mark.parametrize("under_way", [False, True])
def test_what_was_not_delivered_is_delivered_after_a_snapshot_is_restored(world: World, under_way: bool) -> None:
    put_rule(world, "r", to(QUEUE), pattern=SHOP)
    if under_way:
        world.lookups.takes = 1000.0
    else:
        world.companion.refused["orders"] = ("ServiceUnavailable", "later")
    put(world, {"n": 1})
    world.clock.advance(1)
    put(world, {"n": 2})
    again = World(start=START + 1e6, seed=9)
    asyncio.run(KernelSnapshots(again.kernel).restore(KernelSnapshots(world.kernel).take()))
    again.clock.advance(60)
    assert [event["detail"]["n"] for event in bodies(again)] == [1, 2]
    assert len(again.kernel.store.invocations) == 0
