"""One fault, as the HTTP form has it, and whom it may strike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, field

from kecs.core.records import Record

MOST = 1_000_000_000

Seconds = Annotated[float, Meta(ge=0, le=86_400.0)]  # a day
Count = Annotated[int, Meta(ge=0, le=MOST)]
Text = Annotated[str, Meta(min_length=1, max_length=2048)]


class Fault(Record, rename="camel", forbid_unknown_fields=True):
    """What is to go wrong. `core.faults.kinds` says which members go with which kind."""

    kind: str
    # With whom: a name or glob each; an ARN means the name at its end. None: with everybody.
    cluster: Text | None = None
    service: Text | None = None
    task: Text | None = None  # its id
    container: Text | None = None  # its name in the task definition
    instance: Text | None = None  # a container instance's id, or that of its EC2 instance
    operation: Text | None = None  # of the API, such as RunTask
    api: Text | None = None  # by the name in the scope of its signatures, such as ecs
    # Facts of a task, or members of a request: all of them have to match.
    when: dict[str, Any] = field(default_factory=dict)
    # How often: of those that match, after so many, so many times, with this probability.
    after: Count = 0
    times: Annotated[int, Meta(ge=1, le=MOST)] | None = None
    rate: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: Count = 0  # of the draws; the same seed draws the same
    # What.
    seconds: Seconds | None = None  # on KECS's clock; for latency in real time
    age: Seconds | None = None
    exit_code: Annotated[int, Meta(ge=0, le=255)] | None = None
    reason: Text | None = None
    status: int | None = None
    capacity_provider: Text | None = None


class Tally(Record):
    """How often a fault had somebody to strike, and how often it has."""

    matched: int = 0
    struck: int = 0


class Subject(NamedTuple):
    """Somebody whom a fault may strike: by what names faults select it, and what `when` may ask of it."""

    names: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, Any]
