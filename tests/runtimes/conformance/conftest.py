"""The suite's one parameter: which runtime."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.runtimes.conformance.harness import Harness, new_harness
from tests.runtimes.plans import IMAGE
from tests.support import images

REAL = ("docker", "kubernetes")


@pytest.fixture(params=["simulated", *(pytest.param(name, marks=getattr(pytest.mark, name)) for name in REAL)])
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    if request.param in REAL:
        assert images.test_image("v1") == IMAGE
    async with new_harness(request.param) as opened:
        yield opened
