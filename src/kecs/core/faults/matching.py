"""Whom a fault strikes. `control.faults.book` keeps the tallies and draws the chance."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from msgspec.structs import replace

from kecs.core.faults.records import Fault, Subject, Tally

WHOM = ("cluster", "service", "task", "container", "instance", "operation", "api")


def matches(fault: Fault, subject: Subject) -> bool:
    """Whether the fault is about this subject."""
    for name in WHOM:
        wanted = getattr(fault, name)
        if wanted is not None and not any(fnmatchcase(known, wanted) for known in subject.names.get(name, ())):
            return False
    return all(_meets(wanted, subject.facts.get(name)) for name, wanted in fault.when.items())


def is_spent(fault: Fault, tally: Tally) -> bool:
    """Whether it has struck as often as it was to."""
    return fault.times is not None and tally.struck >= fault.times


def drawn(fault: Fault, tally: Tally, chance: float) -> tuple[bool, Tally]:
    """Whether it strikes this time, somebody having matched, and its tally then. `chance` is from 0 up to 1."""
    if is_spent(fault, tally):
        return False, tally
    matched = tally.matched + 1
    strikes = matched > fault.after and (fault.rate is None or chance < fault.rate)
    return strikes, replace(tally, matched=matched, struck=tally.struck + strikes)


def _meets(wanted: Any, known: Any) -> bool:
    """Whether what is known is what is wanted: of a list one of its items, of an object each member that is named."""
    if isinstance(wanted, dict):
        return isinstance(known, dict) and all(_meets(value, known.get(name)) for name, value in wanted.items())
    if isinstance(known, list | tuple) and not isinstance(wanted, list):
        return any(_meets(wanted, item) for item in known)
    if isinstance(wanted, str) and isinstance(known, str):
        return fnmatchcase(known, wanted)
    return type(wanted) is type(known) and bool(wanted == known)
