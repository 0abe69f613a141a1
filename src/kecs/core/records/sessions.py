"""Sessions of ECS Exec."""

from __future__ import annotations

from kecs.core.records.base import Record


class SessionRecord(Record):
    """A command that somebody may run in a container: whoever connects with its token. It goes when its task stops."""

    id: str
    task_arn: str
    container: str
    command: str
    token: str
    created_at: float
