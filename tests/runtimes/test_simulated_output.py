"""The output of simulated containers: how much is kept, for how long, and how it is followed."""

from __future__ import annotations

import asyncio

import pytest
from tests.runtimes.plans import make_plan
from tests.runtimes.simulation import START, Simulation, output

from kecs.runtimes.simulated import runtime
from kecs.runtimes.simulated.output import KEPT_LINES


def test_output_outlives_the_task_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "KEPT_OUTPUTS", 3)
    simulation = Simulation()
    plans = [make_plan({"command": ["echo", str(number)]}) for number in range(4)]
    for plan in plans:
        simulation.run(plan)
        simulation.runtime.release(plan)
    simulation.clock.advance(1)
    assert output(simulation, plans[0]) == []
    assert output(simulation, plans[1]) == ["1"]
    assert output(simulation, plans[3]) == ["3"]


def test_output_is_a_ring() -> None:
    simulation, plan = Simulation(), make_plan({"command": ["sh", "-c", "while true; do echo x; sleep 1; done"]})
    simulation.run(plan)
    simulation.clock.advance(10 * KEPT_LINES)
    assert len(output(simulation, plan)) == KEPT_LINES
    assert output(simulation, plan, tail=3) == ["x", "x", "x"]


async def test_following_shows_lines_as_they_come_and_ends_with_the_container() -> None:
    simulation = Simulation()
    plan = make_plan({"command": ["sh", "-c", "echo a; sleep 5; echo b; sleep 5; echo c"]})
    simulation.run(plan)
    lines: list[tuple[str, float]] = []

    async def follow() -> None:
        nonlocal lines
        async for line in simulation.runtime.logs(plan.arn, "app", follow=True):
            lines += [(line.text, simulation.clock.now())]

    reader = asyncio.create_task(follow())
    for _ in range(20):
        await asyncio.sleep(0)
        simulation.clock.advance(1.0)
    await asyncio.wait_for(reader, 5)
    assert [text for text, _ in lines] == ["a", "b", "c"]
    assert [round(at - START) for _, at in lines] == [0, 5, 10]


async def test_following_begins_before_the_container_does() -> None:
    simulation, plan = Simulation(), make_plan({"command": ["echo", "hello"]})
    simulation.runtime.provision(plan)

    async def first() -> str:
        return await anext(line.text async for line in simulation.runtime.logs(plan.arn, "app", follow=True))

    reader = asyncio.create_task(first())
    await asyncio.sleep(0)
    simulation.run(plan)
    assert await asyncio.wait_for(reader, 5) == "hello"


async def test_following_ends_when_the_task_is_discarded() -> None:
    simulation, plan = Simulation(), make_plan({})
    simulation.run(plan)

    async def follow() -> list[str]:
        return [line.text async for line in simulation.runtime.logs(plan.arn, "app", follow=True)]

    reader = asyncio.create_task(follow())
    await asyncio.sleep(0)
    await simulation.runtime.discard()
    assert await asyncio.wait_for(reader, 5) == []
    assert await simulation.runtime.inventory() == []
