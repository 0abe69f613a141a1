"""What records have in common."""

from __future__ import annotations

import msgspec

from kecs.aws.structs import FrozenStructMeta
from kecs.core.arns import Scope, last_part, scope_of


class Record(msgspec.Struct, metaclass=FrozenStructMeta, frozen=True, kw_only=True, omit_defaults=True):
    """The base of every record."""


class Scoped(Record):
    """A record of what has an ARN, in which its account and region stand."""

    arn: str

    @property
    def scope(self) -> Scope:
        return scope_of(self.arn)


class Named(Scoped):
    """Likewise, with its name at the end of the ARN."""

    @property
    def name(self) -> str:
        return last_part(self.arn)
