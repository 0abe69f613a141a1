"""Availability Zone rebalancing: which tasks move, in which steps, and when none do."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace
from tests.core.scheduling.zoned import ENOUGH, ZonedWorld

from kecs.core.scheduling.zones import moves

# tasks by zone, zones where tasks can run, tasks that are protected -> zones that get one each, in this order
MOVES = [
    ({"a": 2, "b": 2, "c": 2}, "abc", "", ""),
    ({"a": 3, "b": 2, "c": 2}, "abc", "", ""),
    ({"a": 4, "b": 0}, "ab", "", "bb"),
    ({"a": 6, "b": 0, "c": 0}, "abc", "", "bcbc"),
    ({"a": 5, "b": 1, "c": 3}, "abc", "", "bb"),
    ({"a": 3, "b": 3, "c": 0}, "abc", "", "cc"),
    ({"a": 4, "b": 0}, "a", "", ""),
    ({"a": 4, "b": 0}, "ab", "aaa", "b"),
    ({"a": 4, "b": 0}, "ab", "aaaa", ""),
    ({"a": 1, "b": 0}, "ab", "", ""),
    ({"a": 0, "b": 4}, "a", "", "aa"),
]


@pytest.mark.parametrize(("there", "zones", "protected", "targets"), MOVES)
def test_moves(there, zones, protected, targets):
    free = Counter(there) - Counter(protected)
    assert "".join(moves(Counter(there), zones, free)) == targets


def crowded(desired: int, **members) -> ZonedWorld:
    """A steady service with all its tasks in zone a, since no other had room; now b has."""
    world = ZonedWorld(desired, {"a": ENOUGH, "b": 0}, **members)
    world.settle()
    assert world.balance() == [desired, 0]
    world.now += 60
    world.give("b", ENOUGH)
    return world


def news(world: ZonedWorld, since: int) -> list[str]:
    """The events after the first ones, without the tasks."""
    return [text.partition(": (task")[0] for text in world.messages()[since:]]


def test_tasks_start_where_they_lack_before_others_stop():
    world = crowded(4)
    said = len(world.messages())
    world.reconcile()
    assert (world.balance(), len(world.pending())) == ([4, 2], 2)
    world.run(world.pending()[0])
    world.reconcile()
    assert [task.zone for task in world.stopping()] == ["a"]
    assert [task.zone for task in world.running() if task.zone == "b"] == ["b"]
    world.settle()
    assert world.balance() == [2, 2]
    assert news(world, said) == [
        "is not AZ balanced with 4 tasks in a and 0 tasks in b. AZ Rebalancing in progress.",
        "has started 2 tasks in b to AZ Rebalance",
        "has stopped 1 running tasks in a due to AZ rebalancing",
        "has stopped 1 running tasks in a due to AZ rebalancing",
        "has reached a steady state.",
        "is AZ balanced with 2 tasks in a and 2 tasks in b.",
    ]


def test_a_task_has_to_be_healthy_to_stand_in_for_another():
    world = crowded(2, checks=True)
    world.reconcile()
    (new,) = world.pending()
    world.run(new)
    world.reconcile()
    assert world.stopping() == []
    world.check(world.tasks[new.arn], "HEALTHY")
    world.reconcile()
    assert [task.zone for task in world.stopping()] == ["a"]


# desired count, maximumPercent -> how many tasks move at a time
AT_A_TIME = [(4, 200, 2), (4, 125, 1), (10, 120, 2), (4, 110, 0), (1, 200, 0)]


@pytest.mark.parametrize(("desired", "most", "count"), AT_A_TIME)
def test_no_more_move_at_a_time_than_the_maximum_has_room_for(desired, most, count):
    world = crowded(desired, most=most)
    world.reconcile()
    assert len(world.in_zone("b")) == count
    world.settle()
    assert world.balance() == ([-(-desired // 2), desired // 2] if count else [desired, 0])


def test_a_maximum_of_100_percent_turns_it_off():
    world = crowded(4, most=100, least=50)
    world.reconcile()
    assert (world.balance(), world.service.rebalancing) == ([4, 0], None)


def test_protected_tasks_stay():
    world = crowded(4)
    for task in world.live():
        world.protect(task, 3600)
    world.reconcile()
    assert world.balance() == [4, 0]
    text = f"was unable to AZ Rebalance because {world.primary.id} was unable to scale in due to task protection."
    assert world.messages()[-1] == text
    assert world.last is not None
    assert world.last.wake_at == world.now + 3600
    world.now += 3600
    world.settle()
    assert world.balance() == [2, 2]


def test_a_zone_without_room_is_waited_for():
    world = crowded(4)
    world.room["b"] = 1
    world.settle()
    world.reconcile()
    assert world.balance() == [3, 1]
    assert "is unable to place a task in b because no container instance met all of its requirements." in (
        world.messages()
    )
    assert (world.service.steady, world.primary.failed_tasks) == (True, 0)
    assert not world.step(), "nothing to do until there is room"
    world.give("b", ENOUGH)
    world.settle()
    assert world.balance() == [2, 2]
    assert world.messages()[-1] == "is AZ balanced with 2 tasks in a and 2 tasks in b."


def test_tasks_that_do_not_start_are_tried_ever_more_slowly():
    world = crowded(2)
    world.reconcile()
    started = 0
    begin = world.now
    while world.now < begin + 600:
        for task in world.pending():
            started += 1
            world.fail_to_start(task)
        world.reconcile()
        if not world.pending():
            assert world.last is not None
            assert world.last.wake_at is not None
            world.now = world.last.wake_at
            world.reconcile()
    assert 5 < started < 15
    assert len(world.in_zone("a")) == 2, "what runs goes on"


def test_a_deployment_ends_it():
    world = crowded(4)
    world.reconcile()
    world.deploy()
    world.reconcile()
    assert world.service.rebalancing is None
    assert "stopped AZ Rebalancing." in world.messages()
    world.settle()
    assert world.balance() == [2, 2]


def test_scaling_goes_on_meanwhile():
    world = crowded(6)
    world.reconcile()
    world.scale(2)
    world.settle()
    assert world.balance() == [1, 1]
    world.scale(5)
    world.settle()
    assert sorted(world.balance()) == [2, 3]


def test_the_end_of_the_service_is_the_end_of_it():
    world = crowded(4)
    world.reconcile()
    world.delete()
    world.settle()
    assert world.service.status == "INACTIVE"


def test_turning_it_off_ends_it():
    world = crowded(4)
    world.reconcile()
    off = replace(world.service.service, availability_zone_rebalancing="DISABLED")
    world.service = replace(world.service, service=off)
    world.settle()
    assert (world.balance(), world.service.rebalancing) == ([4, 0], None)
    assert "stopped AZ Rebalancing." in world.messages()
