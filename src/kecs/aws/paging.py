"""Pages of a listing: `maxResults` and `nextToken` as every listing of AWS's JSON APIs takes them.

Handlers cut their pages with `page`. Its tokens say where to go on; before one goes out, `gateway.listings` seals it
together with all that the listing was asked for, so that none fits anywhere else and none can be made up.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest

from kecs.aws.errors import ModeledError
from kecs.aws.model import ecs as m

# The key makes tokens that nobody comes by in passing; it is the same everywhere, so a token outlives a restart.
_KEY = b"nextToken of a KECS listing"
_CHECKSUM = 15  # bytes


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
    return keys[start:end], f"{end} {keys[end - 1]}" if end < len(keys) else None


def seal(token: str, listing: bytes) -> str:
    """The token as a caller gets it, good for nothing but this listing."""
    return urlsafe_b64encode(_checksum(token.encode(), listing) + token.encode()).decode()


def unseal(sealed: str, listing: bytes, invalid: type[ModeledError] = m.InvalidParameterException) -> str:
    """The token behind a sealed one. Raises `invalid` for any that `seal` did not make like that."""
    try:
        raw = urlsafe_b64decode(sealed.encode())
    except (binascii.Error, ValueError):
        raise invalid("Invalid token") from None
    checksum, token = raw[:_CHECKSUM], raw[_CHECKSUM:]
    # The decoder lets go of characters that it does not know; a token with such in it is none.
    if not compare_digest(checksum, _checksum(token, listing)) or urlsafe_b64encode(raw).decode() != sealed:
        raise invalid("Invalid token")
    return token.decode()


def _checksum(token: bytes, listing: bytes) -> bytes:
    return blake2b(token + b"\0" + listing, key=_KEY, digest_size=_CHECKSUM).digest()


def _position(keys: Sequence[str], token: str) -> int:
    try:
        position, last = token.split(" ", 1)
        fallback = int(position)
    except ValueError:
        raise m.InvalidParameterException("Invalid token") from None
    try:
        return keys.index(last) + 1
    except ValueError:
        return fallback
