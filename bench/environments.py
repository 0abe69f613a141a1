"""The Python environments of the other emulators: made once under a cache folder, with the versions named here.

Called by `bench.servers` for the targets that need one. Nothing of them reaches the environment of KECS.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

# Exact versions, so that two runs can be compared. Raise them by hand when a newer release is what users install.
PACKAGES = {"moto": "moto[server]==5.2.5", "ministack": "ministack==1.5.33"}

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kecs-bench"


@cache
def environment(name: str) -> Path:
    """The folder with the executables of that environment, installed at the first call."""
    folder = CACHE / name
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text() != PACKAGES[name]:
        print(f"Installing {PACKAGES[name]} …", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, PACKAGES[name]], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{PACKAGES[name]} cannot be installed:\n{done.stderr}")
        stamp.write_text(PACKAGES[name])
    return folder / "bin"


def versions(python: Path | str, *distributions: str) -> dict[str, str]:
    """The installed versions of these distributions, as the interpreter `python` sees them."""
    code = "import sys, importlib.metadata as m\nfor name in sys.argv[1:]: print(name, m.version(name))"
    found = subprocess.run([python, "-c", code, *distributions], stdout=subprocess.PIPE, text=True, check=True)
    return dict(line.split() for line in found.stdout.splitlines())


def process_environment(**extra: str) -> dict[str, str]:
    """The environment of every server: byte code is cached in a place of its own, as an ordinary install has it.

    A KECS setting in the caller's environment must not change what is measured.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KECS_", "PYTHON", "AWS_"))}
    kept.pop("LOG_LEVEL", None)
    kept.pop("DEBUG", None)
    return {**kept, "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"), "PYTHONUNBUFFERED": "1", **extra}
