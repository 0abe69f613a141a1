"""AWS's SDK for Go 2, where a GOPATH has it: in Debian's package golang-github-aws-aws-sdk-go-v2-dev, for one."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "sdk/go"
SDK = "github.com/aws/aws-sdk-go-v2/service/ecs"
OF_DEBIAN = "/usr/share/gocode"
LONGEST_BUILD = 240  # seconds


def environment() -> dict[str, str]:
    """For commands of Go: modules would be looked for elsewhere."""
    paths = [os.environ.get("GOPATH") or str(Path.home() / "go"), OF_DEBIAN]
    return {**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOPATH": os.pathsep.join(paths)}


@cache
def problem() -> str | None:
    """Why nothing can be built with the SDK, or None."""
    if shutil.which("go") is None:
        return "go is not installed"
    done = subprocess.run(["go", "list", SDK], env=environment(), capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"AWS's SDK for Go ({SDK}) is not installed"


def build(program: Path) -> Path:
    """tests/sdk/go as a program."""
    command = ["go", "build", "-o", str(program), "."]
    done = subprocess.run(
        command, cwd=FOLDER, env=environment(), capture_output=True, text=True, check=False, timeout=LONGEST_BUILD
    )
    assert done.returncode == 0, done.stderr
    return program
