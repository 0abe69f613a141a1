"""The suite's one parameter: which runtime."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.runtimes.conformance.harness import Harness, new_harness
from tests.runtimes.plans import IMAGE
from tests.support import images


@pytest.fixture(params=["simulated", pytest.param("docker", marks=pytest.mark.docker)])
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    if request.param == "docker":
        assert images.test_image("v1") == IMAGE
    async with new_harness(request.param) as opened:
        yield opened
