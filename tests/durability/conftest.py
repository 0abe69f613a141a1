"""One KECS after the other on Docker and on the same data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import Server


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Starts a KECS on the same data folder each time; what the last one made is removed at the end."""
    started: list[Server] = []

    def start() -> Server:
        flags = ("--runtime", "docker", "--port", "0", "--data-dir", str(tmp_path), "--instance", "durability")
        started.append(Server(*flags))
        return started[-1]

    yield start
    if started:
        started[-1].stop()
        cleaner = start()
        cleaner.reset()
        cleaner.stop()
