"""Plain connections to a Kubernetes API server, which remember how it answers. What passes is not changed."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from kecs.runtimes.kubernetes.client import Cluster

_REQUEST = re.compile(rb"^([A-Z]+) (/\S*) HTTP/1\.1\r$", re.MULTILINE)
_ANSWER = re.compile(rb"^HTTP/1\.1 (\d{3})", re.MULTILINE)
CHUNK = 65536


class Tap:
    """`url` is where to connect. `asked` has all requests, `refused` those that were answered with 403, and `statuses`
    counts answers."""

    def __init__(self, listening: socket.socket, target: tuple[str, int], context: ssl.SSLContext) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.statuses: Counter[int] = Counter()
        self.asked: list[str] = []
        self.refused: list[str] = []
        self._target = target
        self._context = context
        self._listening = listening

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            client,
            self._context.wrap_socket(socket.create_connection(self._target)) as server,
        ):
            asked: list[str] = []
            threading.Thread(target=self._up, args=(client, server, asked), daemon=True).start()
            while data := server.recv(CHUNK):
                for status in map(int, _ANSWER.findall(data)):
                    self.statuses[status] += 1
                    if status == 403:
                        self.refused.append(asked[-1])
                client.sendall(data)

    def _up(self, client: socket.socket, server: ssl.SSLSocket, asked: list[str]) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(CHUNK):
                found = [f"{verb.decode()} {path.decode()}" for verb, path in _REQUEST.findall(data)]
                asked += found
                self.asked += found
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def tapped(cluster: Cluster) -> Iterator[Tap]:
    url = urlsplit(cluster.url)
    context = cluster.tls()
    assert context is not None
    context.set_alpn_protocols(["http/1.1"])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        tap = Tap(listening, (url.hostname or "", url.port or 443), context)
        threading.Thread(target=tap.serve, daemon=True).start()
        yield tap
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
