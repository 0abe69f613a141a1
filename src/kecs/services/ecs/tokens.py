"""Client tokens: the same call made again with its token answers what it answered the first time."""

from __future__ import annotations

import msgspec

from kecs.aws.model import ecs as m
from kecs.core.arns import scope_key
from kecs.core.records import TokenRecord
from kecs.services.context import Context

LIFETIME = 24 * 3600.0  # seconds; https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html


def token_key(context: Context, operation: str, token: str) -> str:
    return f"{scope_key(context.scope)}/{operation}/{token}"


def recall(context: Context, operation: str, token: str | None, request: msgspec.Struct) -> tuple[str, ...] | None:
    """The ARNs that this token made before, or None when it is new.

    Raises ConflictException when another request was made with it.
    """
    record = context.store.tokens.get(token_key(context, operation, token)) if token else None
    if record is None or record.created_at + LIFETIME <= context.now:
        return None
    if record.fingerprint != _fingerprint(request):
        raise m.ConflictException(
            f"The {operation} request could not be processed due to conflicts. The provided clientToken is already in "
            f"use with a different {operation} request. The resourceIds are the existing task ARNs which are already "
            "associated with the clientToken.",
            resourceIds=list(record.arns),
        )
    return record.arns


def remember(
    context: Context, operation: str, token: str | None, request: msgspec.Struct, arns: tuple[str, ...]
) -> None:
    """Keep what this token made, and forget tokens that are too old to count."""
    if not token:
        return
    tokens = context.store.tokens
    for old in tokens:  # oldest first
        if old.created_at + LIFETIME > context.now:
            break
        tokens.delete(old.key)
    tokens.put(
        TokenRecord(
            key=token_key(context, operation, token),
            fingerprint=_fingerprint(request),
            arns=arns,
            created_at=context.now,
        )
    )


def _fingerprint(request: msgspec.Struct) -> str:
    return msgspec.json.encode(msgspec.structs.replace(request, client_token=None)).decode()
