"""What the log store keeps. It is no part of the journal: lines come by the thousand and are never changed.

Times are milliseconds since the epoch, as in CloudWatch's API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kecs.aws.model.logs import LogGroupClass
from kecs.core.arns import Scope
from kecs.core.records import Record

OVERHEAD = 26  # bytes that CloudWatch counts for an event beside its text


class LogGroup(Record):
    """A log group; `id` is the store's own."""

    id: int
    account: str
    region: str
    name: str
    created: int
    kind: LogGroupClass = "STANDARD"
    retention: int | None = None  # days
    kms_key: str | None = None
    is_protected: bool = False
    tags: Mapping[str, str] = {}
    size: int = 0  # bytes stored

    @property
    def arn(self) -> str:
        return group_arn(Scope(self.account, self.region), self.name)


class LogStream(Record):
    """A log stream of a group; `id` is the store's own."""

    id: int
    name: str
    created: int
    first: int | None = None  # time of the oldest event, and of the newest
    last: int | None = None
    taken: int | None = None  # when an event was last taken in


class LogEvent(NamedTuple):
    """An event as it comes."""

    at: int
    text: str


class StoredEvent(NamedTuple):
    """An event as it is kept. `at` and `number` together give the order of all events, of all streams."""

    at: int
    number: int
    taken: int
    text: str
    stream: int  # id


def group_arn(scope: Scope, name: str) -> str:
    return f"arn:aws:logs:{scope.region}:{scope.account}:log-group:{name}"
