from __future__ import annotations

import pytest
from tests.gateway.consoles import FakeConsole, call
from tests.scenarios.world import Refused, World

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


async def test_calls_are_recorded_when_somebody_says_so() -> None:
    console = FakeConsole()
    for wanted in ("true", "false"):
        body = b'{"calls": %b}' % wanted.encode()
        assert (await call(console, "POST", "/_kecs/history", body)).body == body.replace(b" ", b"")
    assert console.calls == [("record", True), ("record", False)]
    for bad in (b"", b"[]", b'{"calls": 1}', b'{"calls": true, "more": 1}'):
        assert (await call(console, "POST", "/_kecs/history", bad)).status == 400


def test_calls_that_can_change_something_are_events() -> None:
    world = World()
    console = KernelConsole(world.kernel, "default")
    world.call("CreateCluster", clusterName="early")
    assert console.record_calls(True)
    assert console.record_calls(True)
    world.call("CreateCluster", clusterName="shop")
    world.call("ListClusters")
    assert console.record_calls(False)
    with pytest.raises(Refused):
        world.call("DeleteService", cluster="shop", service="nothing")
    assert not console.record_calls(False)
    world.call("CreateCluster", clusterName="late")
    told = [(e.kind, e.after, e.message, e.cluster) for e in console.history(2, None, None).events]
    shop = told[0][3]
    assert shop == f"arn:aws:ecs:us-east-1:{world.kernel.settings.account}:cluster/shop"
    assert told[:3] == [
        ("call", "OK", "CreateCluster clusterName=shop", shop),
        ("cluster", "ACTIVE", "cluster shop new -> ACTIVE", shop),
        (
            "call",
            "ServiceNotFoundException",
            "DeleteService cluster=shop service=nothing -> ServiceNotFoundException",
            shop,
        ),
    ]
    assert [kind for kind, *_ in told[3:]] == ["cluster"]
    assert console.history(2, None, None).events[2].reason == "Service not found."
