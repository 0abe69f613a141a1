"""/_kecs/companions: who answers for the services around ECS, and how that does. `gateway.admin` takes the route."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kecs.ports.console import Console


def companion_routes(console: Console) -> list[Route]:
    async def shown(_: Request) -> Response:
        body = msgspec.json.encode(console.companions.shown())
        return Response(body, media_type="application/json", headers={"cache-control": "no-store"})

    return [Route("/_kecs/companions", shown, methods=["GET"])]
