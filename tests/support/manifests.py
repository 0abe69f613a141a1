"""What deploy/ consists of, as Kustomize and Helm write it out. A test that needs one that is not there is skipped."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "deploy/kustomize"
CHART = ROOT / "deploy/helm/kecs"

Manifest = dict[str, Any]


class Refused(Exception):
    """Helm does not render this; the text is what it says."""


def manifests(text: str) -> dict[tuple[str, str], Manifest]:
    """By kind and name."""
    found = [document for document in yaml.safe_load_all(text) if document]
    return {(document["kind"], document["metadata"]["name"]): document for document in found}


@functools.cache
def program(name: str) -> str:
    """The path of a command, beside Python or elsewhere."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def kustomized(folder: Path = BASE) -> dict[tuple[str, str], Manifest]:
    done = subprocess.run(
        [program("kubectl"), "kustomize", str(folder)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return manifests(done.stdout)


def rendered(
    *options: str, release: str = "kecs", namespace: str = "kecs", values: Manifest | None = None
) -> dict[tuple[str, str], Manifest]:
    """The chart's manifests. Raises Refused."""
    command = [program("helm"), "template", release, str(CHART), "--namespace", namespace, "--values", "-", *options]
    done = subprocess.run(
        command, input=yaml.safe_dump(values or {}), capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode:
        raise Refused(done.stderr)
    return manifests(done.stdout)
