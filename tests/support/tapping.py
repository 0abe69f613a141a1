"""Plain connections to a Kubernetes API server, which remember how it answers. What passes is not changed."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

from kecs.runtimes.kubernetes.api.client import Cluster

_REQUEST = re.compile(rb"^([A-Z]+) (/\S*) HTTP/1\.1\r$", re.MULTILINE)
_ANSWER = re.compile(rb"^HTTP/1\.1 (\d{3})", re.MULTILINE)
CHUNK = 65536


class Tap:
    """`url` is where to connect. `asked` has all requests, `refused` those that were answered with 403, and `statuses`
    counts answers."""

    url: str

    def __init__(self, target: tuple[str, int], context: ssl.SSLContext) -> None:
        self.statuses: Counter[int] = Counter()
        self.asked: list[str] = []
        self.refused: list[str] = []
        self._target = target
        self._context = context

    async def carry(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """One connection, until either side has enough."""
        with contextlib.suppress(OSError), contextlib.closing(back):
            server, there = await asyncio.open_connection(*self._target, ssl=self._context)
            asked: list[str] = []
            with contextlib.closing(there):
                ways = {
                    asyncio.create_task(way)
                    for way in (self._up(client, there, asked), self._down(server, back, asked))
                }
                _, other = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in other:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)

    async def _up(self, client: asyncio.StreamReader, there: asyncio.StreamWriter, asked: list[str]) -> None:
        while data := await client.read(CHUNK):
            found = [f"{verb.decode()} {path.decode()}" for verb, path in _REQUEST.findall(data)]
            asked += found
            self.asked += found
            there.write(data)
            await there.drain()

    async def _down(self, server: asyncio.StreamReader, back: asyncio.StreamWriter, asked: list[str]) -> None:
        while data := await server.read(CHUNK):
            for status in map(int, _ANSWER.findall(data)):
                self.statuses[status] += 1
                if status == 403:
                    self.refused.append(asked[-1])
            back.write(data)
            await back.drain()


@contextlib.contextmanager
def tapped(cluster: Cluster) -> Iterator[Tap]:
    """The tap has a loop of its own, in a thread: tests wait for commands that go through it."""
    url = urlsplit(cluster.url)
    context = cluster.tls()
    assert context is not None
    context.set_alpn_protocols(["http/1.1"])
    tap = Tap((url.hostname or "", url.port or 443), context)
    ready = threading.Event()
    leave: list[Callable[[], object]] = []

    async def serve() -> None:
        over = asyncio.Event()
        listening = await asyncio.start_server(tap.carry, "127.0.0.1", 0)
        tap.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        leave.append(partial(asyncio.get_running_loop().call_soon_threadsafe, over.set))
        ready.set()
        await over.wait()
        listening.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    try:
        yield tap
    finally:
        leave[0]()
        thread.join()
