"""Pages of a listing: `maxResults` and `nextToken` as every List operation of ECS takes them."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from kecs.aws.model import ecs as m


def page(
    keys: Sequence[str], token: str | None, size: int | None, *, most: int = 100
) -> tuple[Sequence[str], str | None]:
    """The keys of the page that `token` asks for, and the token of the page after it (None: there is none).

    `size` is the caller's maxResults, between 1 and `most`. A token holds the last key seen and its position: keys
    that come or go between two calls neither repeat nor hide others. Raises InvalidParameterException.
    """
    if size is not None and not 1 <= size <= most:
        raise m.InvalidParameterException(f"maxResults must be between 1 and {most}")
    if token is None and len(keys) <= (size or most):
        return keys, None
    start = _position(keys, token) if token else 0
    end = start + (size or most)
    return keys[start:end], _token(end, keys[end - 1]) if end < len(keys) else None


def _token(position: int, last: str) -> str:
    return urlsafe_b64encode(f"{position} {last}".encode()).decode()


def _position(keys: Sequence[str], token: str) -> int:
    try:
        position, last = urlsafe_b64decode(token.encode()).decode().split(" ", 1)
        fallback = int(position)
    except (binascii.Error, UnicodeError, ValueError):
        raise m.InvalidParameterException("Invalid token") from None
    try:
        return keys.index(last) + 1
    except ValueError:
        return fallback
