"""What property tests of the whole kernel look at."""

from __future__ import annotations

import logging
from typing import Any

from tests.scenarios.world import World


def content(world: World) -> dict[str, dict[str, Any]]:
    """Every record, by table and key."""
    return {name: dict(table._rows) for name, table in world.kernel.store.tables.items()}


class Errors(logging.Handler):
    """What KECS logged as an error while this was open; none is expected by its end."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(logging.Formatter().format(record))

    def __enter__(self) -> Errors:
        logging.getLogger("kecs").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("kecs").removeHandler(self)
        assert self.texts == []
