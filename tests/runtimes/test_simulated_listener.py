"""A port of a simulated container at the moment it is given back."""

from __future__ import annotations

import asyncio
import socket

import uvloop

from kecs.runtimes.simulated.listener import Listener


def test_a_connection_that_comes_as_it_closes_is_closed_too() -> None:
    """One that is left to the garbage collection is a warning, and warnings are errors."""

    async def closed_while_it_accepts() -> bytes:
        loop = asyncio.get_running_loop()
        listener = Listener(loop, "127.0.0.1", 0, "never seen")
        with socket.create_connection(listener._socket.getsockname()) as client:
            client.setblocking(False)
            listener._accept()
            listener.close()
            return await loop.sock_recv(client, 1)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(asyncio.wait_for(closed_while_it_accepts(), 10)) == b""
