"""A world of its own for every test: the whole kernel on a clock that the test moves."""

from __future__ import annotations

import pytest
from tests.scenarios.world import World


@pytest.fixture
def world() -> World:
    return World()
