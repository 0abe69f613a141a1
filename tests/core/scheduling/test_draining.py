"""Tasks on container instances that are to be left: what the scheduler plans for them."""

from __future__ import annotations

import pytest
from tests.core.scheduling.world import World

from kecs.aws.model import ecs as m

BREAKER = m.DeploymentCircuitBreaker(enable=True, rollback=False)


def settled(desired: int, least: int = 100, most: int = 200, **options: object) -> World:
    world = World(desired, least, most, **options)  # type: ignore[arg-type]
    world.settle()
    assert world.service.steady
    return world


# minimumHealthyPercent, maximumPercent, room on other instances: stops and launches of the first plans for four tasks
# of which two have to move
FIRST = [
    (100, 200, True, 0, 2),
    (100, 125, True, 0, 1),
    (50, 100, True, 2, 0),
    (50, 200, True, 0, 2),
    (50, 200, False, 2, 0),
    (100, 200, False, 0, 0),
]


@pytest.mark.parametrize(("least", "most", "places", "stops", "launches"), FIRST)
def test_the_first_move(least: int, most: int, places: bool, stops: int, launches: int) -> None:
    world = settled(4, least, most)
    world.places = places
    world.drain(world.running()[:2])
    world.reconcile()
    assert (len(world.stopping()), len(world.pending())) == (stops, launches)
    assert all(task.draining for task in world.stopping())
    world.get_room()
    world.settle()
    assert world.shape() == [(4, 4)]
    assert not any(task.draining for task in world.live())


def test_scaling_in_takes_those_that_have_to_move_anyway() -> None:
    world = settled(4)
    world.drain(world.running()[:2])
    world.scale(2)
    world.reconcile()
    assert [task.draining for task in world.stopping()] == [True, True]
    assert world.pending() == []


def test_an_unhealthy_task_stops_without_waiting() -> None:
    world = settled(2, checks=True)
    task = world.running()[0]
    world.drain([task])
    world.check(world.tasks[task.arn], "UNHEALTHY")
    world.step()
    assert [t.arn for t in world.stopping()] == [task.arn]


def test_a_protected_task_stays_until_its_protection_ends() -> None:
    world = settled(2)
    task = world.running()[0]
    world.drain([task])
    world.protect(world.tasks[task.arn], 600)
    world.reconcile()
    world.run(world.pending()[0])
    world.reconcile()
    assert world.stopping() == []
    assert world.last is not None
    assert world.last.wake_at == world.now + 600
    world.now += 600
    world.reconcile()
    assert [t.arn for t in world.stopping()] == [task.arn]


def test_old_tasks_move_by_themselves_when_the_new_deployment_has_failed() -> None:
    world = settled(2, breaker=BREAKER)
    old = world.primary.id
    world.deploy()
    for _ in range(2):
        world.reconcile()
        for task in world.pending():
            world.fail_to_start(task)
    world.reconcile()
    assert world.primary.rollout_state == "FAILED"
    world.drain(world.running()[:1])
    world.reconcile()
    (coming,) = world.pending()
    assert coming.deployment_id == old
    world.run(coming)
    world.reconcile()
    assert [task.draining for task in world.stopping()] == [True]
    assert world.healthy() == 2


def test_a_deployment_that_moves_is_not_complete_before() -> None:
    world = settled(2)
    world.drain(world.running()[:1])
    world.reconcile()
    assert not world.service.steady
    world.settle()
    assert world.service.steady
    assert world.messages().count("has reached a steady state.") == 2
