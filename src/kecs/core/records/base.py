"""The base of every record."""

from __future__ import annotations

import msgspec

from kecs.aws.structs import FrozenStructMeta


class Record(msgspec.Struct, metaclass=FrozenStructMeta, frozen=True, kw_only=True, omit_defaults=True):
    """The base of every record."""
