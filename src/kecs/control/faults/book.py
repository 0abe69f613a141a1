"""The faults that are set, how often each has struck, and the dice. All of it is gone with the process."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from random import Random

from kecs.core.faults.matching import drawn, is_spent, matches
from kecs.core.faults.records import Fault, Subject, Tally


class FaultBook:
    """The faults in the order in which they were set, by ids that count up."""

    def __init__(self) -> None:
        self._made = 0
        self._faults: dict[str, Fault] = {}
        self._tallies: dict[str, Tally] = {}
        self._dice: dict[str, Random] = {}

    def add(self, fault: Fault) -> str:
        """Keep the fault; gives its id."""
        self._made += 1
        key = f"fault-{self._made}"
        self._faults[key], self._tallies[key] = fault, Tally()
        if fault.rate is not None:
            self._dice[key] = Random(fault.seed)  # for the same tests to get the same draws
        return key

    def remove(self, key: str) -> Fault | None:
        """Keep it no more; the fault that it was."""
        self._tallies.pop(key, None)
        self._dice.pop(key, None)
        return self._faults.pop(key, None)

    def get(self, key: str) -> Fault | None:
        return self._faults.get(key)

    def tally(self, key: str) -> Tally:
        return self._tallies[key]

    def __iter__(self) -> Iterator[tuple[str, Fault]]:
        return iter(list(self._faults.items()))

    def about(self, kinds: Collection[str], subject: Subject) -> list[tuple[str, Fault]]:
        """The faults of these kinds that may strike it, the oldest first."""
        return [
            (key, fault)
            for key, fault in self._faults.items()
            if fault.kind in kinds and not is_spent(fault, self._tallies[key]) and matches(fault, subject)
        ]

    def strike(self, kinds: Collection[str], subject: Subject) -> tuple[str, Fault] | None:
        """The first fault of these kinds that strikes it now."""
        return next(((key, fault) for key, fault in self.about(kinds, subject) if self.draw(key)), None)

    def draw(self, key: str) -> bool:
        """Whether the fault strikes somebody whom it is about, which counts. One that is gone does not."""
        fault = self._faults.get(key)
        if fault is None:
            return False
        dice = self._dice.get(key)
        strikes, self._tallies[key] = drawn(fault, self._tallies[key], dice.random() if dice is not None else 0.0)
        return strikes
