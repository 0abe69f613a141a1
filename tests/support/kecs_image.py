"""KECS's own image, as `make image` builds it from the Dockerfile, on a base that no registry was asked for.

`kecs_image()` gives its reference. The base is made once and what has not changed is not built again, so only the first
call of all takes long. A test that calls it is skipped where it cannot be built; with KECS_REQUIRE_DOCKER=1 it fails.
testcontainers would start a reaper whose image only a registry has; importing this module tells it not to.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

from tools.base_image import NoBase, base_image

from tests.support import programs
from tests.support.images import unavailable

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = "kecs-test/kecs:latest"
SETTINGS = {"KECS_IMAGE": REFERENCE, "TESTCONTAINERS_RYUK_DISABLED": "true"}
BUILD_SECONDS = 300

os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"


@functools.cache
def kecs_image() -> str:
    """The reference of the image, built from the tree as it is."""
    try:
        base = base_image()
    except NoBase as error:
        unavailable(f"no base for KECS's image can be made: {error}")
    command = ["make", "image", f"IMAGE={REFERENCE}", f"PYTHON_IMAGE={base}", f"PYTHON={sys.executable}"]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    programs.run(command, cwd=ROOT, env=variables, timeout=BUILD_SECONDS)
    return REFERENCE
