"""The cluster that is named for tests."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kecs.runtimes.kubernetes.api.client import Cluster


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    opened = Cluster.named(Path(os.environ["KECS_TEST_KUBECONFIG"]))
    yield opened
    await opened.close()
