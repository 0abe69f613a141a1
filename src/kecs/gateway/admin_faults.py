"""/_kecs/faults: what is to go wrong. `gateway.admin` takes the routes."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kecs.ports.console import Console

_PATH = "/_kecs/faults"


def fault_routes(console: Console) -> list[Route]:
    """One route for all faults, one for each."""
    faults = _Faults(console)
    return [
        Route(_PATH, faults.all, methods=["GET"]),
        Route(_PATH, faults.add, methods=["POST"]),
        Route(_PATH, faults.remove, methods=["DELETE"]),
        Route(f"{_PATH}/{{id}}", faults.remove, methods=["DELETE"]),
    ]


class _Faults:
    """One method a route."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def all(self, _: Request) -> Response:
        return _json({"faults": self._console.faults.all()})

    async def add(self, request: Request) -> Response:
        try:
            members = msgspec.json.decode(await request.body())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HTTPException(400, f"The body is not JSON: {error}") from error
        try:
            return _json({"fault": self._console.faults.add(members)})
        except ValueError as error:
            raise HTTPException(400, str(error)) from error

    async def remove(self, request: Request) -> Response:
        return _json({"removed": self._console.faults.remove(request.path_params.get("id"))})


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json", headers={"cache-control": "no-store"})
