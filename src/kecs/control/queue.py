"""The work queue: what changed and has to be looked at, one entry a key, worked off in turns.

A worker is a plain function of a key. It runs on the event loop's thread, never two at once for one key (there is
only one thread), and it may add keys. In a running server a turn is bounded, so that requests are answered in
between; with a virtual clock `drain` works off everything before time moves on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from kecs.ports.clock import Clock, Timer

log = logging.getLogger(__name__)

Worker = Callable[[str], None]

RETRY_AFTER = 1.0  # seconds until a key whose worker raised is looked at again, or a turn that could not end ends


class WorkQueue:
    """Keys by kind; kinds that were registered first go first."""

    def __init__(self, clock: Clock, defer: Callable[[Callable[[], None]], object], finish: Callable[[], None]) -> None:
        """`defer` has the loop call a function soon; `finish` ends every turn (it makes changes durable)."""
        self._clock = clock
        self._defer = defer
        self._finish = finish
        self._workers: dict[str, Worker] = {}
        self._waiting: dict[str, dict[str, None]] = {}
        self._alarms: dict[tuple[str, str], tuple[float, Timer]] = {}
        self._scheduled = False
        self._unfinished = False  # a turn could not end, and it is time to try again
        self.turn_size = 200  # keys; a turn of task steps then takes a few milliseconds

    def register(self, kind: str, worker: Worker) -> None:
        self._workers[kind] = worker
        self._waiting[kind] = {}

    def add(self, kind: str, key: str) -> None:
        """Have the key looked at soon; once, however often it is added before that."""
        self._waiting[kind][key] = None
        self._schedule()

    def wake(self, kind: str, key: str, when: float) -> None:
        """Have the key looked at then, unless it has an earlier alarm."""
        alarm = self._alarms.get((kind, key))
        if alarm is not None:
            if alarm[0] <= when:
                return
            alarm[1].cancel()
        self._alarms[kind, key] = (when, self._clock.call_at(when, lambda: self._ring(kind, key)))

    def knows(self, kind: str) -> bool:
        return kind in self._workers

    def alarms(self) -> list[tuple[tuple[str, str], tuple[float, Timer]]]:
        """When keys are to be looked at, by kind and key, and the timers for that."""
        return list(self._alarms.items())

    def drain(self) -> None:
        """Work off everything, and what that adds."""
        while self.busy:
            self._turn(None)

    def clear(self) -> None:
        """Forget all keys and alarms."""
        for _, timer in self._alarms.values():
            timer.cancel()
        self._alarms.clear()
        for waiting in self._waiting.values():
            waiting.clear()

    @property
    def busy(self) -> bool:
        return self._unfinished or any(self._waiting.values())

    def _ring(self, kind: str, key: str) -> None:
        del self._alarms[kind, key]
        self.add(kind, key)

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._defer(self._run)

    def _run(self) -> None:
        self._scheduled = False
        self._turn(self.turn_size)
        if self.busy:
            self._schedule()

    def _turn(self, limit: int | None) -> None:
        done = 0
        while (kind := self._next_kind()) is not None and (limit is None or done < limit):
            waiting = self._waiting[kind]
            key = next(iter(waiting))
            del waiting[key]
            done += 1
            try:
                self._workers[kind](key)
            except Exception:
                log.exception("work on %s %s failed", kind, key)
                self.wake(kind, key, self._clock.now() + RETRY_AFTER)
        self._unfinished = False
        try:
            self._finish()
        except Exception:
            log.exception("what was decided could not be made durable; nothing is asked of the runtime before it is")
            self._clock.call_at(self._clock.now() + RETRY_AFTER, self._end_again)

    def _end_again(self) -> None:
        self._unfinished = True
        self._schedule()

    def _next_kind(self) -> str | None:
        return next((kind for kind, waiting in self._waiting.items() if waiting), None)
