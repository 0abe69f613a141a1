"""Root file systems out of what this machine has, for a demo that needs no registry: a busybox, or this Python.

A container image is a tar of files. A static busybox is one; a Python needs its interpreter, the libraries that `ldd`
names, and the modules that the demo's program imports, all at the paths where they are on this machine.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

from kecs.cli.demo import program

APPLETS = ("sh", "httpd", "wget", "sleep", "mkdir")
PROGRAM = "/demo.py"

_LOADED = "import os, signal, socket, sys, time; print(*[getattr(m, '__file__', '') for m in sys.modules.values()])"
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


class RootFiles(NamedTuple):
    """Files by their path in the image, and links by theirs."""

    files: dict[str, Path]
    links: dict[str, str]

    def fingerprint(self) -> str:
        """The same text for the same files."""
        described = [f"{path} {real.stat().st_size} {real.stat().st_mtime_ns}" for path, real in self.files.items()]
        return "\n".join(sorted(described))

    def build_context(self) -> bytes:
        """A Docker build context that makes an image of nothing but these."""
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as tar:
            dockerfile = b"FROM scratch\nCOPY root/ /\n"
            entry = tarfile.TarInfo("Dockerfile")
            entry.size = len(dockerfile)
            tar.addfile(entry, io.BytesIO(dockerfile))
            for path, real in self.files.items():
                with real.open("rb") as content:
                    entry = tarfile.TarInfo(f"root{path}")
                    entry.size, entry.mode = real.stat().st_size, 0o755
                    tar.addfile(entry, content)
            for path, target in self.links.items():
                entry = tarfile.TarInfo(f"root{path}")
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                tar.addfile(entry)
        return context.getvalue()


def busybox_files() -> RootFiles | None:
    """A static busybox of this machine; None when there is none."""
    found = shutil.which("busybox")
    if found is None or not sys.platform.startswith("linux") or _libraries(Path(found)):
        return None
    listing = subprocess.run([found, "--list"], capture_output=True, text=True, check=False)
    if not set(APPLETS) <= set(listing.stdout.split()):
        return None
    return RootFiles({"/bin/busybox": Path(found)}, {f"/bin/{applet}": "busybox" for applet in APPLETS})


def python_files() -> tuple[RootFiles, str] | None:
    """This Python with what the demo's program needs, and the interpreter's path; None away from Linux."""
    if not sys.platform.startswith("linux"):
        return None
    interpreter = Path(sys.executable).resolve()
    listing = subprocess.run([interpreter, "-I", "-S", "-c", _LOADED], capture_output=True, text=True, check=True)
    modules = [Path(name) for name in listing.stdout.split() if name.startswith("/")]
    binaries = [interpreter, *(module for module in modules if ".so" in module.suffixes)]
    files = {str(path): path for path in (interpreter, *modules)}
    for binary in binaries:
        files |= {name: Path(name) for name in _libraries(binary)}
    files[PROGRAM] = Path(program.__file__)
    return RootFiles(files, {}), str(interpreter)


def _libraries(binary: Path) -> list[str]:
    """The shared libraries that a binary needs, its loader included; none for a static one."""
    try:
        return _LIBRARY.findall(subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout)
    except FileNotFoundError:
        return []
