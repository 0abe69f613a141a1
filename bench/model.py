"""The words that the cases and the report share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Sample = dict[str, float]
"""What one measurement of one subject found: a value for each column of its case."""

Results = dict[str, list[Sample]]
"""The samples of a case by subject, one for each round."""


@dataclass(frozen=True)
class Column:
    """A number that is measured. `ratio`: the report also divides it by the reference's."""

    key: str
    title: str
    unit: str
    digits: int
    ratio: bool = False


@dataclass(frozen=True)
class Goal:
    """What a subject's median must reach: by itself, or divided by the one `of` another subject."""

    text: str
    subject: str
    column: str
    of: str | None = None
    at_least: float | None = None
    at_most: float | None = None

    def met(self, value: float) -> bool:
        if self.at_least is not None and value < self.at_least:
            return False
        return self.at_most is None or value <= self.at_most


@dataclass(frozen=True)
class Case:
    """One of the things that are measured, and how it is told about."""

    key: str
    title: str
    subjects: tuple[str, ...]
    reference: str  # what ratios are taken against: a subject, or the first word of pairs such as `docker-bridge`
    columns: tuple[Column, ...]
    goals: tuple[Goal, ...]
    notes: str
    warmup: int = 0  # rounds that are not counted


@dataclass(frozen=True)
class Module:
    """A case with what carries it out. `unavailable` says why it cannot run on this machine, or None."""

    case: Case
    measure: Callable[[str], Sample]
    unavailable: Callable[[], str | None] = lambda: None
