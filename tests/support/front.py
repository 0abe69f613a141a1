"""Worlds over TCP: an HTTP server in a thread of its own, in front of whichever world a test puts behind it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kecs.app.http import HttpServer
from kecs.gateway.endpoint import Answer
from tests.scenarios.world import World


class Front:
    """Answers at `url` what its `world` says. A world's time stands still between two requests."""

    faults = None  # of calls

    def __init__(self, url: str) -> None:
        self.url = url
        self.world: World | None = None

    def answer(self, target: bytes, authorization: bytes | None, body: bytes) -> Answer:
        assert self.world is not None
        return self.world.kernel.endpoint.answer(target, authorization, body)


@contextmanager
def front() -> Iterator[Front]:
    """A server for the length of a block."""
    listener = socket.create_server(("127.0.0.1", 0))
    found = Front(f"http://127.0.0.1:{listener.getsockname()[1]}")
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        endpoint: Any = found
        async with HttpServer(endpoint, _no_admin, lambda: "request").listening(listener):
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    try:
        assert ready.wait(10)
        yield found
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


def _no_admin() -> Any:
    raise AssertionError("nobody asked for the admin API")
