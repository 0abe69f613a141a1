"""The clocks, driven without an event loop, with a pretended one, and (SystemClock) with a real one."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kecs.control import clock as clocks
from kecs.control.clock import EndlessInstant, SystemClock, VirtualClock


class PretendedLoop:
    """An event loop whose time passes only when told to: call_soon and call_later, enough for a clock."""

    def __init__(self) -> None:
        self.time = 0.0
        self.calls: list[tuple[float, int, list[Callable[[], None]]]] = []

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        entry = (self.time + delay, len(self.calls), [callback])
        heapq.heappush(self.calls, entry)
        return type("Handle", (), {"cancel": lambda _self: entry[2].clear()})()

    def call_soon(self, callback: Callable[[], None]) -> Any:
        return self.call_later(0.0, callback)

    def turn(self) -> None:
        """One turn: what is due, but nothing that this adds."""
        due = []
        while self.calls and self.calls[0][0] <= self.time:
            due.append(heapq.heappop(self.calls)[2])
        for callbacks in due:
            for callback in callbacks:
                callback()

    def pass_time(self, seconds: float) -> None:
        until = self.time + seconds
        self.turn()
        while self.calls and self.calls[0][0] <= until:
            self.time = self.calls[0][0]
            self.turn()
        self.time = until


def flowing(loop: PretendedLoop, start: float = 100.0) -> VirtualClock:
    return VirtualClock(start, loop=cast(asyncio.AbstractEventLoop, loop), monotonic=lambda: loop.time)


def test_time_stands_still_until_it_is_advanced() -> None:
    clock = VirtualClock(100.0)
    assert clock.frozen
    assert clock.now() == 100.0
    clock.advance(2.5)
    assert clock.now() == 102.5


def test_timers_fire_in_order_each_at_its_own_time() -> None:
    clock = VirtualClock(0.0)
    seen: list[tuple[str, float]] = []
    for name, when in [("c", 3.0), ("a1", 1.0), ("later", 9.0), ("a2", 1.0), ("b", 2.0)]:
        clock.call_at(when, lambda name=name: seen.append((name, clock.now())))  # type: ignore[misc]
    clock.advance(3.0)
    assert seen == [("a1", 1.0), ("a2", 1.0), ("b", 2.0), ("c", 3.0)]
    assert clock.next_at == 9.0


def test_timers_that_come_up_within_the_window_fire_too() -> None:
    clock = VirtualClock(0.0)
    seen: list[float] = []

    def again() -> None:
        seen.append(clock.now())
        clock.call_at(clock.now() + 1.0, again)

    clock.call_at(1.0, again)
    clock.advance(3.5)
    assert seen == [1.0, 2.0, 3.0]
    assert clock.now() == 3.5


def test_what_an_instant_causes_is_drained_before_time_moves_on() -> None:
    clock = VirtualClock(0.0)
    work: list[str] = []
    done: list[tuple[str, float]] = []

    def drain() -> None:
        while work:
            done.append((work.pop(0), clock.now()))

    clock.drain = drain
    work.append("before")
    clock.call_at(1.0, lambda: work.append("first"))
    clock.call_at(1.0, lambda: work.append("second"))
    clock.call_at(2.0, lambda: work.append("third"))
    clock.advance(5.0)
    assert done == [("before", 0.0), ("first", 1.0), ("second", 1.0), ("third", 2.0)]


def test_a_timer_that_draining_sets_for_now_fires_at_the_same_instant() -> None:
    clock = VirtualClock(0.0)
    seen: list[float] = []
    drained: list[float] = []

    def drain() -> None:
        drained.append(clock.now())
        if drained == [0.0, 1.0]:
            clock.call_at(clock.now(), lambda: seen.append(clock.now()))

    clock.drain = drain
    clock.call_at(1.0, lambda: None)
    clock.call_at(2.0, lambda: None)
    clock.advance(1.0)
    assert seen == [1.0]
    assert drained == [0.0, 1.0, 1.0]


def test_a_timer_of_the_past_fires_now_and_time_does_not_go_back() -> None:
    clock = VirtualClock(10.0)
    seen: list[float] = []
    clock.call_at(3.0, lambda: seen.append(clock.now()))
    clock.advance(0)
    assert seen == [10.0]


def test_a_cancelled_timer_does_not_fire() -> None:
    clock = VirtualClock(0.0)
    seen: list[str] = []
    timer = clock.call_at(1.0, lambda: seen.append("no"))
    clock.call_at(1.0, lambda: seen.append("yes"))
    timer.cancel()
    timer.cancel()
    clock.advance(2.0)
    assert seen == ["yes"]
    timer.cancel()  # and cancelling late is nothing


def test_cancelled_timers_do_not_pile_up() -> None:
    clock = VirtualClock(0.0)
    kept = clock.call_at(1e6, lambda: None)
    for _ in range(20_000):
        clock.call_at(1e6, lambda: None).cancel()
    assert len(clock._heap) < 3 * clocks.COMPACT_ABOVE
    assert clock.next_at == kept.when


@pytest.mark.parametrize("seconds", [-1.0, -1e-9, math.nan, math.inf, -math.inf])
def test_advance_takes_a_finite_number_that_is_not_negative(seconds: float) -> None:
    clock = VirtualClock(0.0)
    with pytest.raises(ValueError, match="finite number of seconds that is not negative"):
        clock.advance(seconds)
    with pytest.raises(ValueError, match="finite number of seconds that is not negative"):
        clock.advance_until(lambda: True, seconds)
    assert clock.now() == 0.0


@pytest.mark.parametrize("when", [math.nan, math.inf, -math.inf])
def test_a_timer_needs_a_time_that_comes(when: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        VirtualClock(0.0).call_at(when, lambda: None)


def test_an_instant_without_end_is_an_error_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "FIRINGS_AT_ONE_INSTANT", 1_000)
    clock = VirtualClock(0.0)

    def again() -> None:
        clock.call_at(clock.now(), again)

    clock.call_at(1.0, again)
    with pytest.raises(EndlessInstant, match=r"1001 timers fired at 1\.0"):
        clock.advance(2.0)


def test_what_advance_sets_off_cannot_advance() -> None:
    clock = VirtualClock(0.0)
    clock.call_at(1.0, lambda: clock.advance(1.0))
    with pytest.raises(RuntimeError, match="set off"):
        clock.advance(2.0)
    clock.advance(1.0)  # and the clock is usable afterwards
    assert clock.now() == 2.0


def test_advance_until_stops_at_the_first_instant_that_fits() -> None:
    clock = VirtualClock(0.0)
    seen: list[int] = []
    for when in (1, 2, 3):
        clock.call_at(when, lambda when=when: seen.append(when))  # type: ignore[misc]
    assert clock.advance_until(lambda: 2 in seen, limit=10.0)
    assert clock.now() == 2.0
    assert not clock.advance_until(lambda: 4 in seen, limit=10.0)
    assert clock.now() == 12.0


def test_without_a_loop_time_cannot_flow() -> None:
    with pytest.raises(RuntimeError, match="no event loop"):
        VirtualClock(0.0).resume()


def test_with_a_loop_time_flows_from_where_it_stands() -> None:
    loop = PretendedLoop()
    clock = flowing(loop)
    seen: list[float] = []
    clock.call_at(101.0, lambda: seen.append(clock.now()))
    assert not clock.frozen
    loop.pass_time(0.5)
    assert clock.now() == 100.5
    assert seen == []
    loop.pass_time(0.5)
    assert seen == [101.0]


def test_an_earlier_timer_overtakes_the_one_the_loop_waits_for() -> None:
    loop = PretendedLoop()
    clock = flowing(loop)
    seen: list[str] = []
    clock.call_at(105.0, lambda: seen.append("late"))
    clock.call_at(101.0, lambda: seen.append("early"))
    loop.pass_time(2.0)
    assert seen == ["early"]
    loop.pass_time(3.0)
    assert seen == ["early", "late"]


def test_freeze_stops_the_flow_and_resume_goes_on_from_there() -> None:
    loop = PretendedLoop()
    clock = flowing(loop)
    seen: list[float] = []
    clock.call_at(102.0, lambda: seen.append(clock.now()))
    loop.pass_time(1.0)
    clock.freeze()
    assert clock.frozen
    loop.pass_time(50.0)
    assert clock.now() == 101.0
    assert seen == []
    clock.resume()
    loop.pass_time(1.0)
    assert seen == [102.0]


def test_advance_works_while_time_flows_and_it_flows_on_afterwards() -> None:
    loop = PretendedLoop()
    clock = flowing(loop)
    seen: list[float] = []
    clock.call_at(130.0, lambda: seen.append(clock.now()))
    clock.call_at(161.0, lambda: seen.append(clock.now()))
    clock.advance(60.0)
    assert seen == [130.0]
    assert clock.now() == 160.0
    assert not clock.frozen
    loop.pass_time(1.0)
    assert seen == [130.0, 161.0]


def test_what_is_due_now_happens_even_in_frozen_time() -> None:
    loop = PretendedLoop()
    clock = flowing(loop)
    clock.freeze()
    seen: list[str] = []
    clock.call_at(clock.now(), lambda: seen.append("due"))
    clock.call_at(clock.now() + 0.001, lambda: seen.append("not due"))
    loop.pass_time(10.0)
    assert seen == ["due"]


def test_a_timer_that_renews_itself_leaves_the_loop_its_turns() -> None:
    loop = PretendedLoop()
    clock = flowing(loop)
    fired = 0

    def again() -> None:
        nonlocal fired
        fired += 1
        clock.call_at(clock.now(), again)

    clock.call_at(clock.now(), again)
    for _ in range(10):
        loop.turn()
    assert fired == 10


def test_a_timer_that_raises_takes_no_other_with_it() -> None:
    loop = PretendedLoop()
    clock = flowing(loop)
    seen: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError

    clock.call_at(101.0, fail)
    clock.call_at(101.0, lambda: seen.append("other"))
    with pytest.raises(ZeroDivisionError):
        loop.pass_time(1.0)
    loop.pass_time(1.0)
    assert seen == ["other"]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100))), st.lists(st.floats(0, 50)))
def test_however_time_is_cut_the_same_happens(timers: list[tuple[float, float]], cuts: list[float]) -> None:
    """Property: timers, each of which sets another one, fire in the order of time, whatever the steps of advance."""

    def run(steps: list[float]) -> list[tuple[int, float]]:
        clock = VirtualClock(0.0)
        seen: list[tuple[int, float]] = []

        def fire(number: int, delay: float | None) -> None:
            seen.append((number, clock.now()))
            if delay is not None:
                clock.call_at(clock.now() + delay, lambda: fire(-number - 1, None))

        for number, (when, delay) in enumerate(timers):
            clock.call_at(when, lambda number=number, delay=delay: fire(number, delay))  # type: ignore[misc]
        for step in [*steps, 300.0]:
            clock.advance(step)
        return seen

    whole = run([])
    assert run(cuts) == whole
    assert [at for _, at in whole] == sorted(at for _, at in whole)
    assert len(whole) == 2 * len(timers)


class Wall:
    """The machine's two clocks, as a test wants them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.loop = 1_000_000.0, PretendedLoop()
        monkeypatch.setattr(time, "time", lambda: self.wall)
        monkeypatch.setattr(time, "monotonic", lambda: self.loop.time)

    def clock(self) -> SystemClock:
        return SystemClock(cast(asyncio.AbstractEventLoop, self.loop))

    def pass_time(self, seconds: float) -> None:
        until = self.loop.time + seconds
        while self.loop.calls and self.loop.calls[0][0] <= until:
            step = self.loop.calls[0][0] - self.loop.time
            self.wall += step
            self.loop.time += step
            self.loop.turn()
        self.wall += until - self.loop.time
        self.loop.time = until


def test_the_system_clock_shows_wall_time_and_fires_on_time(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(monkeypatch)
    clock = wall.clock()
    seen: list[float] = []
    clock.call_at(wall.wall + 300.0, lambda: seen.append(clock.now()))
    clock.call_at(wall.wall + 1.0, lambda: seen.append(-1.0)).cancel()
    wall.pass_time(299.0)
    assert seen == []
    wall.pass_time(1.0)
    assert seen == [1_000_300.0]


def test_a_wall_clock_set_back_changes_no_period(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(monkeypatch)
    clock = wall.clock()
    seen: list[float] = []
    clock.call_at(clock.now() + 300.0, lambda: seen.append(clock.now()))
    wall.pass_time(100.0)
    wall.wall -= 3600.0
    wall.pass_time(200.0)
    assert seen == [1_000_300.0]


def test_after_the_wall_clock_jumped_timers_fire_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(monkeypatch)
    clock = wall.clock()
    seen: list[float] = []
    clock.call_at(clock.now() + 3600.0, lambda: seen.append(clock.now()))
    wall.pass_time(30.0)
    wall.wall += 8 * 3600.0  # the machine was suspended
    wall.pass_time(clocks.LONGEST_SLEEP)
    assert len(seen) == 1
    assert clock.now() == wall.wall


async def test_the_system_clock_on_a_real_loop() -> None:
    clock = SystemClock(asyncio.get_running_loop())
    fired = asyncio.Event()
    when = clock.now() + 0.01
    clock.call_at(when, fired.set)
    await asyncio.wait_for(fired.wait(), 5)
    assert clock.now() >= when
    assert abs(clock.now() - time.time()) < 5
