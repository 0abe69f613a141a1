"""KECS in the cluster that is named for tests, in a namespace of the test's own; `Installed` is by deploy/kustomize.

What a cluster has as a rule is made up for where the one for tests is without: a way from pods to its API server, who
vouches for that, and volumes for claims.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.manifests import BASE, program
from tests.support.patience import PATIENCE

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


def kubectl(*arguments: str, stdin: Any = None) -> str:
    """What it prints; `stdin` is given to it as JSON."""
    command = [program("kubectl"), "--kubeconfig", os.environ["KECS_TEST_KUBECONFIG"], *arguments]
    given = None if stdin is None else json.dumps(stdin)
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(*arguments: str) -> list[Any]:
    return list(json.loads(kubectl("get", "--output", "json", *arguments))["items"])


class Installed:
    """An overlay on the base. `name` is that of its namespace, `object` that of everything else."""

    def __init__(self, folder: Path, *, only: tuple[str, ...] = ()) -> None:
        """`only`: these files of the base, not all of it."""
        number = secrets.token_hex(4)
        self.name, self.object = f"kecs-test-{number}", f"kecs-{number}"
        self._folder = folder / "overlay"
        shutil.copytree(BASE, self._folder / "base")
        # A suffix, because roles for the whole cluster have names that others may have too.
        self._overlay: dict[str, Any] = {"namespace": self.name, "nameSuffix": f"-{number}", "patches": []}
        self._overlay["resources"] = [f"base/{name}" for name in only] if only else ["base"]

    def change(self, **changes: Any) -> None:
        self._overlay |= changes

    def patch(self, deployment: dict[str, Any]) -> None:
        """Of the pods of KECS: a strategic merge."""
        whole = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kecs", "namespace": "kecs"}}
        body = whole | {"spec": {"template": {"spec": deployment}}}
        self._overlay["patches"].append({"patch": json.dumps(body)})

    def apply(self) -> None:
        (self._folder / "kustomization.yaml").write_text(json.dumps(self._overlay))
        kubectl("apply", "--kustomize", str(self._folder))

    def remove(self) -> None:
        kubectl("delete", "--ignore-not-found", "--wait=false", "--kustomize", str(self._folder))

    def token(self) -> str:
        """Of the account, for an hour."""
        path = f"/api/v1/namespaces/{self.name}/serviceaccounts/{self.object}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        made = json.loads(kubectl("create", "--raw", path, "--filename", "-", stdin=request))
        return str(made["status"]["token"])


@contextlib.contextmanager
def reachable(installed: Installed) -> Iterator[None]:
    """Have its pods reach the API server."""
    with way_in() as certificate:
        if certificate:
            installed.change(configMapGenerator=[{"name": "authority", "literals": [f"ca.crt={certificate}"]}])
            installed.patch(with_authority())
        yield


@contextlib.contextmanager
def way_in() -> Iterator[str | None]:
    """Have pods reach the API server, and what vouches for it then, in a ConfigMap `authority` as `ca.crt`: None where
    the cluster sees to both."""
    services = objects("endpoints", "--namespace", "default", "--field-selector", "metadata.name=kubernetes")
    if any(each.get("subsets") for each in services):
        yield None
        return
    (node, *_) = objects("nodes")
    host = next(each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP")
    server = urlsplit(
        json.loads(kubectl("config", "view", "--minify", "--output", "json"))["clusters"][0]["cluster"]["server"]
    )
    with forwarded(host, (server.hostname or "", server.port or 443)) as port:
        subset = {"addresses": [{"ip": host}], "ports": [{"name": "https", "port": port}]}
        about = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "kubernetes", "namespace": "default"}}
        kubectl("apply", "--filename", "-", stdin=about | {"subsets": [subset]})
        try:
            yield authority(server.netloc)
        finally:
            kubectl("delete", "--filename", "-", "--ignore-not-found", stdin=about)


def with_authority() -> dict[str, Any]:
    """The account of a pod as newer clusters mount it, with the authority."""
    sources = [
        {"serviceAccountToken": {"path": "token"}},
        {"configMap": {"name": "authority"}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    mount = {"name": "account", "mountPath": ACCOUNT, "readOnly": True}
    return {
        "automountServiceAccountToken": False,
        "containers": [{"name": "kecs", "volumeMounts": [mount]}],
        "volumes": [{"name": "account", "projected": {"sources": sources}}],
    }


def authority(server: str) -> str:
    """The last certificate of the chain that a server at HOST:PORT shows."""
    command = ["openssl", "s_client", "-showcerts", "-connect", server]
    shown = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=20)
    return _CERTIFICATE.findall(shown.stdout)[-1]


@contextlib.contextmanager
def stored(namespace: str, claim: str, folder: Path) -> Iterator[None]:
    """Have a volume for the claim."""
    if any(each["metadata"].get("annotations", {}).get(DEFAULT_CLASS) == "true" for each in objects("storageclasses")):
        yield
        return
    folder.mkdir()
    folder.chmod(0o777)
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "claimRef": {"namespace": namespace, "name": claim},
        "hostPath": {"path": str(folder)},
    }
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": namespace}, "spec": spec}
    kubectl("apply", "--filename", "-", stdin=volume)
    try:
        yield
    finally:
        kubectl("delete", "--filename", "-", "--ignore-not-found", "--wait=false", stdin=volume)


@contextlib.contextmanager
def forwarded(host: str, target: tuple[str, int]) -> Iterator[int]:
    """A port of this address that leads to the target."""
    with socket.create_server((host, 0)) as listening:
        threading.Thread(target=_forward, args=(listening, target), daemon=True).start()
        yield listening.getsockname()[1]
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def _forward(listening: socket.socket, target: tuple[str, int]) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_carry, args=(client, target), daemon=True).start()


def _carry(client: socket.socket, target: tuple[str, int]) -> None:
    with client, contextlib.suppress(OSError), socket.create_connection(target) as server:
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
