"""The ceiling: the least a Python server can do, so that every other number has a fixed point to be compared with.

Parses HTTP/1.1 with httptools on a uvloop loop and answers ListTasks with a canned body of the size the real servers
answer; it decodes nothing, looks nothing up and encodes nothing. Started by `bench.servers` as
`python ceiling.py PORT CLUSTER`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

import httptools
import uvloop

TASKS = 10


def canned_body(cluster: str) -> bytes:
    """A ListTasks answer with ten task ARNs, byte for byte as long as the one of a real server."""
    prefix = f"arn:aws:ecs:us-east-1:000000000000:task/{cluster}/"
    body = {"taskArns": [f"{prefix}{number:032x}" for number in range(TASKS)]}
    return json.dumps(body, separators=(",", ":")).encode()


def canned_response(body: bytes) -> bytes:
    """The body with the headers that an AWS client expects."""
    return (
        b"HTTP/1.1 200 OK\r\n"
        b"content-type: application/x-amz-json-1.1\r\n"
        b"x-amzn-requestid: 00000000-0000-0000-0000-000000000000\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(body), body)
    )


class Canned(asyncio.Protocol):
    """One connection: a whole request in, the same bytes out."""

    response = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Called by the parser at the end of each request."""
        self._transport.write(self.response)


async def serve(port: int, cluster: str) -> None:
    Canned.response = canned_response(canned_body(cluster))
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", port, backlog=256)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
