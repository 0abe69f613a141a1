"""Makes a base for the Dockerfile out of this machine's Python, for where no registry can be reached; prints its name.

    make image PYTHON_IMAGE=$(.venv/bin/python tools/base_image.py)

It has the interpreter with its standard library and the shared libraries that they load, all at the paths where they
are on this machine, pip, a static busybox for a shell, and as wheels what requirements/image.txt names and the
arguments say, such as boto3: pip fetches them out here and finds them in there, so that building needs no network. The
same contents are made once.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements/image.txt"
REPOSITORY = "kecs-base"

APPLETS = ("sh", "cat", "chmod", "chown", "echo", "env", "id", "ls", "mkdir", "ps", "rm", "sleep")
FOR_WHEELS = ("libdl", "libgcc_s", "libpthread", "librt", "libstdc++", "libutil")  # what wheels may take to be there
LEFT_OUT = {"__pycache__", "ensurepip", "idlelib", "lib2to3", "site-packages", "dist-packages", "test", "tests",
            "tkinter", "turtledemo"}  # fmt: skip
_UNNEEDED = re.compile(r"config-\d.*|_tkinter\..*|_test.*\.so|.*\.a")
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


class NoBase(Exception):
    """The base cannot be made here; the text says why."""


def main() -> None:
    try:
        print(base_image(*sys.argv[1:]))
    except NoBase as error:
        sys.exit(f"No base image can be made here: {error}")


def base_image(*packages: str) -> str:
    """The reference of the base, with wheels of these packages too, made unless Docker has it. Raises NoBase."""
    reference = f"{REPOSITORY}:{_fingerprint(*packages)}"
    if _run(["docker", "image", "inspect", reference], check=False).returncode == 0:
        return reference
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder) / "wheels"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
        _run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(REQUIREMENTS), "--dest", str(wheels)])
        if packages:
            _run([*pip, "--only-binary", ":all:", "--dest", str(wheels), *packages])
        archive = Path(folder) / "root.tar"
        with tarfile.open(archive, "w") as tar:
            _fill(tar, wheels)
        path = f"{interpreter().parent}:/usr/local/bin:/usr/bin:/bin"
        settings = [f"ENV PATH={path} PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels", 'CMD ["sh"]']
        _run(["docker", "import", *(f"--change={setting}" for setting in settings), str(archive), reference])
    return reference


def interpreter() -> Path:
    """The Python that the virtual environment was made with."""
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def _fingerprint(*packages: str) -> str:
    """The same for the same contents."""
    described = [sys.version, sys.base_prefix, Path(__file__).read_text(), REQUIREMENTS.read_text(), *packages]
    return hashlib.sha256("\0".join(described).encode()).hexdigest()[:12]


def _fill(tar: tarfile.TarFile, wheels: Path) -> None:
    files = {str(path): path for path in (interpreter(), *_standard_library())}
    binaries = [path for path in files.values() if path == interpreter() or ".so" in path.suffixes]
    files |= {name: Path(name) for name in _libraries(binaries)}
    packages, pip = _site_packages(), _pip()
    files |= {f"{packages}/pip/{path.relative_to(pip)}": path for path in _below(pip)}
    files |= {f"/wheels/{wheel.name}": wheel for wheel in wheels.iterdir()}
    files["/bin/busybox"] = _busybox()
    for name, path in files.items():
        entry = tar.gettarinfo(path.resolve(), name.lstrip("/"))
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mode = 0o755 if entry.mode & 0o100 or name == "/bin/busybox" else 0o644
        with path.open("rb") as content:
            tar.addfile(entry, content)
    _link(tar, "usr/local/bin/python3", str(interpreter()))
    for applet in APPLETS:
        _link(tar, f"bin/{applet}", "busybox")
    _text(tar, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    _text(tar, "etc/group", "root:x:0:\n")
    temporary = tarfile.TarInfo("tmp")
    temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
    tar.addfile(temporary)


def _standard_library() -> Iterator[Path]:
    return _below(Path(sysconfig.get_path("stdlib")))


def _below(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.name in LEFT_OUT or _UNNEEDED.fullmatch(entry.name):
            continue
        if entry.is_dir():
            yield from _below(entry)
        elif entry.is_file():
            yield entry


def _libraries(binaries: list[Path]) -> set[str]:
    """The shared libraries that they load, the loader among them."""
    if shutil.which("ldd") is None:
        raise NoBase("there is no ldd to tell which libraries Python needs.")
    found = set(_LIBRARY.findall(_run(["ldd", *map(str, binaries)], check=False).stdout))
    beside_libc = {Path(name).parent for name in found if "/libc.so" in name}
    return found | {str(path) for folder in beside_libc for name in FOR_WHEELS for path in folder.glob(f"{name}.so.*")}


def _site_packages() -> str:
    """Where the interpreter looks for packages, outside any virtual environment."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return _run([str(interpreter()), "-I", "-c", code]).stdout.strip()


def _pip() -> Path:
    import pip

    return Path(pip.__file__).parent


def _busybox() -> Path:
    found = shutil.which("busybox")
    if found is None or _LIBRARY.search(_run(["ldd", found], check=False).stdout):
        raise NoBase("there is no static busybox (Debian: apt-get install busybox-static).")
    return Path(found)


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)


def _text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text), 0o644
    tar.addfile(entry, io.BytesIO(text.encode()))


def _run(command: list[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"}, timeout=300
        )
    except FileNotFoundError:
        raise NoBase(f"there is no {command[0]}.") from None
    if check and done.returncode:
        raise NoBase(f"{' '.join(command[:3])} … has failed: {done.stderr.strip()[-500:]}")
    return done


if __name__ == "__main__":
    main()
