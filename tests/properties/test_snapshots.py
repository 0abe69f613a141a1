"""A snapshot, restored at any instant of whatever is under way, goes on exactly as it would have gone on without.

Two worlds live through the same calls and accidents; one of them moves into another KECS in between. Afterwards every
record is the same in both, identifiers and times included.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.properties.test_restart import (
    FAMILIES,
    SCRIPTS,
    SECONDS,
    STEPS,
    STRATEGIES,
    Step,
    ask,
    deploy,
    furnish,
    scale,
    shown,
)
from tests.properties.watching import content
from tests.scenarios.world import START, World

from kecs.app.snapshots import KernelSnapshots

LINES = (
    "sleep 50; exit 3",
    "trap '' TERM; sleep 100000",
    "trap 'echo bye; sleep 2; exit 4' TERM; sleep 9999",
    "exit 1",
)
CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/default"
TARGET = {
    "Id": "job",
    "Arn": CLUSTER,
    "RoleArn": "arn:aws:iam::000000000000:role/events",
    "EcsParameters": {
        "TaskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/sick",
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-1"]}},
    },
}


def run_a_job(world: World, image: str, line: str) -> None:
    override = {"name": "app", "command": ["sh", "-c", line]}
    world.run(image, overrides={"containerOverrides": [override]}, startedBy="job")


def stop_the_jobs(world: World) -> None:
    for task in world.call("ListTasks", startedBy="job")["taskArns"]:
        ask(world, "StopTask", task=task)


def schedule(world: World, minutes: int) -> None:
    rate = f"rate({minutes} minute{'s' if minutes > 1 else ''})"
    world.call("PutRule", prefix="AWSEvents", Name="often", ScheduleExpression=rate)
    world.call("PutTargets", prefix="AWSEvents", Rule="often", Targets=[TARGET])


MORE_STEPS = st.one_of(
    STEPS,
    st.tuples(st.just(run_a_job), st.sampled_from(FAMILIES), st.sampled_from(LINES)),
    st.tuples(st.just(stop_the_jobs)),
    st.tuples(st.just(schedule), st.integers(1, 20)),
)


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


def end(steps: list[tuple[Step, float]], number: int, moment: float, *, moves: bool) -> tuple[Any, ...]:
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
    return content(world), shown(world), asyncio.run(world.runtime.inventory())


@settings(max_examples=40)
@given(steps=st.lists(st.tuples(MORE_STEPS, SECONDS), min_size=1, max_size=6), number=st.integers(0, 5), moment=SECONDS)
@example(steps=[((run_a_job, "app", LINES[2]), 1.0), ((stop_the_jobs,), 1.0)], number=1, moment=0.01)
@example(steps=[((deploy, "packed", "broken", {}), 70.0)], number=0, moment=0.0025)  # between pull and start
@example(  # baking
    steps=[((scale, "shifting", 0), 600.0), ((deploy, "shifting", "app", STRATEGIES[0]), 600.0)], number=1, moment=21.0
)
def test_what_was_restored_goes_on_as_if_nothing_had_happened(
    steps: list[tuple[Step, float]], number: int, moment: float
) -> None:
    when = number % len(steps), moment
    assert end(steps, *when, moves=True) == end(steps, *when, moves=False)
