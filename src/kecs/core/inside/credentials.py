"""The credentials that a task has from its role. `app.inside` hands them out, `gateway.signature` reads their account.

They are made anew from the task's ARN and their number whenever they are asked for, so the same ones come until they
rotate, and none has to be kept. As at AWS, the account can be read out of an access key id. KECS's own are known by
their last letters: the keys that people have from elsewhere name no account here, whatever they say.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
"""

from __future__ import annotations

import re
from base64 import b32decode, b32encode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from hmac import compare_digest
from typing import NamedTuple

from kecs.core.arns import last_part, scope_of
from kecs.core.inside.names import Names

LASTS = 6 * 3600.0  # seconds that credentials are good for
ROTATE = 5 * 3600.0  # seconds after which others are given out; SDKs ask again some minutes before the end

_OURS = re.compile(r"ASIA([A-Z2-7]{12})KECS")
_ACCOUNT = 0x7FFF_FFFF_FF80  # the bits of an access key id, without its prefix, that are the account


class Credentials(NamedTuple):
    """Of one task, for a time."""

    role_arn: str
    access_key_id: str
    secret_access_key: str
    token: str
    expiration: float


class Identity(NamedTuple):
    """Who calls with a task's credentials."""

    account: str
    role_arn: str
    session: str  # the task's id


def credentials_of(names: Names, task: str, role_arn: str, created_at: float, now: float) -> Credentials:
    """The credentials at a time of a task that was created at another."""
    return numbered(names, task, role_arn, created_at, max(int((now - created_at) // ROTATE), 0))


def numbered(names: Names, task: str, role_arn: str, created_at: float, number: int) -> Credentials:
    """The first credentials (0) of the task, or those that follow."""
    said = "\n".join((task, role_arn, str(number)))
    proof = names.made_of("token", said)
    return Credentials(
        role_arn=role_arn,
        access_key_id=_access_key_id(scope_of(task).account, names.made_of("access key", said, size=3)),
        secret_access_key=b64encode(names.made_of("secret", said, size=30)).decode(),
        token=urlsafe_b64encode(proof + said.encode()).decode(),
        expiration=created_at + number * ROTATE + LASTS,
    )


def account_in(access_key_id: str) -> str | None:
    """The account in an access key id of KECS's own; None for any other key."""
    match = _OURS.fullmatch(access_key_id)
    if match is None:
        return None
    account = (int.from_bytes(b32decode(f"{match[1]}AAAA")[:6], "big") & _ACCOUNT) >> 7
    return f"{account:012d}"


def identity_in(names: Names, token: str) -> Identity | None:
    """Who has the session token; None when it is not one of KECS's own."""
    try:
        raw = urlsafe_b64decode(token.encode())
        task, role_arn, _ = (said := raw[16:].decode()).split("\n")
    except ValueError:
        return None
    if not compare_digest(raw[:16], names.made_of("token", said)):
        return None
    return Identity(scope_of(task).account, role_arn, last_part(task))


def _access_key_id(account: str, unlike: bytes) -> str:
    """Twenty characters: the prefix of what is temporary, the account as AWS writes it, what tells keys apart, KECS."""
    bits = 1 << 59 | int(account) << 19 | int.from_bytes(unlike, "big") & 0x7FFFF
    return f"ASIA{b32encode((bits << 20).to_bytes(10, 'big')).decode()[:12]}KECS"
