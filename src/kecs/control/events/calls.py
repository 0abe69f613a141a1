"""Calls of the API as the feed tells of them, while somebody records them: `app.calls` notes them, `feed` tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kecs.core.arns import Scope

LONGEST = 60  # characters of a member


@dataclass
class CallNote:
    """One call; the answer is filled in when there is one, which is after what the call changes."""

    operation: str
    scope: Scope
    members: dict[str, Any] = field(default_factory=dict)  # of the request
    error: str | None = None  # its code
    status_reason: str | None = None  # its text

    @property
    def cluster(self) -> str | None:
        """The ARN of the cluster that it names."""
        named = self.members.get("cluster") or self.members.get("clusterName")
        if not isinstance(named, str):
            return None
        return named if named.startswith("arn:") else self.scope.cluster(named)


def describe_call(_: None, call: CallNote) -> Iterator[tuple[str, str, str | None, str | None, str | None, str]]:
    """As `feed` describes changes."""
    given = [
        f"{name}={str(value)[:LONGEST]}"
        for name, value in call.members.items()
        if isinstance(value, str | int | float) and name != "clientToken"
    ]
    ended = f" -> {call.error}" if call.error else ""
    yield "call", call.operation, call.cluster, None, call.error or "OK", " ".join([call.operation, *given]) + ended
