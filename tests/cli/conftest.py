"""A KECS in test mode for the commands that speak to one, and a way to call commands as a shell does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

OUTSIDE = {name: value for name, value in os.environ.items() if not name.startswith(("KECS_", "AWS_", "LOG_LEVEL"))}


class Shell:
    """Calls `kecs` with a data folder of its own, so that no instance of the developer's is touched."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environment = OUTSIDE | {"KECS_DATA_DIR": str(data), "KECS_TEST_MODE": "true", "KECS_PORT": "0"}

    def kecs(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kecs", *arguments],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ok(self, *arguments: str, **environment: str) -> str:
        """The output of a command that succeeds."""
        done = self.kecs(*arguments, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str, **environment: str) -> str:
        """The one line on standard error of a command that fails."""
        done = self.kecs(*arguments, **environment)
        assert done.returncode == 1, done
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1, done.stderr
        return done.stderr


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell whose instances are stopped at the end."""
    yield from _shell(tmp_path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in which the default instance runs."""
    for shell in _shell(tmp_path_factory.mktemp("running")):
        shell.ok("start", "--detach")
        yield shell


def _shell(data: Path) -> Iterator[Shell]:
    shell = Shell(data)
    yield shell
    for folder in filter(Path.is_dir, data.iterdir()):
        shell.kecs("stop", "--instance", folder.name)
