"""What the generated models share, and the metaclass of KECS's frozen structs: the shapes and the records of `core`.

msgspec makes every subclass of a frozen struct frozen too. Type checkers cannot know that of msgspec's own metaclass,
which leaves it open; this one says so to them and is msgspec's own at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, dataclass_transform

import msgspec

from kecs.aws.errors import ModeledError

if TYPE_CHECKING:

    @dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
    class FrozenStructMeta(msgspec.StructMeta): ...
else:
    FrozenStructMeta = msgspec.StructMeta


class Rest(NamedTuple):
    """How a REST API's requests name an operation, and which members they have outside of the body."""

    method: str
    path: str  # "/tags/{ResourceArn}": members stand in braces
    query: Mapping[str, str]  # members by the parameters that they are in


class Operation(NamedTuple):
    """One operation: its name, what it takes, what it answers and the errors the model declares for it."""

    name: str
    request: type[msgspec.Struct]
    response: type[msgspec.Struct]
    errors: tuple[type[ModeledError], ...]
    rest: Rest | None = None  # of an API that is a REST API
