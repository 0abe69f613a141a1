"""Rolling updates: how many tasks start and stop, and when, for the percentages that people use."""

from __future__ import annotations

import pytest
from tests.core.scheduling.world import World

from kecs.core.scheduling.limits import Limits, limits
from kecs.core.scheduling.plan import Launch
from kecs.core.scheduling.scheduler import plan

# minimumHealthyPercent, maximumPercent -> (minimum, maximum) for a desired count of 1, 2, 3, 4, 10
BOUNDS = {
    (0, 100): [(0, 1), (0, 2), (0, 3), (0, 4), (0, 10)],
    (50, 100): [(1, 1), (1, 2), (2, 3), (2, 4), (5, 10)],
    (50, 200): [(1, 2), (1, 4), (2, 6), (2, 8), (5, 20)],
    (100, 100): [(1, 1), (2, 2), (3, 3), (4, 4), (10, 10)],
    (100, 150): [(1, 1), (2, 3), (3, 4), (4, 6), (10, 15)],
    (100, 200): [(1, 2), (2, 4), (3, 6), (4, 8), (10, 20)],
    (66, 133): [(1, 1), (2, 2), (2, 3), (3, 5), (7, 13)],
    (75, 125): [(1, 1), (2, 2), (3, 3), (3, 5), (8, 12)],
}
COUNTS = (1, 2, 3, 4, 10)
CASES = [(*p, d, *b) for p, row in BOUNDS.items() for d, b in zip(COUNTS, row, strict=True)]


def settled(desired: int, least: int, most: int, *, checks: bool = False) -> World:
    world = World(desired, least, most, checks=checks)
    world.settle()
    assert world.service.steady
    return world


@pytest.mark.parametrize(("least", "most", "desired", "minimum", "maximum"), CASES)
def test_the_minimum_is_rounded_up_and_the_maximum_down(least, most, desired, minimum, maximum):
    bounds = limits(World(desired, least, most).service)
    assert bounds == Limits(desired=desired, minimum=minimum, maximum=maximum)


@pytest.mark.parametrize(("least", "most", "desired", "minimum", "maximum"), CASES)
def test_a_rollout_replaces_every_task_within_the_limits(least, most, desired, minimum, maximum):
    world = settled(desired, least, most)
    new = world.deploy()
    lowest, highest = desired, desired
    for _ in range(200):
        world.reconcile()
        lowest, highest = min(lowest, world.healthy()), max(highest, len(world.live()))
        if not world.go_on():
            break
    assert lowest >= minimum
    assert highest <= maximum
    if minimum == maximum:
        assert [d.status for d in world.service.deployments] == ["PRIMARY", "ACTIVE"]
        assert world.messages()[-1].startswith("was unable to stop or start tasks during a deployment")
    else:
        assert [d.id for d in world.service.deployments] == [new]
        assert len(world.running(new)) == desired == len(world.live())
        assert world.primary.rollout_state == "COMPLETED"


# The first answer to a new deployment of a steady service: how many tasks it stops and starts before anything else
# happens. Where the maximum leaves room it starts first; only without room does it stop first.
FIRST = [
    (0, 100, 4, 4, 0),
    (50, 100, 1, 0, 0),
    (50, 100, 4, 2, 0),
    (50, 200, 4, 0, 4),
    (100, 100, 4, 0, 0),
    (100, 150, 1, 0, 0),
    (100, 150, 4, 0, 2),
    (100, 200, 1, 0, 1),
    (100, 200, 10, 0, 10),
    (66, 133, 2, 0, 0),
    (66, 133, 3, 1, 0),
    (66, 133, 10, 0, 3),
    (75, 125, 4, 0, 1),
]


@pytest.mark.parametrize(("least", "most", "desired", "stops", "launches"), FIRST)
def test_the_first_move_of_a_rollout(least, most, desired, stops, launches):
    world = settled(desired, least, most)
    world.deploy()
    world.step()
    assert (len(world.stopping()), len(world.pending())) == (stops, launches)


def test_old_tasks_stop_one_by_one_as_new_ones_become_healthy():
    world = settled(3, 100, 200, checks=True)
    world.deploy()
    world.reconcile()
    assert world.shape() == [(3, 0), (3, 3)]
    for count in (1, 2, 3):
        task = world.pending()[0]
        world.run(task)
        world.reconcile()
        assert len(world.stopping()) == count - 1, "RUNNING is not enough where there is a health check"
        world.check(world.tasks[task.arn], "HEALTHY")
        world.reconcile()
        assert len(world.stopping()) == count
    assert world.shape() == [(3, 3), (0, 0)]
    assert (world.service.steady, world.primary.rollout_state) == (False, "IN_PROGRESS"), "old tasks are still there"
    for task in world.stopping():
        world.finish_stop(task)
    world.reconcile()
    assert (world.service.steady, world.primary.rollout_state) == (True, "COMPLETED")
    assert world.shape() == [(3, 3)]


def test_nothing_starts_until_what_holds_the_room_has_stopped():
    world = settled(2, 0, 100)
    world.deploy()
    world.reconcile()
    assert len(world.stopping()) == 2
    world.change(world.stopping()[0], last_status="STOPPING")
    world.reconcile()
    assert world.pending() == []
    world.finish_stop(world.stopping()[0])
    world.reconcile()
    assert len(world.pending()) == 1


def test_a_newer_deployment_supersedes_one_that_never_worked():
    world = settled(3, 100, 200)
    good = world.primary.id
    broken = world.deploy()
    world.reconcile()
    for task in world.pending():
        world.fail_to_start(task)
    world.reconcile()
    assert len(world.pending()) == 3, "the first failure is answered at once"
    world.deploy()
    world.reconcile()
    assert [d.status for d in world.service.deployments] == ["PRIMARY", "ACTIVE", "ACTIVE"]
    assert {t.deployment_id for t in world.stopping()} == {broken}, "nobody waits for its starting tasks"
    assert len(world.running(good)) == 3
    world.settle()
    assert [d.task_definition[-1] for d in world.service.deployments] == [world.primary.task_definition[-1]]
    assert world.service.steady


def test_starting_tasks_of_an_old_deployment_stay_only_to_get_back_to_the_minimum():
    for least, kept in ((50, 0), (75, 1), (100, 2)):
        world = settled(2, least, 200)
        old = world.primary.id
        world.scale(4)
        world.reconcile()
        new = world.deploy()
        world.reconcile()
        assert [t.deployment_id for t in world.pending()] == [old] * kept + [new] * 4
        world.settle()
        assert world.shape() == [(4, 4)]


def test_a_deployment_without_tasks_disappears_at_once():
    world = World(0)
    world.settle()
    new = world.deploy()
    world.reconcile()
    assert [d.id for d in world.service.deployments] == [new]
    assert world.primary.rollout_state == "COMPLETED"


def test_an_old_task_that_dies_while_the_new_ones_fail_is_replaced_by_its_own_revision():
    world = settled(2, 100, 200)
    old = world.primary.id
    world.deploy()
    world.reconcile()
    for _ in range(4):
        for task in world.pending():
            world.fail_to_start(task)
        world.reconcile()
    assert world.pending() == [], "the new revision has to wait"
    world.exit(world.running(old)[0])
    world.reconcile()
    assert [t.deployment_id for t in world.pending()] == [old]
    world.run(world.pending()[0])
    world.reconcile()
    assert world.healthy() == 2


def test_room_goes_to_the_new_deployment_first():
    world = settled(1, 100, 100)
    new = world.deploy()
    world.reconcile()
    assert world.pending() == []
    world.exit(world.running()[0])
    world.reconcile()
    assert [t.deployment_id for t in world.pending()] == [new], "what blocked the roll-out is gone"


def test_an_unhealthy_old_task_stops_without_waiting():
    world = settled(2, 100, 200, checks=True)
    world.deploy()
    world.reconcile()
    sick = world.running()[0]
    world.check(sick, "UNHEALTHY")
    world.reconcile()
    assert [t.arn for t in world.stopping()] == [sick.arn]


def test_no_room_on_any_instance_makes_old_tasks_stop_down_to_the_minimum():
    world = settled(4, 50, 200)
    world.places = False
    world.deploy()
    world.reconcile()
    assert len(world.stopping()) == 2
    assert world.primary.unplaced
    world.places = True
    for task in world.stopping():
        world.finish_stop(task)
    world.reconcile()
    assert len(world.pending()) == 4, "a task that stopped ends the wait for room"
    world.settle()
    assert world.shape() == [(4, 4)]
    assert not world.primary.unplaced


def test_tasks_of_no_known_deployment_are_stopped_and_count_for_nothing():
    world = settled(1, 100, 100)
    stray = world.running()[0]
    world.change(stray, deployment_id="ecs-svc/9999999999999999999")
    result = plan(world.snapshot(), world.new_id)
    assert [stop.task for stop in result.stops] == [stray.arn]
    assert result.launches == (Launch(deployment_id=world.primary.id, count=1),)
