"""Other programs that a test runs, and that have to do well."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float = 120) -> str:
    """What it prints, wherever to; fails with that if it does not exit with 0. `timeout`: seconds."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
