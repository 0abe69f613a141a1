"""Client tokens."""

from __future__ import annotations

from kecs.core.records.base import Record


class TokenRecord(Record):
    """A client token that was used: the same call again answers what it answered then."""

    key: str  # scope, operation and token
    fingerprint: str  # the request without its token; another one with the same token is refused
    arns: tuple[str, ...]
    created_at: float
