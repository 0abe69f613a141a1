"""Local images for tests that run real containers, made of a static busybox: no registry is asked for anything.

`test_image("v1")` and `test_image("v2")` give images with every busybox applet, a file /version and a default command
that answers their version over HTTP on port 8080 (or $PORT) and ends at once on SIGTERM. A test that calls it is
skipped where there is no Docker Engine or no busybox; with KECS_REQUIRE_DOCKER=1 it fails instead.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import pytest

from tests.support.engine import EngineConnection

REPOSITORY = "kecs-test/busybox"
PORT = 8080

_CONTENT_LABEL = "io.kecs.test.content"
_SERVE = """#!/bin/sh
trap 'exit 0' TERM INT
httpd -f -p "${PORT:-8080}" -h /www &
wait $!
"""


def docker(
    method: str, path: str, body: bytes | None = None, content_type: str = "application/json"
) -> tuple[int, Any]:
    """One request to the engine, for tests that look behind KECS: the status and the decoded answer."""
    status, text = _asked(method, path, body, content_type)
    try:
        return status, json.loads(text) if text else None
    except ValueError:
        return status, text.decode(errors="replace")


def saved(reference: str) -> bytes:
    """An image as `docker save` writes it."""
    status, image = _asked("GET", f"/images/{quote(reference)}/get")
    assert status == 200, image
    return image


def _asked(method: str, path: str, body: bytes | None = None, content_type: str = "") -> tuple[int, bytes]:
    connection = EngineConnection("docker", timeout=120)
    try:
        connection.request(method, path, body, {"Content-Type": content_type} if body else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@functools.cache
def test_image(version: str = "v1") -> str:  # noqa: PT028  imported by tests, not one itself
    """The reference of the image, built when it is not there."""
    reference = f"{REPOSITORY}:{version}"
    try:
        content = _root(version)
        digest = hashlib.sha256(content).hexdigest()
        status, found = docker("GET", f"/images/{quote(reference)}/json")
        if status != 200 or (found["Config"]["Labels"] or {}).get(_CONTENT_LABEL) != digest:
            _import(version, content, digest)
    except (OSError, http.client.HTTPException) as error:
        unavailable(f"no Docker Engine answers: {error}")
    return reference


test_image.__test__ = False  # type: ignore[attr-defined]


def _import(version: str, content: bytes, digest: str) -> None:
    changes = ['CMD ["/serve"]', "ENV PATH=/bin", f"LABEL {_CONTENT_LABEL}={digest}"]
    query = [("fromSrc", "-"), ("repo", REPOSITORY), ("tag", version), *(("changes", change) for change in changes)]
    status, answer = docker("POST", f"/images/create?{urlencode(query)}", content, "application/x-tar")
    if status != 200:
        unavailable(f"the test image cannot be imported: {answer}")


def _root(version: str) -> bytes:
    """The image's file system as a tar, the same bytes every time."""
    busybox = shutil.which("busybox")
    if busybox is None:
        unavailable("no busybox on this machine (Debian: apt-get install busybox-static)")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    program = Path(busybox).read_bytes()
    if b"/ld-" in program[:4096]:
        unavailable("the busybox of this machine is not static (Debian: apt-get install busybox-static)")
    files = {
        "bin/busybox": program,
        "serve": _SERVE.encode(),
        "version": f"{version}\n".encode(),
        "www/index.html": version.encode(),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for directory in ("bin", "etc", "www", "tmp", "dev", "proc", "sys"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if directory == "tmp" else 0o755
            tar.addfile(entry)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
        for applet in sorted(set(applets) - {"busybox"}):
            entry = tarfile.TarInfo(f"bin/{applet}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
    return buffer.getvalue()


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it where Docker is required."""
    if os.environ.get("KECS_REQUIRE_DOCKER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
