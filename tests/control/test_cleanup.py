"""Clean-up: what is over is shown for a while and then forgotten, by its own clock and no other's."""

from __future__ import annotations

import pytest
from tests.scenarios.world import Refused, World

from kecs.core.settings import Settings


def forgetting(seconds: float) -> World:
    return World(Settings(stopped_task_retention=seconds, local_cpu=4096, local_memory=8192))


def stopped_task(world: World) -> str:
    """A task that has stopped."""
    arn: str = world.run()["tasks"][0]["taskArn"]
    world.call("StopTask", task=arn)
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    return arn


def known(world: World, arn: str) -> bool:
    return bool(world.call("DescribeTasks", tasks=[arn])["tasks"])


def test_a_stopped_task_is_shown_for_an_hour(world: World) -> None:
    world.define()
    arn = stopped_task(world)
    world.clock.advance(3599)
    assert known(world, arn)
    world.clock.advance(1)
    assert not known(world, arn)
    assert world.call("DescribeTasks", tasks=[arn])["failures"] == [{"arn": arn, "reason": "MISSING"}]


def test_each_task_has_its_own_hour(world: World) -> None:
    world.define()
    first = stopped_task(world)
    world.clock.advance(1800)
    second = stopped_task(world)
    running = world.run()["tasks"][0]["taskArn"]
    world.clock.advance(1801)
    assert (known(world, first), known(world, second), known(world, running)) == (False, True, True)
    world.clock.advance(3600)
    assert (known(world, second), known(world, running)) == (False, True)


def test_forgetting_a_task_is_no_reason_to_look_at_its_service(world: World) -> None:
    world.define()
    world.serve("s", 20)
    world.settle()
    world.call("UpdateService", service="s", desiredCount=0)
    world.clock.advance(60)
    looks = world.kernel.control.decisions.looks
    world.clock.advance(3600)
    assert (len(world.kernel.store.tasks), world.kernel.control.decisions.looks) == (0, looks)


def test_nothing_is_kept_where_nothing_is_to_be_kept() -> None:
    world = forgetting(0.0)
    world.define()
    world.serve(count=2)
    world.settle()
    arn = world.tasks()[0]["taskArn"]
    world.call("StopTask", task=arn)
    world.until(lambda: not known(world, arn))
    world.settle()
    assert len(world.kernel.store.tasks) == 2
    assert [e.after for e in world.events("task") if e.arn == arn][-2:] == ["STOPPED", None]


def test_a_service_that_ended_is_shown_for_an_hour(world: World) -> None:
    world.define()
    world.serve(count=1)
    world.call("DeleteService", service="s", force=True)
    world.until(lambda: world.service()["status"] == "INACTIVE")
    world.clock.advance(3599)
    assert world.service()["status"] == "INACTIVE"
    world.clock.advance(1)
    assert world.call("DescribeServices", services=["s"])["failures"][0]["reason"] == "MISSING"
    with pytest.raises(Refused, match="ServiceNotFoundException"):
        world.call("UpdateService", service="s", desiredCount=1)


def test_a_service_made_again_under_the_same_name_is_not_forgotten(world: World) -> None:
    world.define()
    for _ in range(2):
        world.serve(count=1)
        world.settle()
        world.call("DeleteService", service="s", force=True)
        world.until(lambda: world.service()["status"] == "INACTIVE")
        world.clock.advance(1800)
    world.clock.advance(1799)
    assert world.service()["status"] == "INACTIVE"  # the hour of its second end counts
    world.serve(count=1)
    world.clock.advance(7200)
    assert world.service()["status"] == "ACTIVE"
    assert world.stable()
    assert len(world.kernel.store.tasks) == 1


def test_a_reset_forgets_the_clean_up_too(world: World) -> None:
    world.define()
    stopped_task(world)
    with pytest.raises(StopIteration):
        world.kernel.reset().send(None)
    world.define()
    arn = stopped_task(world)
    world.clock.advance(3599)
    assert known(world, arn)
