"""/_kecs/snapshot: the whole state as one document. `gateway.admin` takes the routes."""

from __future__ import annotations

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kecs.ports.console import Console
from kecs.ports.snapshots import SnapshotRefused

_PATH = "/_kecs/snapshot"


def snapshot_routes(console: Console) -> list[Route]:
    async def take(_: Request) -> Response:
        return _answer(console.snapshots.take())

    async def restore(request: Request) -> Response:
        try:
            restored = await console.snapshots.restore(await request.body())
        except SnapshotRefused as error:
            raise HTTPException(400, str(error)) from error
        return _answer(msgspec.json.encode(restored))

    return [Route(_PATH, take, methods=["GET"]), Route(_PATH, restore, methods=["POST"])]


def _answer(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})
