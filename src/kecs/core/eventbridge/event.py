"""An event on its way to EventBridge, and how it is written out. The other modules of this package make them.

A service of a thousand tasks causes ten thousand events, and hardly anybody looks at them. So an event only holds on
to the records that it is about, which never change, and its detail is made when it is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from kecs.core.arns import scope_of
from kecs.core.records import Record

Detail = dict[str, Any]


class Event(Record):
    """Something that happened to a resource."""

    detail_type: str  # "ECS Task State Change" …
    about: str  # ARN of what it happened to; its account and region are the event's
    at: float  # seconds since the epoch
    detail: Callable[[Any, float], Detail]  # makes the detail of the subject and the time
    subject: Any
    resources: tuple[str, ...] | None = None  # ARNs; None: just what it is about
    source: str = "aws.ecs"


def written_out(event: Event) -> dict[str, Any]:
    """The event as EventBridge hands it to its targets; times are UTC.

    Members: https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html
    The id is made of what the event says, so the same event has the same one whenever it is written out.
    """
    scope = scope_of(event.about)
    detail = event.detail(event.subject, event.at)
    return {
        "version": "0",
        "id": _id(event, detail),
        "detail-type": event.detail_type,
        "source": event.source,
        "account": scope.account,
        "time": seconds(event.at),
        "region": scope.region,
        "resources": [event.about] if event.resources is None else list(event.resources),
        "detail": detail,
    }


def seconds(at: float) -> str:
    """2019-11-19T19:27:22Z"""
    return _iso(at, "seconds")


def milliseconds(at: float) -> str:
    """2019-11-19T19:27:22.695Z"""
    return _iso(at, "milliseconds")


def with_times(members: Mapping[str, Any]) -> Detail:
    """The members of a shape of ECS with its times, whose names end in At, as text."""
    return {name: milliseconds(value) if name.endswith("At") else value for name, value in members.items()}


def _iso(at: float, precision: str) -> str:
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def _id(event: Event, detail: Detail) -> str:
    said = msgspec.json.encode([event.detail_type, event.about, event.at, detail])
    digits = hashlib.sha256(said).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
