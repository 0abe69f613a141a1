"""Ten thousand short tasks leave nothing behind, once those that have stopped are forgotten after their hour."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest

from kecs.core.arns import scope_of

from .scheduled import put_rule
from .world import World

TASKS = 1_000  # a round
WARM = 2  # rounds after which the feed and the events that are remembered are as many as ever
ROUNDS = 10
LEFT = 0.05  # blocks of memory a task; whatever is kept of each is one at least
QUEUE = {"Id": "q", "Arn": "arn:aws:sqs:us-east-1:000000000000:q"}
STOPPED = {"source": ["aws.ecs"], "detail": {"lastStatus": ["STOPPED"]}}


def one_round(world: World) -> int:
    """Run tasks and have them forgotten; the blocks of memory that are in use then."""
    for _ in range(TASKS // 10):
        world.run("job", count=10)
    world.clock.advance(60)
    assert len(world.kernel.store.tasks) == TASKS
    world.clock.advance(3_600)
    told = sum(len(arguments.get("Entries", "1")) for _, _, arguments in world.companion.calls)
    assert told == TASKS
    world.companion.calls.clear()
    world.companion.places.clear()
    scope_of.cache_clear()  # it knows some thousands of ARNs and no more
    gc.collect()
    return sys.getallocatedblocks()


def records(world: World) -> dict[str, Any]:
    return {name: len(table) for name, table in world.kernel.store.tables.items() if len(table)}


@pytest.mark.long
def test_memory_is_flat_over_ten_thousand_tasks(world: World) -> None:
    world.runtime.set_script("job:1", {"run_seconds": 5})
    world.define("job", {"name": "app", "image": "job:1"})
    put_rule(world, "r", QUEUE, pattern=STOPPED)
    before = records(world)
    blocks = [one_round(world) for _ in range(ROUNDS)]
    assert records(world) == before | {"clusters": 1}
    assert blocks[-1] - blocks[WARM - 1] < LEFT * TASKS * (ROUNDS - WARM)
