"""The JavaScript example of docs/guides/testcontainers.md: KECS's image, started by testcontainers for Node."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs.test_examples import script
from tests.support import javascript, programs
from tests.support.kecs_image import ROOT, SETTINGS, kecs_image

FOLDER = Path(__file__).parent / "testcontainers"
GUIDE = ROOT / "docs/guides/testcontainers.md"


@pytest.mark.long
@pytest.mark.docker
def test_the_example_of_the_guide(tmp_path: Path) -> None:
    if reason := javascript.problem(FOLDER):
        pytest.skip(reason)
    kecs_image()
    example = tmp_path / "orders.test.mjs"
    example.write_text(script(GUIDE, "javascript"))
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    variables = os.environ | SETTINGS | {"NODE_NO_WARNINGS": "1"}
    printed = programs.run(["node", "--test", example.name], cwd=tmp_path, env=variables)
    assert "# pass 2\n" in printed.replace("ℹ", "#"), printed
