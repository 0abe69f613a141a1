"""A snapshot, restored at any instant of whatever is under way, goes on exactly as it would have gone on without.

Two worlds live through the same calls and accidents; one of them moves into another KECS in between. Afterwards every
record is the same in both, identifiers and times included.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.properties.test_restart import SCRIPTS, SECONDS, STEPS, STRATEGIES, Step, deploy, furnish, scale, shown
from tests.properties.watching import content
from tests.scenarios.world import START, World

from kecs.app.snapshots import KernelSnapshots


def born() -> World:
    world = World(start=START)
    for image, script in SCRIPTS.items():
        world.runtime.set_script(image, script)
    return world


def moved(world: World) -> World:
    """Another world, as a snapshot of this one has it, with the same chance ahead."""
    document = KernelSnapshots(world.kernel).take()
    other = World(start=START - 1e6, seed=2)
    chance = other.kernel.ids._bits.__self__  # type: ignore[attr-defined]
    chance.setstate(world.kernel.ids._bits.__self__.getstate())  # type: ignore[attr-defined]
    asyncio.run(KernelSnapshots(other.kernel).restore(document))
    assert content(other) == content(world)
    assert KernelSnapshots(other.kernel).take() == document
    return other


def end(steps: list[tuple[Step, float]], number: int, moment: float, *, moves: bool) -> tuple[Any, Any]:
    """Every record in the end; if it moves, another KECS goes on when `moment` has passed after the step `number`."""
    world = born()
    furnish(world)
    for at, ((call, *arguments), seconds) in enumerate(steps):
        call(world, *arguments)
        first = min(moment, seconds) if at == number else seconds
        world.clock.advance(first)
        if at == number and moves:
            world = moved(world)
        world.clock.advance(seconds - first)
    world.clock.advance(5400)
    return content(world), shown(world)


@settings(max_examples=40)
@given(steps=st.lists(st.tuples(STEPS, SECONDS), min_size=1, max_size=6), number=st.integers(0, 5), moment=SECONDS)
@example(steps=[((deploy, "packed", "broken", {}), 70.0)], number=0, moment=0.0025)  # between pull and start
@example(  # baking
    steps=[((scale, "shifting", 0), 600.0), ((deploy, "shifting", "app", STRATEGIES[0]), 600.0)], number=1, moment=21.0
)
def test_what_was_restored_goes_on_as_if_nothing_had_happened(
    steps: list[tuple[Step, float]], number: int, moment: float
) -> None:
    when = number % len(steps), moment
    assert end(steps, *when, moves=True) == end(steps, *when, moves=False)
