"""The Docker Engine as tests talk to it themselves, behind KECS."""

from __future__ import annotations

import http.client
import os
import socket
from urllib.parse import urlsplit


class EngineConnection(http.client.HTTPConnection):
    """HTTP to the engine that DOCKER_HOST names, or to the usual socket."""

    def connect(self) -> None:
        url = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
        if url.scheme == "unix":
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(url.path)
        else:
            self.sock = socket.create_connection((url.hostname or "", url.port or 2375), self.timeout)
