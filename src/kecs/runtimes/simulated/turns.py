"""Whose turn it is: the threads of functions that stand for images, one at a time, and when all of them are at rest.

`functions` has a `Turn` for each thread. Everything here happens on the event loop's thread, so there are no locks: a
thread posts what it is about to do and waits at its gate. docs/adr/0008 has the reasons.
"""

from __future__ import annotations

import _thread
import asyncio
import logging
import time
from collections import deque
from typing import Literal

from kecs.ports.clock import Clock, Timer
from kecs.ports.program import NotAtRest

log = logging.getLogger(__name__)

PATIENCE = 10.0  # real seconds that a function may go on without a rest before it is waited for no more


class Turn:
    """One thread of a function. `name` is how messages call it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: Literal["new", "queued", "going", "resting", "astray", "over"] = "new"
        self.called = False  # another function waits for what it answers
        self.since = 0.0  # when it was let go, by time.monotonic
        self.timer: Timer | None = None
        self._gate = _thread.allocate_lock()
        self._gate.acquire()

    def wait(self) -> None:
        """In the thread itself: until it is let go."""
        self._gate.acquire()

    def let_go(self) -> None:
        self.since = time.monotonic()
        self._gate.release()


class Turns:
    """All threads of the functions of one runtime."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop, patience: float = PATIENCE) -> None:
        self._clock = clock
        self._loop = loop
        self._patience = patience
        self._queue: deque[Turn] = deque()
        self._going: dict[Turn, None] = {}  # in the order in which they were let go
        self._called: set[Turn] = set()  # those that answer other functions, at rest or not
        self._waiting: list[asyncio.Future[None]] = []
        self._watch: asyncio.TimerHandle | None = None

    @property
    def at_rest(self) -> bool:
        return not self._queue and self._awake() <= 0

    async def rest(self) -> None:
        """Return when no function goes on before time does. Raises NotAtRest."""
        if not self.at_rest:
            waiting = self._loop.create_future()
            self._waiting.append(waiting)
            await waiting

    def queue(self, turn: Turn) -> None:
        """It wants to go on."""
        if turn.timer is not None:
            turn.timer.cancel()
            turn.timer = None
        turn.state = "queued"
        self._queue.append(turn)
        self._next()

    def answer(self, turn: Turn) -> None:
        """It answers a request, for which it needs not wait: if somebody is going on, that may be who has asked."""
        turn.called = self._awake() > 0
        if turn.called:
            self._called.add(turn)
        self._let_go(turn)

    def lay_down(self, turn: Turn, seconds: float | None) -> None:
        """It rests for so long; None: until it is queued again."""
        if turn.state == "over":
            turn.let_go()
            return
        self._going.pop(turn, None)
        turn.state = "resting"
        if seconds is not None:
            turn.timer = self._clock.call_at(self._clock.now() + seconds, lambda: self.queue(turn))
        self._next()

    def end(self, turn: Turn) -> None:
        """It is over, or will soon be and is waited for no more."""
        waits = turn.state in ("queued", "resting")
        if turn.timer is not None:
            turn.timer.cancel()
            turn.timer = None
        if turn.state == "queued":
            self._queue.remove(turn)
        self._going.pop(turn, None)
        self._called.discard(turn)
        turn.state = "over"
        if waits:
            turn.let_go()
        if turn.called:  # whoever has asked goes on, and nobody here knows who that is
            now = time.monotonic()
            for going in self._going:
                going.since = now
        self._next()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _awake(self) -> int:
        """How many really go on: each call of one function by another holds one of those that were let go up."""
        awake = len(self._going) - len(self._called)
        if awake <= 0 and self._going and all(turn in self._going for turn in self._called):
            return 1  # calls that are answered right now hold nobody up for good
        return awake

    def _next(self) -> None:
        """Let the next one go if nobody else goes on, and tell those who wait for rest."""
        while self._queue and self._awake() <= 0:
            self._let_go(self._queue.popleft())
        if self.at_rest:
            for waiting in self._waiting:
                if not waiting.done():
                    waiting.set_result(None)
            self._waiting.clear()

    def _let_go(self, turn: Turn) -> None:
        turn.state = "going"
        self._going[turn] = None
        turn.let_go()
        if self._watch is None:
            self._watch = self._loop.call_later(self._patience, self._look)

    def _look(self) -> None:
        """Give the newest up that has gone on for too long; older ones may well be waiting for it."""
        self._watch = None
        if not self._going:
            return
        newest, now = next(reversed(self._going)), time.monotonic()
        left = newest.since + self._patience - now
        if self._awake() > 0 and left <= 0:
            self._give_up(newest)
        if self._going and self._watch is None:
            again = min(left, self._patience) if left > 0 else self._patience
            self._watch = self._loop.call_later(max(again, 0.01), self._look)

    def _give_up(self, turn: Turn) -> None:
        text = (
            f"{turn.name} has neither slept on KECS's clock nor ended for {self._patience:g} s of real time; it is "
            "waited for no more."
        )
        log.warning("%s", text)
        self._going.pop(turn)
        turn.state = "astray"
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(NotAtRest(text))
        self._waiting.clear()
        self._next()
