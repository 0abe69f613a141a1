"""Where identifiers come from: `ports.clock.Ids` by chance, or from a seed so that a run can be repeated."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from collections.abc import Callable

LOWEST_19_DIGITS = 10**18
UUID4_MASK = ~(0xF << 76) & ~(0x3 << 62)  # the bits of a UUID that are chance
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))  # the same two bits, of a hexadecimal digit
UUID4_MARK = (0x4 << 76) | (0x2 << 62)  # version 4, variant of RFC 9562


class _Ids:
    """Identifiers in AWS's shapes, from a source of bits; see ports.clock.Ids."""

    def __init__(self, bits: Callable[[int], int]) -> None:
        self._bits = bits

    def hex32(self) -> str:
        return f"{self._bits(128) & UUID4_MASK | UUID4_MARK:032x}"

    def uuid(self) -> str:
        digits = self.hex32()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def below(self, limit: int) -> int:
        return self._bits(64) % limit

    def digits19(self) -> str:
        return str(LOWEST_19_DIGITS + self._bits(64) % (9 * LOWEST_19_DIGITS))

    def name21(self) -> str:
        return urlsafe_b64encode(self._bits(128).to_bytes(16, "big")).decode()[:21]


class RandomIds(_Ids):
    """From the operating system's random source: version 4 UUIDs, never the same twice."""

    def __init__(self) -> None:
        super().__init__(lambda bits: int.from_bytes(os.urandom(bits // 8), "little"))
        self._digits = ""
        self._used = 0

    def uuid(self) -> str:
        """Every answer has one, so the system is asked for many at once."""
        if self._used == len(self._digits):
            self._digits, self._used = os.urandom(4096).hex(), 0
        start, self._used = self._used, self._used + 32
        digits = self._digits[start : self._used]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


class SeededIds(_Ids):
    """The same identifiers in the same order for the same seed."""

    def __init__(self, seed: int) -> None:
        from random import Random  # takes its time to import, and no server needs it

        super().__init__(Random(seed).getrandbits)
