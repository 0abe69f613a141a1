"""As much of a Kubernetes API server as tells who asks and what they may do, for the commands that want to know."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

VERSION = "v1.31.0"


class ApiServer:
    """Its `url`. `refused`: what the user may not do, such as `create pods/exec`. `account`: None for a server that is
    too old to tell. `collections`: the objects that lists find, by path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.refused: set[str] = set()
        self.account: str | None = "alice"
        self.status = 200
        self.collections: dict[str, list[dict[str, Any]]] = {}

    def kubeconfig(self, path: Path) -> Path:
        """Written to `path`: the context `here` leads to this server, with its namespace `tools`."""
        config = {
            "clusters": [{"name": "it", "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": {"token": "t"}}],
            "contexts": [{"name": "here", "context": {"cluster": "it", "user": "me", "namespace": "tools"}}],
            "current-context": "here",
        }
        path.write_text(yaml.safe_dump(config))
        return path

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        if path == "/version":
            return self.status, {"gitVersion": VERSION}
        items = self.collections.get(path)
        return (403, {}) if items is None else (200, {"metadata": {"resourceVersion": "1"}, "items": items})

    def post(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if body["kind"] == "SelfSubjectReview":
            return (201, {"status": {"userInfo": {"username": self.account}}}) if self.account else (404, {})
        asked = body["spec"]["resourceAttributes"]
        resource = "/".join(filter(None, (asked["resource"], asked.get("subresource"))))
        name = ".".join(filter(None, (resource, asked["group"])))
        return 201, {"status": {"allowed": f"{asked['verb']} {name}" not in self.refused}}


@contextmanager
def api_server() -> Iterator[ApiServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(*server.get(self.path.partition("?")[0]))

        def do_POST(self) -> None:
            self.answer(*server.post(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def answer(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = ApiServer(f"http://127.0.0.1:{listening.server_port}")
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
