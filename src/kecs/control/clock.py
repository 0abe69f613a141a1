"""The two clocks that KECS can live by; the composition root chooses one, everything else sees `ports.clock.Clock`.

`SystemClock` is real time, for real containers. `VirtualClock` is time that tests move: with no event loop it stands
still between calls of `advance`, so that a test drives all of KECS as one discrete simulation; attached to a loop it
can also flow at real speed, be frozen and be resumed, which is what `/_kecs/clock` offers.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import Callable

FIRINGS_AT_ONE_INSTANT = 1_000_000  # far above what a real cluster does at once; a timer that renews itself gets there
LONGEST_SLEEP = 60.0  # seconds; how late a timer can be after the machine was suspended
COMPACT_ABOVE = 1_000  # cancelled timers; below that they leave with time


class EndlessInstant(RuntimeError):
    """Timers keep asking for the same instant, so time cannot move on."""


class SystemClock:
    """Wall time that never goes back: `ports.clock.Clock` on time.time and loop.call_later.

    When the wall clock is set back, periods keep their length and this clock stays ahead until KECS is started again.
    When it jumps forward (set, or the machine was suspended), this clock follows, and timers that thereby became due
    fire within LONGEST_SLEEP.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._offset = -math.inf  # of the wall clock against the monotonic one

    def now(self) -> float:
        wall = time.time()  # before the monotonic reading: a pause between the two must not push the clock forward
        monotonic = time.monotonic()
        self._offset = max(self._offset, wall - monotonic)
        return monotonic + self._offset

    def call_at(self, when: float, callback: Callable[[], None]) -> SystemTimer:
        return SystemTimer(self, self._loop, when, callback)


class SystemTimer:
    """A timer of SystemClock; sleeps in pieces, since the clock may jump meanwhile."""

    __slots__ = ("_callback", "_clock", "_handle", "_loop", "_when")

    def __init__(
        self, clock: SystemClock, loop: asyncio.AbstractEventLoop, when: float, callback: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._loop = loop
        self._when = when
        self._callback = callback
        self._handle = self._sleep(when - clock.now())

    def cancel(self) -> None:
        self._handle.cancel()

    def _sleep(self, seconds: float) -> asyncio.TimerHandle:
        return self._loop.call_later(min(max(seconds, 0.0), LONGEST_SLEEP), self._wake)

    def _wake(self) -> None:
        left = self._when - self._clock.now()
        if left > 0:
            self._handle = self._sleep(left)
        else:
            self._callback()


class VirtualTimer:
    """A timer of VirtualClock."""

    __slots__ = ("_clock", "callback", "when")

    def __init__(self, clock: VirtualClock, when: float, callback: Callable[[], None]) -> None:
        self._clock = clock
        self.when = when
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        if self.callback is not None:
            self.callback = None
            self._clock.forget_cancelled()


class VirtualClock:
    """Time that tests move: `ports.clock.Clock` with `advance`, `freeze` and `resume`.

    `drain` works off whatever the timers of an instant caused; `advance` calls it before time moves on, so nothing that
    was caused at one instant is done at a later one. (Where time flows by itself, the loop sees to that in its own
    turns.) Whoever has something to drain sets it.

    Without a loop the clock is frozen for good. With one it starts out flowing.
    """

    def __init__(
        self,
        start: float = 0.0,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.drain: Callable[[], None] = lambda: None
        self._loop = loop
        self._monotonic = monotonic
        self._base = start  # virtual time at `_flowing_since`, or simply now when frozen
        self._flowing_since: float | None = None
        self._heap: list[tuple[float, int, VirtualTimer]] = []
        self._made = 0
        self._cancelled = 0
        self._advancing = False
        self._alarm: asyncio.Handle | None = None  # the loop's call for the earliest timer
        self._alarm_at = math.inf
        if loop is not None:
            self.resume()

    @property
    def frozen(self) -> bool:
        return self._flowing_since is None

    @property
    def next_at(self) -> float | None:
        """When the earliest timer is due; None when there is none."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def now(self) -> float:
        if self._flowing_since is None:
            return self._base
        return self._base + (self._monotonic() - self._flowing_since)

    def call_at(self, when: float, callback: Callable[[], None]) -> VirtualTimer:
        """Due at `when`, or at once when that is past. Raises ValueError for a time that never comes."""
        if not math.isfinite(when):
            raise ValueError(f"a timer needs a finite time, not {when}")
        timer = VirtualTimer(self, when, callback)
        self._made += 1
        heapq.heappush(self._heap, (when, self._made, timer))
        if when < self._alarm_at:
            self._arm()
        return timer

    def order(self) -> dict[VirtualTimer, int]:
        """The timers that are due some time, and which of several at one instant comes first."""
        return {timer: made for _, made, timer in self._heap if timer.callback is not None}

    def jump(self, now: float) -> None:
        """Be at another time, before or after: nothing is due because of that alone."""
        self._base = now
        if self._flowing_since is not None:
            self._flowing_since = self._monotonic()
        self._arm()

    def forget_cancelled(self) -> None:
        """Note one more cancelled timer; called by timers."""
        self._cancelled += 1
        if self._cancelled > COMPACT_ABOVE and self._cancelled * 2 > len(self._heap):
            self._heap[:] = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def advance(self, seconds: float) -> None:
        """Move time on by `seconds`, through every instant at which something is due, those that come up included.

        Raises ValueError unless `seconds` is finite and not negative, EndlessInstant when an instant has no end.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"the clock moves on by a finite number of seconds that is not negative, not {seconds}")
        self._move(self.now() + seconds, None)

    def advance_until(self, condition: Callable[[], bool], limit: float) -> bool:
        """Move on to the first instant after which `condition` holds, by `limit` seconds at most; whether it holds."""
        if not (math.isfinite(limit) and limit >= 0):
            raise ValueError(f"the clock moves on by a finite number of seconds that is not negative, not {limit}")
        return self._move(self.now() + limit, condition)

    def step(self, target: float) -> bool:
        """Move on to the next instant at which something is due, but not beyond `target`; whether there was one.

        For whoever has to see to something between two instants; the clock is best frozen meanwhile.
        """
        due = self.next_at
        there = due is not None and due <= target
        self._move(max(due, self.now()) if due is not None and there else target, None)
        return there

    def freeze(self) -> None:
        """Stop the flow of time where it stands."""
        if self._flowing_since is not None:
            self._base = self.now()
            self._flowing_since = None
            self._arm()

    def resume(self) -> None:
        """Let time flow on from where it stands. Raises RuntimeError without a loop."""
        if self._loop is None:
            raise RuntimeError("this clock has no event loop; only advance() moves it")
        if self._flowing_since is None:
            self._flowing_since = self._monotonic()
            self._arm()

    def _move(self, target: float, condition: Callable[[], bool] | None) -> bool:
        """Advance to `target`, or to the first instant after which `condition` holds."""
        if self._advancing:
            raise RuntimeError("advance() was called by something that advance() set off")
        flowing = not self.frozen
        self.freeze()
        self._advancing = True
        try:
            self.drain()
            while not (condition is not None and condition()):
                due = self.next_at
                if due is None or due > target:
                    self._base = max(self._base, target)
                    return condition is None
                self._base = max(self._base, due)
                self._live_through_instant()
            return True
        finally:
            self._advancing = False
            if flowing:
                self.resume()
            else:
                self._arm()

    def _live_through_instant(self) -> None:
        """Fire what is due now, and what that makes due now, until nothing is."""
        fired = 0
        while (due := self.next_at) is not None and due <= self._base:
            while (due := self.next_at) is not None and due <= self._base:
                self._fire_next()
                fired += 1
                if fired > FIRINGS_AT_ONE_INSTANT:
                    raise EndlessInstant(f"{fired} timers fired at {self._base}: something asks for now over and over")
            self.drain()

    def _fire_next(self) -> None:
        """Run the earliest timer, which is not cancelled."""
        timer = heapq.heappop(self._heap)[2]
        callback, timer.callback = timer.callback, None
        assert callback is not None
        callback()

    def _arm(self) -> None:
        """Have the loop call when the earliest timer is due; a frozen clock only has what is due already."""
        if self._loop is None or self._advancing:
            return
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._alarm_at = math.inf
        due = self.next_at
        if due is None:
            return
        left = due - self.now()
        if left <= 0:
            self._alarm = self._loop.call_soon(self._ring)
        elif not self.frozen:
            self._alarm = self._loop.call_later(min(left, LONGEST_SLEEP), self._ring)
        else:
            return
        self._alarm_at = due

    def _ring(self) -> None:
        """Fire what is due by now. What becomes due meanwhile waits for the loop's next turn, so this always ends."""
        self._alarm = None
        horizon = self.now()
        last = self._made
        try:
            while (due := self.next_at) is not None and due <= horizon and self._heap[0][1] <= last:
                self._fire_next()
        finally:
            self._alarm_at = math.inf
            self._arm()
