"""A Docker Engine of a test's own, which holds containers to a size: its files are on btrfs, in a file of this machine.

It has namespaces of its own for networks, of which it has none, and for mounts, which go with it: `dockerd` without a
bridge would remove the one that others use. A test is skipped by name where there can be no such engine: it takes root
and a kernel that knows btrfs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SPARSE = 8 * 1024**3  # bytes, of which next to nothing is used
_MOUNTED = ("unshare", "--net", "--mount", "sh", "-c", 'mount -o loop "$0" "$1" && shift && exec "$@"')
_NO_NETWORK = ("--bridge=none", "--iptables=false", "--ip6tables=false")


@contextmanager
def engine_with_sizes() -> Iterator[str]:
    """Its URL."""
    if missing := [name for name in ("dockerd", "mkfs.btrfs", "mount", "unshare") if shutil.which(name) is None]:
        pytest.skip(f"{missing[0]}, which an engine on btrfs takes, is not installed")
    if os.getuid() != 0:
        pytest.skip("a Docker Engine on btrfs takes root")
    with tempfile.TemporaryDirectory(prefix="kecs-engine-") as name:
        folder = Path(name)
        disk, files, url = folder / "disk", folder / "files", f"unix://{folder}/docker.sock"
        with disk.open("wb") as image:
            image.truncate(SPARSE)
        files.mkdir()
        subprocess.run(["mkfs.btrfs", "-q", str(disk)], check=True, capture_output=True)
        places = ("--data-root", f"{files}/docker", "--exec-root", f"{folder}/run", "--pidfile", f"{folder}/pid")
        dockerd = ("dockerd", "--host", url, *places, "--storage-driver", "btrfs", *_NO_NETWORK)
        engine = subprocess.Popen(
            [*_MOUNTED, str(disk), str(files), *dockerd], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            _wait(engine)
            yield url
        finally:
            engine.terminate()
            engine.communicate(timeout=60)


def _wait(engine: subprocess.Popen[str]) -> None:
    """Until it answers."""
    assert engine.stderr is not None
    last = ""
    for line in engine.stderr:
        if "API listen on" in line:
            return
        last = line
    pytest.skip(f"not on docker: no second engine can run here: {last.strip()}")
