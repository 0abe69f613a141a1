"""/_kecs/targets: how tasks do as targets of load balancers. `gateway.admin` takes the routes."""

from __future__ import annotations

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kecs.core.records import Record
from kecs.ports.console import Console
from kecs.ports.target_health import GivenHealth

_PATH = "/_kecs/targets"


class _Said(Record, forbid_unknown_fields=True, rename="camel"):
    """The body: of a task, or of all in a target group."""

    health: GivenHealth
    cluster: str | None = None
    task: str | None = None
    target_group: str | None = None
    reason: str | None = None


def target_routes(console: Console) -> list[Route]:
    targets = _Targets(console)
    return [
        Route(_PATH, targets.all, methods=["GET"]),
        Route(_PATH, targets.set, methods=["POST"]),
    ]


class _Targets:
    """One method a route."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def all(self, _: Request) -> Response:
        return self._answer()

    async def set(self, request: Request) -> Response:
        try:
            said = msgspec.json.decode(await request.body(), type=_Said)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HTTPException(400, f"The body is not what it has to be: {error}") from error
        targets = self._console.targets
        if said.cluster and said.task:
            try:
                targets.set(said.cluster, said.task, said.health, group=said.target_group, reason=said.reason)
            except ValueError as error:
                raise HTTPException(400, str(error)) from error
        elif said.target_group and not (said.cluster or said.task):
            targets.set_group(said.target_group, said.health, reason=said.reason)
        else:
            raise HTTPException(
                400,
                'The body has a "health" (initial, healthy or unhealthy), and either "cluster" and "task" or a '
                '"targetGroup", or all three; it may have a "reason".',
            )
        return self._answer()

    def _answer(self) -> Response:
        body = msgspec.json.encode({"targets": self._console.targets.all()})
        return Response(body, media_type="application/json", headers={"cache-control": "no-store"})
