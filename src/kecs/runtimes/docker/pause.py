"""The image that holds a task's network namespace: made here, byte by byte, since no registry may be at hand.

Its only file is a static program that waits for SIGTERM or SIGINT and then exits. It ignores SIGCHLD explicitly, so
the kernel reaps what is left to it as process 1 of a shared process namespace. Called when a task needs it.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tarfile
from typing import NamedTuple

from kecs.runtimes.docker.engine import Engine, EngineError

IMAGE = "kecs/pause:1"

_BASE = 0x400000  # where the file is mapped, headers included
_DATA = 0x100  # offset of the two structures below; the code must end before it
_SIGCHLD_IGNORED = struct.pack("<4Q", 1, 0, 0, 0)  # struct sigaction with SIG_IGN
_TERM_AND_INT = struct.pack("<Q", 1 << 14 | 1 << 1)  # sigset_t


class _Machine(NamedTuple):
    """What differs between processors."""

    docker: str  # Docker's name of the architecture
    elf: int  # e_machine
    code: str


# rt_sigaction(SIGCHLD, ignored); rt_sigprocmask(SIG_BLOCK, set); while rt_sigtimedwait(set) < 0: pass; exit_group(0).
# Blocked signals reach even process 1, and waiting for them needs no handler.
_MACHINES = {
    "x86_64": _Machine(
        "amd64",
        62,
        "b80d000000 bf11000000 be00014000 31d2 41ba08000000 0f05"  # eax=13 edi=17 esi=data edx=0 r10d=8 syscall
        "b80e000000 31ff be20014000 0f05"  # eax=14 edi=0 esi=data+32 syscall
        "b880000000 bf20014000 31f6 31d2 0f05 85c0 78ec"  # eax=128 edi=data+32 esi=edx=0 syscall, again while eax < 0
        "b8e7000000 31ff 0f05",  # eax=231 edi=0 syscall
    ),
    "aarch64": _Machine(
        "arm64",
        183,
        "c81080d2 200280d2 132080d2 1308a0f2 e10313aa 020080d2 030180d2 010000d4"  # x8=134 x0=17 x1=x19=data x2=0 x3=8
        "e81080d2 000080d2 73820091 e10313aa 010000d4"  # x8=135 x0=0 x1=x19+=32
        "281180d2 e00313aa 010080d2 020080d2 010000d4 60ffff37"  # x8=137 x0=x19 x1=x2=0, again while w0 < 0
        "c80b80d2 000080d2 010000d4",  # x8=94 x0=0
    ),
}


def program(architecture: str) -> bytes:
    """The ELF executable for `architecture`, as Docker's /info names it: x86_64 or aarch64. Raises KeyError."""
    machine = _MACHINES[architecture]
    code = bytes.fromhex(machine.code)
    size = _DATA + len(_SIGCHLD_IGNORED) + len(_TERM_AND_INT)
    header = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, machine.elf, 1, _BASE + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x10000)
    return (header + segment + code).ljust(_DATA, b"\0") + _SIGCHLD_IGNORED + _TERM_AND_INT


def archive(architecture: str) -> bytes:
    """The image as `docker load` takes it; the same bytes, and so the same image id, every time."""
    layer = _tar({"pause": program(architecture)})
    config = {
        "architecture": _MACHINES[architecture].docker,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Entrypoint": ["/pause"], "Labels": {"io.kecs.role": "pause"}},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]
    return _tar(
        {
            "layer.tar": layer,
            "config.json": json.dumps(config).encode(),
            "manifest.json": json.dumps(manifest).encode(),
        }
    )


def docker_name(architecture: str) -> str:
    """What images call the `architecture` of Docker's /info: amd64 or arm64."""
    known = _MACHINES.get(architecture)
    return known.docker if known else architecture


async def ensure_image(engine: Engine, architecture: str) -> None:
    """Load the image unless it is there. Raises EngineError."""
    try:
        await engine.call("GET", f"images/{IMAGE}/json")
        return
    except EngineError as error:
        if error.status != 404:
            raise
    if architecture not in _MACHINES:
        known = ", ".join(_MACHINES)
        raise EngineError(501, f"KECS has no pause image for {architecture} (only for {known})")
    await engine.progress("images/load", params={"quiet": True}, body=archive(architecture))


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o755
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
