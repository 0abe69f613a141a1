"""A fault out of what a user says. `app.faults` calls it for the admin API."""

from __future__ import annotations

import fnmatch
from typing import Any

import msgspec
from msgspec.structs import replace

from kecs.core.arns import last_part
from kecs.core.faults.kinds import KINDS, STATUSES, Kind
from kecs.core.faults.reasons import PLACEMENT
from kecs.core.faults.records import Fault

_NAMES = ("cluster", "service", "task", "instance")  # that may be said as an ARN


def read(members: object) -> Fault:
    """The fault. Raises ValueError with one line that says what is wrong with it."""
    try:
        fault = msgspec.convert(members, Fault)
    except msgspec.ValidationError as error:
        raise ValueError(f"This is no fault: {error}.") from None
    kind = KINDS.get(fault.kind)
    if kind is None:
        raise ValueError(f"There is no kind {fault.kind!r}; there are {', '.join(KINDS)}.")
    _check(fault, kind)
    given = {name: last_part(text) for name in _NAMES if (text := getattr(fault, name) or "").startswith("arn:")}
    return replace(fault, **given)


def said(fault: Fault) -> dict[str, Any]:
    """The fault as the HTTP form has it; `read` takes it back."""
    members: dict[str, Any] = msgspec.to_builtins(fault)
    return members


def _check(fault: Fault, kind: Kind) -> None:
    """Whether it says what it has to, and nothing that means nothing."""
    given = said(fault).keys() - {"kind"}
    if missing := kind.must - given:
        raise ValueError(f"{fault.kind} needs {_listed(missing)}.")
    possible = kind.whom | kind.how_often | kind.may | kind.must
    if unknown := given - possible:
        raise ValueError(f"{fault.kind} has no {_listed(unknown)}; it may have {_listed(possible)}.")
    if kind.facts is not None and (unknown := fault.when.keys() - kind.facts):
        raise ValueError(f"when cannot ask for {_listed(unknown)} of a task; it can for {_listed(kind.facts)}.")
    if fault.status not in (None, *STATUSES):
        raise ValueError(f"status is {' or '.join(map(str, STATUSES))}.")
    if fault.kind == "no-capacity" and fault.reason not in (None, *PLACEMENT):
        raise ValueError(f"reason is one of {', '.join(PLACEMENT)}.")
    if fault.kind == "stale" and fault.operation and not _may_read(fault.operation):
        raise ValueError(f"{fault.operation} is no operation that reads: those are Describe*, List* and Get*.")


def _may_read(operation: str) -> bool:
    """Whether a name or glob may mean operations that read."""
    plain = operation.split("*")[0].split("?")[0].split("[")[0]
    if plain == operation:
        return reads(operation)
    return any(verb.startswith(plain) or plain.startswith(verb) for verb in _READING)


_READING = ("Describe", "List", "Get")


def reads(operation: str) -> bool:
    """Whether the operation only reads, so that its answer may be stale."""
    return any(fnmatch.fnmatchcase(operation, f"{verb}*") for verb in _READING)


def _listed(names: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(names))
