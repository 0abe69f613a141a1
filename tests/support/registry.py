"""A registry of images on a port of this machine, for tests that pull: one image, for whoever may have it.

It speaks as much of the Docker Registry HTTP API v2 as a pull takes. `authentication` is how it wants to know who asks:
by a login with each request, or by a token that its own `/token` gives for the login.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import secrets
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from tests.support.images import docker, saved, test_image

Authentication = Literal["none", "basic", "token"]

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


class Blob(NamedTuple):
    content: bytes
    type: str

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def described(self) -> dict[str, Any]:
        return {"mediaType": self.type, "size": len(self.content), "digest": self.digest}


class Registry:
    """What is served, and who has asked for it."""

    def __init__(self, repository: str, tag: str, image: str, authentication: Authentication, login: str) -> None:
        """`image` is a local one, `login` is `name:password`."""
        self.repository = repository
        self.tag = tag
        self.authentication = authentication
        self.login = login
        self.asked: list[str] = []  # logins, in the order in which they came
        self.served: list[str] = []  # paths that had an answer
        self.address = ""  # HOST:PORT
        self._tokens: set[str] = set()
        self._found = _exported(image)
        self._manifest = _manifest(*self._found)

    @property
    def digest(self) -> str:
        """Of the manifest, by which the engine knows the image."""
        return self._manifest.digest

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        scheme, _, said = authorization.partition(" ")
        if scheme == "Basic":
            self.asked.append(base64.b64decode(said).decode())
        knows = scheme == "Basic" and self.asked[-1] == self.login
        if path == "/token":
            if not knows:
                return self._refused("UNAUTHORIZED", "authentication required")
            self._tokens.add(token := secrets.token_hex(16))
            return 200, {"Content-Type": "application/json"}, json.dumps({"token": token}).encode()
        if not {"none": True, "basic": knows, "token": scheme == "Bearer" and said in self._tokens}[
            self.authentication
        ]:
            return self._refused("UNAUTHORIZED", "authentication required")
        blob = self._at(path)
        if blob is None:
            return 404, {}, _errors("NAME_UNKNOWN", "repository name not known to registry")
        self.served.append(path)
        return 200, {"Content-Type": blob.type, "Docker-Content-Digest": blob.digest}, blob.content

    def _at(self, path: str) -> Blob | None:
        if path == "/v2/":
            return Blob(b"{}", "application/json")
        here = f"/v2/{self.repository}"
        if path in (f"{here}/manifests/{self.tag}", f"{here}/manifests/{self.digest}"):
            return self._manifest
        return next((blob for blob in self._found if path == f"{here}/blobs/{blob.digest}"), None)

    def _refused(self, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
        asks = {
            "none": "",
            "basic": 'Basic realm="tests"',
            "token": f'Bearer realm="http://{self.address}/token",service="tests",'
            f'scope="repository:{self.repository}:pull"',
        }[self.authentication]
        return 401, {"WWW-Authenticate": asks, "Content-Type": "application/json"}, _errors(code, message)


@contextmanager
def registry(
    repository: str, tag: str = "1", authentication: Authentication = "basic", login: str = "alice:hunter2"
) -> Iterator[Registry]:
    """A registry with an image that no engine has: the test image in a version of its own."""
    version = secrets.token_hex(4)
    image = test_image(version)
    try:
        found = Registry(repository, tag, image, authentication, login)
    finally:
        docker("DELETE", f"/images/{image}")
        test_image.cache_clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(found)) as server:
        found.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
            docker("DELETE", f"/images/{found.address}/{repository}:{tag}?force=1")


def _handler(found: Registry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = found.answer(urlsplit(self.path).path, self.headers.get("Authorization") or "")
            self.send_response(status, responses[status])
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815  # http.server's name

        def log_message(self, *_: object) -> None:
            """A test's output is its own."""

    return Handler


def _exported(image: str) -> list[Blob]:
    """Its configuration and its layers, as `docker save` has them."""
    with tarfile.open(fileobj=io.BytesIO(saved(image))) as tar:

        def content(name: str) -> bytes:
            member = tar.extractfile(name)
            assert member is not None
            return member.read()

        (manifest,) = json.loads(content("manifest.json"))
        layers = [gzip.compress(content(name), 1, mtime=0) for name in manifest["Layers"]]
        return [Blob(content(manifest["Config"]), _CONFIG), *(Blob(layer, _LAYER) for layer in layers)]


def _manifest(config: Blob, *layers: Blob) -> Blob:
    described = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.described,
        "layers": [layer.described for layer in layers],
    }
    return Blob(json.dumps(described).encode(), MANIFEST)


def _errors(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()
