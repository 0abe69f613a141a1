from __future__ import annotations

import re
import uuid

import pytest

from kecs.control.ids import RandomIds, SeededIds


@pytest.mark.parametrize("ids", [RandomIds(), SeededIds(7)])
def test_shapes(ids: RandomIds | SeededIds) -> None:
    for _ in range(200):
        assert re.fullmatch("[0-9a-f]{32}", ids.hex32())
        assert re.fullmatch("[1-9][0-9]{18}", ids.digits19())
        assert re.fullmatch("[A-Za-z0-9_-]{21}", ids.name21())
        assert ids.below(3) in (0, 1, 2)
        text = ids.uuid()
        parsed = uuid.UUID(text)
        assert str(parsed) == text
        assert parsed.version == 4
        assert parsed.variant == uuid.RFC_4122


def test_random_ids_differ() -> None:
    ids = RandomIds()
    assert len({ids.hex32() for _ in range(1000)} | {ids.digits19() for _ in range(1000)}) == 2000


def test_seeded_ids_repeat() -> None:
    def draw(seed: int) -> list[str]:
        ids = SeededIds(seed)
        return [ids.hex32(), ids.uuid(), ids.digits19(), ids.hex32(), str(ids.below(10**9))]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
