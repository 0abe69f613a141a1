from __future__ import annotations

import pytest
from tests.gateway.consoles import FakeConsole, call
from tests.scenarios.world import World

from kecs.app.console import KernelConsole


async def test_a_stretch_of_the_feed() -> None:
    console = FakeConsole()
    answer = (await call(console, "GET", "/_kecs/history?since=4&cluster=shop&newest=7")).json()
    assert (answer["first"], answer["last"], answer["now"]) == (3, 5, 10.0)
    assert [event["id"] for event in answer["events"]] == [5]
    await call(console, "GET", "/_kecs/history")
    assert console.calls == [("history", 4, "shop", 7), ("history", 0, None, None)]


@pytest.mark.parametrize("query", ["since=x", "since=-1", "newest=", "newest=1.5"])
async def test_what_is_no_number(query: str) -> None:
    console = FakeConsole()
    assert (await call(console, "GET", f"/_kecs/history?{query}")).status == 400
    assert console.calls == []


def test_of_one_cluster_and_the_newest() -> None:
    world = World()
    console = KernelConsole(world.kernel, "default")
    for name in ("one", "other"):
        world.call("CreateCluster", clusterName=name)
    world.define()
    world.run(cluster="one")
    everything = console.history(0, None, None)
    assert (everything.first, everything.last) == (1, len(everything.events))
    arn = everything.events[1].arn
    of_one = console.history(0, "one", None).events
    assert [event.kind for event in of_one] == ["cluster", "task"]
    assert console.history(0, arn, None).events == of_one
    assert console.history(0, "one", 1).events == of_one[1:]
    assert console.history(everything.last, None, None).events == console.history(0, None, 0).events == ()
