"""The metaclass of KECS's frozen structs: the generated shapes and the records of `core`.

msgspec makes every subclass of a frozen struct frozen too. Type checkers cannot know that of msgspec's own metaclass,
which leaves it open; this one says so to them and is msgspec's own at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, dataclass_transform

import msgspec

if TYPE_CHECKING:

    @dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
    class FrozenStructMeta(msgspec.StructMeta): ...
else:
    FrozenStructMeta = msgspec.StructMeta
