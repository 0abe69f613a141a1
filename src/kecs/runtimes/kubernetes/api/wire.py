"""How the API server answers: errors, and the lines of a watch. Called by `client`."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx2
import msgspec
from lightkube.core.resource import Resource

LONGEST_PAUSE = 30.0  # seconds, whatever Retry-After says


class ClusterError(Exception):
    """The API server refused. `status` is HTTP's, `reason` Kubernetes' word for it, `message` its explanation."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message


class ClusterGone(ClusterError):
    """No answer: it is away, cannot be reached, or has been too busy for too long. What was asked may have been
    done. `after`: for how many seconds it has asked to be left alone; 0 if it has not."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(0, "Unreachable", message)
        self.after = after


class Busy(ClusterError):
    """An answer that another attempt may change; `after` as above."""

    def __init__(self, refusal: ClusterError, after: float) -> None:
        super().__init__(refusal.status, refusal.reason, refusal.message)
        self.after = after


class Event(NamedTuple):
    """Something that happened to an object: ADDED, MODIFIED, DELETED; of a BOOKMARK only the version counts."""

    type: str
    object: Any
    version: str


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Metadata(msgspec.Struct):
    version: str = msgspec.field(name="resourceVersion", default="")


class _Versioned(msgspec.Struct):
    metadata: _Metadata


class _Status(msgspec.Struct):
    code: int | None = None
    reason: str | None = None
    message: str | None = None


async def lines_of(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines that nothing but a line feed ends; httpx2 has a dozen other ends."""
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line


def event_of(line: bytes, kind: type[Resource]) -> Event:
    """One line of a watch. Raises ClusterError for what has ended it."""
    said = msgspec.json.decode(line, type=_Line)
    if said.type == "ERROR":
        raise refusal(500, said.object)
    version = msgspec.json.decode(said.object, type=_Versioned).metadata.version
    found: Any = None if said.type == "BOOKMARK" else msgspec.json.decode(said.object, type=kind)
    return Event(said.type, found, version)


def refusal(status: int, body: bytes | msgspec.Raw) -> ClusterError:
    """What the body, a Status object most of the time, says went wrong."""
    try:
        said = msgspec.json.decode(body, type=_Status)
    except msgspec.MsgspecError:
        said = _Status(message=" ".join(bytes(body).decode(errors="replace").split())[:500])
    return ClusterError(said.code or status, said.reason or "", said.message or f"status {status}")


def retry_after(answer: httpx2.Response) -> float:
    """In seconds; 0 where it does not say."""
    try:
        return max(float(answer.headers.get("Retry-After", "")), 0.0)
    except ValueError:
        return 0.0


def pause_of(own: float, after: float = 0.0) -> float:
    """Seconds until another attempt, spread, where one's own pause is `own`: never before the API server wants it."""
    if after > 0.0:
        return min(after, LONGEST_PAUSE) * random.uniform(1.0, 1.2)
    return min(own, LONGEST_PAUSE) * random.uniform(0.8, 1.2)
