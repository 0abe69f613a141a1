"""Scaling, replacement of tasks that die or get unhealthy, back-off, and deletion."""

from __future__ import annotations

import time

import pytest
from tests.core.scheduling.world import World

from kecs.core.scheduling.backoff import BRIEF, DELAYS, LONGEST, SOONEST_VERDICT, delay
from kecs.core.scheduling.plan import Stop
from kecs.core.scheduling.scheduler import plan


def settled(desired: int, **options: object) -> World:
    world = World(desired, **options)  # type: ignore[arg-type]
    world.settle()
    assert world.service.steady
    return world


def test_scaling_out_starts_what_is_missing():
    world = settled(1)
    world.scale(4)
    assert not world.service.steady
    world.step()
    assert len(world.pending()) == 3
    world.settle()
    assert world.shape() == [(4, 4)]
    assert world.primary.rollout_state == "COMPLETED"


def test_scaling_in_stops_starting_tasks_first_then_the_newest():
    world = settled(2)
    first = world.running()[0].arn
    world.scale(4)
    world.reconcile()
    starting = {t.arn for t in world.pending()}
    world.scale(1)
    world.reconcile()
    assert starting < {t.arn for t in world.stopping()}
    assert [t.arn for t in world.running()] == [first]


def test_scaling_in_keeps_the_healthy_ones():
    world = settled(3, checks=True)
    newest = world.running()[-1]
    world.scale(4)
    world.reconcile()
    world.run(world.pending()[0])
    world.scale(3)
    world.reconcile()
    assert newest.arn in {t.arn for t in world.running()}
    assert world.healthy() == 3


def test_scaling_in_stops_no_healthy_task_below_the_minimum_in_place_of_a_protected_one():
    world = settled(4, checks=True, grace=30)
    sick = world.running()[0]
    world.check(sick, "UNHEALTHY")
    world.protect(world.tasks[sick.arn], 60.0)
    world.scale(3)
    world.reconcile()
    assert (world.healthy(), world.stopping()) == (3, [])
    world.now += 30
    world.step()
    assert world.last is not None
    assert [stop.task for stop in world.last.stops] == [sick.arn], "its grace period is over"
    world.settle()
    assert world.shape() == [(3, 3)]


def test_scaling_to_zero_and_back():
    world = settled(3)
    world.scale(0)
    world.settle()
    assert world.live() == []
    assert world.service.steady
    world.scale(2)
    world.settle()
    assert world.shape() == [(2, 2)]


def test_a_task_that_dies_is_replaced_at_once_however_often():
    world = settled(2)
    for _ in range(20):
        world.now += BRIEF
        world.exit(world.running()[0])
        world.reconcile()
        assert len(world.pending()) == 1
        world.run(world.pending()[0])
        world.reconcile()
    assert world.primary.consecutive_failures == 0
    assert world.primary.failed_tasks == 0


def test_tasks_that_end_as_soon_as_they_run_are_replaced_at_a_pace():
    world = settled(2)
    waits = []
    for _ in range(8):
        began = world.now
        for task in world.running():
            world.exit(task)
        world.reconcile()
        while not world.pending():
            retry_at = world.primary.retry_at
            assert retry_at is not None
            world.now = retry_at
            world.reconcile()
        waits.append(world.now - began)
        for task in world.pending():
            world.run(task)
        world.reconcile()
    assert waits == [0.0, 0.0, 1.0, 2.0, 5.0, 10.0, 10.0, 10.0]
    assert world.primary.failed_tasks == 0


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [(0.0, [0.0, 0.0, 1.0, 2.0, 5.0, 10.0, 10.0]), (SOONEST_VERDICT, [0.0] * 7)],
)
def test_tasks_that_fail_their_checks_before_any_real_check_can_are_replaced_at_a_pace(
    verdict: float, expected: list[float]
):
    world = settled(1, least=0, most=100, checks=True)
    waits = []
    for _ in expected:
        world.now += verdict
        world.check(world.running()[0], "UNHEALTHY")
        world.reconcile()
        world.finish_stop(world.stopping()[0])
        began = world.now
        world.reconcile()
        while not world.pending():
            retry_at = world.primary.retry_at
            assert retry_at is not None
            world.now = retry_at
            world.reconcile()
        waits.append(world.now - began)
        world.run(world.pending()[0])
    assert waits == expected
    assert world.primary.consecutive_failures == 0


def test_a_task_stopped_by_a_user_is_replaced_while_it_stops():
    world = settled(3)
    world.ask_to_stop(world.running()[0])
    world.reconcile()
    assert len(world.pending()) == 1
    assert not world.service.steady
    world.settle()
    assert world.service.steady


def test_an_unhealthy_task_goes_when_its_replacement_is_healthy():
    world = settled(2, checks=True)
    sick = world.running()[0]
    world.check(sick, "UNHEALTHY")
    world.reconcile()
    assert (len(world.pending()), world.stopping()) == (1, [])
    new = world.pending()[0]
    world.run(new)
    world.reconcile()
    assert world.stopping() == []
    world.check(world.tasks[new.arn], "HEALTHY")
    world.step()
    assert world.last is not None
    assert world.last.stops == (Stop(task=sick.arn, reason="Task failed container health checks"),)
    world.settle()
    assert world.service.steady


def test_unhealthy_tasksgo_one_at_a_time_when_there_is_no_room_for_replacements():
    world = settled(3, least=50, most=100, checks=True)
    for task in world.running()[:2]:
        world.check(task, "UNHEALTHY")
    world.reconcile()
    assert len(world.stopping()) == 1
    world.finish_stop(world.stopping()[0])
    world.reconcile()
    assert (len(world.pending()), len(world.stopping())) == (1, 0)
    world.settle()
    assert world.healthy() == 3
    assert world.service.steady


def test_a_task_that_recovers_makes_its_replacement_superfluous():
    world = settled(2, checks=True)
    task = world.running()[0]
    world.check(task, "UNHEALTHY")
    world.reconcile()
    world.check(task, "HEALTHY")
    world.reconcile()
    assert len(world.stopping()) == 1
    assert world.healthy() == 2


def test_failed_checks_are_ignored_in_the_grace_period():
    world = World(1, checks=True, grace=60)
    world.reconcile()
    task = world.pending()[0]
    world.run(task)
    world.check(world.tasks[task.arn], "UNHEALTHY")
    world.reconcile()
    assert world.pending() == []
    assert world.last is not None
    assert world.last.wake_at == world.now + 60
    world.now += 60
    world.reconcile()
    assert len(world.pending()) == 1


def test_failed_tasks_counts_until_the_first_success():
    world = World(2)
    world.reconcile()
    first, second = world.pending()
    world.fail_to_start(first)
    world.reconcile()
    assert world.primary.failed_tasks == 1
    world.run(second)
    world.reconcile()
    assert (world.primary.failed_tasks, world.primary.reached_running) == (0, True)
    world.fail_to_start(world.pending()[0])
    world.reconcile()
    assert world.primary.failed_tasks == 0


def test_failed_health_checks_count_as_failed_tasks():
    world = World(1, checks=True)
    world.reconcile()
    for failed in (0, 0, 1, 2):
        assert world.primary.failed_tasks == failed
        task = world.pending()[0]
        world.run(task)
        world.check(world.tasks[task.arn], "UNHEALTHY")
        world.reconcile()
        for stopping in world.stopping():
            world.finish_stop(stopping)
        world.reconcile()


def test_tasks_that_never_run_wait_longer_and_longer():
    world = World(1)
    world.reconcile()
    waits = []
    for _ in range(len(DELAYS) + 2):
        world.fail_to_start(world.pending()[0])
        world.reconcile()
        begin = world.now
        if not world.pending():
            assert world.last is not None
            assert world.last.wake_at is not None
            world.now = world.last.wake_at - 0.001
            world.reconcile()
            assert world.pending() == []
            world.now += 0.001
            world.reconcile()
        waits.append(round(world.now - begin, 3))
    assert waits == [*DELAYS, LONGEST, LONGEST]
    throttled = [text for text in world.messages() if "consistently" in text]
    assert len(throttled) == 1
    world.run(world.pending()[0])
    world.reconcile()
    assert (world.primary.consecutive_failures, world.primary.retry_at) == (0, None)


def test_delays_never_shrink_and_end_at_the_longest():
    delays = [delay(n) for n in range(1, 40)]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST


def test_tasks_that_fail_together_are_one_attempt():
    world = World(10)
    world.reconcile()
    for task in world.pending()[:10]:
        world.now += 0.01
        world.fail_to_start(task)
        world.step()
    assert world.primary.consecutive_failures == 1
    assert world.primary.failed_tasks == 10


def test_one_task_that_runs_does_not_hide_another_that_never_does():
    world = World(2)
    world.reconcile()
    world.run(world.pending()[0])
    for _ in range(3):
        world.now += 0.01
        world.fail_to_start(world.pending()[0])
        world.reconcile()
    assert world.pending() == []
    assert world.primary.consecutive_failures == 3


def test_a_new_deployment_does_not_inherit_the_wait():
    world = World(1)
    world.reconcile()
    world.keep_failing(5)
    world.fail_to_start(world.pending()[0])
    world.reconcile()
    assert world.pending() == []
    world.deploy()
    world.reconcile()
    assert [t.deployment_id for t in world.pending()] == [world.primary.id]


def test_a_starting_task_that_the_scheduler_stops_is_no_failure():
    world = World(2)
    world.reconcile()
    world.scale(0)
    world.settle()
    assert world.primary.failed_tasks == 0
    assert world.primary.consecutive_failures == 0


def test_what_finds_no_room_is_tried_again_within_a_minute():
    world = World(1)
    world.places = False
    waits = []
    for _ in range(12):
        world.reconcile()
        assert world.last is not None
        assert world.last.wake_at is not None
        waits.append(world.last.wake_at - world.now)
        world.now = world.last.wake_at
    assert waits[0] == 1.0
    assert waits == sorted(waits)
    assert waits[-1] == 60.0
    assert world.primary.failed_tasks == 12
    world.places = True
    world.settle()
    assert world.service.steady


def test_deletion_drains_and_ends():
    world = settled(2)
    world.delete()
    assert (world.service.status, world.service.desired_count) == ("DRAINING", 0)
    world.reconcile()
    assert len(world.stopping()) == 2
    assert world.service.status == "DRAINING"
    for task in world.stopping():
        world.change(task, last_status="STOPPING")
    world.reconcile()
    assert (world.service.status, world.service.deployments) == ("INACTIVE", ())
    for task in world.stopping():
        world.finish_stop(task)
    world.reconcile()
    assert world.tasks == {}


def test_deletion_in_the_middle_of_a_rollout():
    world = settled(2)
    world.deploy()
    world.reconcile()
    world.delete()
    world.settle()
    assert world.service.status == "INACTIVE"
    assert world.live() == []


@pytest.mark.parametrize("desired", [0, 1, 5])
def test_a_steady_service_is_left_alone(desired):
    world = settled(desired)
    result = plan(world.snapshot(), world.new_id)
    assert result.service is world.service
    assert (result.launches, result.stops, result.accounted) == ((), (), ())


def test_a_plan_for_a_thousand_tasks_is_quick():
    world = World(1000)
    world.reconcile()
    for task in world.pending():
        world.run(task)
    snapshot = world.snapshot()
    times = []
    for _ in range(5):
        begin = time.process_time()
        plan(snapshot, world.new_id)
        times.append(time.process_time() - begin)
    assert min(times) < 0.02, "a few milliseconds even on a busy machine; quadratic work would take seconds"
