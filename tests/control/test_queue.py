"""The work queue: everything that was added is looked at, in bounded turns, and nothing that fails stops it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from kecs.control.clock import VirtualClock
from kecs.control.queue import RETRY_AFTER, WorkQueue


class Desk:
    """A queue with two kinds of work and an event loop that runs when it is told to."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.deferred: list[Callable[[], None]] = []
        self.done: list[str] = []
        self.finished = 0
        self.on_finish: Callable[[], None] = lambda: None
        self.queue = WorkQueue(self.clock, self.deferred.append, self._finish)
        self.queue.register("task", lambda key: self.work(f"task {key}"))
        self.queue.register("service", lambda key: self.work(f"service {key}"))
        self.on_work: Callable[[str], None] = lambda what: None
        self.clock.drain = self.queue.drain

    def work(self, what: str) -> None:
        self.done.append(what)
        self.on_work(what)

    def turn(self) -> None:
        """One turn of the event loop."""
        calls, self.deferred[:] = list(self.deferred), []
        for call in calls:
            call()

    def _finish(self) -> None:
        self.on_finish()
        self.finished += 1


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_key_is_looked_at_once_however_often_it_is_added(desk: Desk) -> None:
    for key in ("b", "a", "b", "a"):
        desk.queue.add("task", key)
    assert len(desk.deferred) == 1
    desk.turn()
    assert desk.done == ["task b", "task a"]
    assert (desk.finished, desk.queue.busy, desk.deferred) == (1, False, [])


def test_what_was_registered_first_goes_first(desk: Desk) -> None:
    desk.queue.add("service", "s")
    desk.queue.add("task", "a")
    desk.queue.add("task", "b")
    desk.on_work = lambda what: desk.queue.add("task", "c") if what == "task b" else None
    desk.turn()
    assert desk.done == ["task a", "task b", "task c", "service s"]


def test_a_key_that_is_added_while_it_is_looked_at_is_looked_at_again(desk: Desk) -> None:
    desk.queue.add("task", "a")
    desk.on_work = lambda what: desk.queue.add("task", "a") if len(desk.done) < 3 else None
    desk.turn()
    assert desk.done == ["task a"] * 3


def test_a_turn_is_bounded_and_the_next_one_goes_on(desk: Desk) -> None:
    desk.queue.turn_size = 2
    for key in "abcde":
        desk.queue.add("task", key)
    for done in (2, 4, 5):
        desk.turn()
        assert len(desk.done) == done
    assert (desk.finished, desk.deferred) == (3, [])


def test_draining_has_no_bound(desk: Desk) -> None:
    desk.queue.turn_size = 1
    for key in "abc":
        desk.queue.add("task", key)
    desk.queue.drain()
    assert desk.done == ["task a", "task b", "task c"]
    desk.turn()  # what was deferred before finds nothing left
    assert len(desk.done) == 3


def test_of_two_alarms_the_earlier_one_counts(desk: Desk) -> None:
    desk.queue.wake("task", "a", 10.0)
    desk.queue.wake("task", "a", 20.0)
    desk.queue.wake("task", "b", 20.0)
    desk.queue.wake("task", "b", 10.0)
    desk.queue.wake("task", "b", 10.0)
    desk.clock.advance(9.9)
    assert desk.done == []
    desk.clock.advance(0.1)
    assert desk.done == ["task a", "task b"]
    desk.clock.advance(100)
    assert desk.done == ["task a", "task b"]


def test_an_alarm_can_be_set_again_once_it_rang(desk: Desk) -> None:
    desk.queue.wake("task", "a", 1.0)
    desk.clock.advance(1)
    desk.queue.wake("task", "a", 2.0)
    desk.clock.advance(1)
    assert desk.done == ["task a"] * 2


def test_an_alarm_in_the_past_rings_at_once(desk: Desk) -> None:
    desk.clock.advance(5)
    desk.queue.wake("task", "a", 1.0)
    desk.clock.advance(0)
    assert desk.done == ["task a"]


def test_work_that_fails_is_tried_again_and_stops_nothing_else(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    def fail_once(what: str) -> None:
        if what == "task a" and desk.done.count(what) == 1:
            raise RuntimeError("a bug")

    desk.on_work = fail_once
    desk.queue.add("task", "a")
    desk.queue.add("task", "b")
    desk.queue.add("service", "s")
    desk.turn()
    assert desk.done == ["task a", "task b", "service s"]
    assert desk.finished == 1
    assert [record.getMessage() for record in caplog.records] == ["work on task a failed"]
    desk.clock.advance(RETRY_AFTER)
    assert desk.done[3:] == ["task a"]


def test_a_turn_that_cannot_end_ends_later(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    def full_disk() -> None:
        raise OSError("no space left on device")

    desk.on_finish = full_disk
    desk.queue.add("task", "a")
    desk.turn()
    desk.clock.advance(2 * RETRY_AFTER)  # with nothing else to do
    assert (desk.done, desk.finished) == (["task a"], 0)
    assert {record.levelno for record in caplog.records} == {logging.ERROR}
    desk.on_finish = lambda: None
    desk.clock.advance(RETRY_AFTER)
    assert (desk.done, desk.finished, desk.queue.busy) == (["task a"], 1, False)
    desk.clock.advance(100)
    assert desk.finished == 1


def test_a_turn_that_could_not_end_is_ended_by_the_event_loop_too(desk: Desk) -> None:
    desk.clock.drain = lambda: None
    desk.on_finish = lambda: 1 // 0
    desk.queue.add("task", "a")
    desk.turn()
    desk.on_finish = lambda: None
    desk.clock.advance(RETRY_AFTER)
    desk.turn()
    assert (desk.done, desk.finished) == (["task a"], 1)


def test_clearing_forgets_keys_and_alarms(desk: Desk) -> None:
    desk.queue.add("task", "a")
    desk.queue.wake("service", "s", 1.0)
    desk.queue.clear()
    assert not desk.queue.busy
    desk.turn()
    desk.clock.advance(10)
    assert desk.done == []
    desk.queue.wake("service", "s", 11.0)
    desk.clock.advance(10)
    assert desk.done == ["service s"]
