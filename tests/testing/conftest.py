from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from tests.testing.fakes import Fakes

from kecs.testing import Images, Server, cleanup_cluster, start_server

Run = Callable[..., str]
# Plugins of this environment that are nothing to KECS's: loading them takes longer than the tests.
OTHERS = [plugin.name for plugin in entry_points(group="pytest11") if plugin.name != "kecs"]


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
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name[:100])
    client.create_cluster(clusterName=name)
    yield name
    cleanup_cluster(client, name)


@pytest.fixture
def image(server: Server) -> Iterator[Images]:
    with server.images() as image:
        yield image


@pytest.fixture
def fakes(server: Server, client: Any, cluster: str, image: Images) -> Fakes:
    return Fakes(server, client, cluster, image)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run pytest on a module of tests; what it printed, once the outcome was as expected."""

    def run(tests: str, *flags: str, code: int = 0) -> str:
        (tmp_path / "test_it.py").write_text(tests)
        (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n")
        without = [f"-pno:{name}" for name in OTHERS if not (name.startswith("xdist") and "-n" in flags)]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *without, *flags]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run
