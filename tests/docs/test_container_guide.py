"""The examples of docs/guides/testcontainers.md in shell and Python; tests/sdk has the one in JavaScript.

They run against the image as it is built from this tree. What the page calls its container and volume gets names of the
test's own, and so does the port.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.test_examples import ROOT, RUN, RUN_TESTS, script
from tests.support import programs
from tests.support.kecs_image import REFERENCE, SETTINGS, kecs_image

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs/guides/testcontainers.md"
WRITTEN = {"my-kecs", "kecs-data"}
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("KECS_", "AWS_"))}


def run(command: list[str], folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{CLEAN['PATH']}"
    programs.run(command, cwd=folder, env=CLEAN | SETTINGS | {"PATH": path})


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.long
@pytest.mark.docker
def test_the_shell_examples(tmp_path: Path) -> None:
    kecs_image()
    mine = {name: f"{name}-{secrets.token_hex(4)}" for name in WRITTEN}
    text = script(PAGE, "sh")
    for written, meant in {**mine, "kecs:latest": REFERENCE, "127.0.0.1:5373": f"127.0.0.1:{free_port()}"}.items():
        assert written in text
        text = text.replace(written, meant)
    file = tmp_path / PAGE.name
    file.write_text(text)
    try:
        run([*RUN["sh"], str(file)], tmp_path)
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", mine["my-kecs"]], capture_output=True, check=False)
        subprocess.run(["docker", "volume", "rm", "--force", mine["kecs-data"]], capture_output=True, check=False)


@pytest.mark.long
@pytest.mark.docker
def test_the_tests_in_python(tmp_path: Path) -> None:
    kecs_image()
    file = tmp_path / "test_guide.py"
    file.write_text(script(PAGE, "python"))
    run([*RUN_TESTS, str(file)], tmp_path)


@pytest.mark.long
@pytest.mark.docker
def test_the_image_with_more_in_it(tmp_path: Path) -> None:
    """All but the download: pip finds KECS in the image, and what it needs without the extra is there."""
    kecs_image()
    text = script(PAGE, "dockerfile")
    for written, meant in {"kecs:latest": REFERENCE, "kecs[aws]": "kecs"}.items():
        assert written in text
        text = text.replace(written, meant)
    (tmp_path / "Dockerfile").write_text(text)
    tag = f"kecs-test/more:{secrets.token_hex(4)}"
    try:
        run(["docker", "build", "--tag", tag, "."], tmp_path)
        run(["docker", "run", "--rm", tag, "version"], tmp_path)
    finally:
        subprocess.run(["docker", "rmi", "--force", tag], capture_output=True, check=False)
