from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kecs.testing import Server, cleanup_cluster, start_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with start_server() as server:
        yield server
        assert "Traceback" not in server.logs()


@pytest.fixture
def client(server: Server) -> Any:
    return server.ecs_client()


@pytest.fixture
def cluster(client: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    name: str = request.node.name[:100].replace("[", "-").replace("]", "")
    client.create_cluster(clusterName=name)
    yield name
    cleanup_cluster(client, name)
