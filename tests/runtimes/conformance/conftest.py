"""The suite's one parameter: which runtime."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.runtimes.conformance.harness import Harness, new_harness


@pytest.fixture(params=["simulated", pytest.param("docker", marks=pytest.mark.docker)])
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    if request.param == "docker":
        request.getfixturevalue("busybox")
    async with new_harness(request.param) as opened:
        yield opened


@pytest.fixture(scope="session")
def busybox() -> None:
    """The image that real containers run. Built once; a test is skipped by name where it cannot be."""
    from tests.support import images

    images.busybox()
