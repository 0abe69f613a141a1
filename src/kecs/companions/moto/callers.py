"""Lets moto know who calls with the credentials of a task, which KECS has given out and not moto. `server` calls it.

moto finds callers in a list of the roles that were assumed; a task is in it for as long as its request takes.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.utilities.utils import get_partition

from kecs.companions.moto.wire import Caller

_ANYWHERE = "us-east-1"  # a region of AWS's own partition


class _TaskRole(AssumedRole):
    """The role of a task, assumed by it."""

    def __init__(self, caller: Caller) -> None:
        self.account_id = caller.account
        self.region_name = _ANYWHERE
        self.partition = get_partition(_ANYWHERE)
        self.session_name = caller.session
        self.role_arn = caller.role_arn
        self.access_key_id = caller.access_key

    @property
    def user_id(self) -> str:
        """As moto's own, but the same each time where the role is none that somebody has made."""
        roles = iam_backends[self.account_id][self.partition].get_roles()
        made_up = f"AROA{b32encode(blake2b(self.role_arn.encode(), digest_size=10).digest()).decode()}"
        return f"{next((role.id for role in roles if role.arn == self.role_arn), made_up)}:{self.session_name}"


@contextmanager
def known(caller: Caller) -> Iterator[None]:
    """The caller has assumed its role, until the block ends."""
    roles: list[Any] = sts_backends[caller.account][get_partition(_ANYWHERE)].assumed_roles
    role = _TaskRole(caller)
    roles.append(role)
    try:
        yield
    finally:
        roles.remove(role)
