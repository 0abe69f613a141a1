"""/_kecs/history: a stretch of the feed as one answer, which says whether something is missing from it.

`admin` has the route; the testing kit asks it.
"""

from __future__ import annotations

import re

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from kecs.ports.console import Console

_WHOLE = re.compile(r"[0-9]{1,15}")


class HistoryRoute:
    """One method a route."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def history(self, request: Request) -> Response:
        since, newest = (_number(request, name) for name in ("since", "newest"))
        found = self._console.history(since or 0, request.query_params.get("cluster"), newest)
        return _answer(found)

    async def record(self, request: Request) -> Response:
        try:
            body = msgspec.json.decode(await request.body())
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = None
        match body:
            case {"calls": bool() as wanted, **others} if not others:
                return _answer({"calls": self._console.record_calls(wanted)})
        raise HTTPException(400, 'The body is {"calls": true} or {"calls": false}.')


def _answer(value: object) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(value), media_type="application/json", headers=headers)


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if _WHOLE.fullmatch(text) is None:
        raise HTTPException(400, f"{name} is a whole number, 0 or more.")
    return int(text)
