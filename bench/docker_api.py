"""The Docker Engine's API over its socket, with nothing in between: the floor under every task that KECS starts."""

from __future__ import annotations

import http.client
import io
import json
import platform
import socket
import tarfile
from typing import Any

from kecs.runtimes.docker.pause import program

SOCKET = "/var/run/docker.sock"
IMAGE = "kecs-bench:1"


class Engine(http.client.HTTPConnection):
    """One keep-alive connection to the daemon. Raises OSError when none answers."""

    def __init__(self) -> None:
        super().__init__("docker", timeout=60)
        self.connect()

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(SOCKET)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer; `body` is JSON, or bytes of a tar. Raises RuntimeError."""
        raw = isinstance(body, bytes)
        payload = body if raw else json.dumps(body) if body is not None else None
        self.request(method, path, payload, {"Content-Type": "application/x-tar" if raw else "application/json"})
        answer = self.getresponse()
        text = answer.read().decode()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text}")
        return json.loads(text) if text.startswith("{") and "\n{" not in text else None

    def make_image(self) -> None:
        """An image of one static program that waits for SIGTERM, so that no registry is needed; once is enough."""
        if self._has_image():
            return
        content = program(platform.machine())
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            entry = tarfile.TarInfo("wait")
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
        repository, tag = IMAGE.split(":")
        self.call("POST", f"/images/create?fromSrc=-&repo={repository}&tag={tag}", buffer.getvalue())

    def _has_image(self) -> bool:
        try:
            self.call("GET", f"/images/{IMAGE}/json")
        except RuntimeError:
            return False
        return True

    def run(self, network_mode: str) -> str:
        """Create and start a container; its id."""
        body = {"Image": IMAGE, "Cmd": ["/wait"], "HostConfig": {"NetworkMode": network_mode}}
        container: str = self.call("POST", "/containers/create", body)["Id"]
        self.call("POST", f"/containers/{container}/start")
        return container

    def remove(self, *containers: str) -> None:
        for container in containers:
            self.call("DELETE", f"/containers/{container}?force=1&v=1")


def unavailable() -> str | None:
    """Why no container can be started here, or None."""
    try:
        Engine().close()
    except OSError as error:
        return f"no Docker daemon answers at {SOCKET} ({error.strerror or error})"
    return None


def version() -> str:
    engine = Engine()
    try:
        found: str = engine.call("GET", "/version")["Version"]
    finally:
        engine.close()
    return found
