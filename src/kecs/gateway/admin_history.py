"""GET /_kecs/history: a stretch of the feed as one answer, which says whether something is missing from it.

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
    """The one method that there is."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def history(self, request: Request) -> Response:
        since, newest = (_number(request, name) for name in ("since", "newest"))
        found = self._console.history(since or 0, request.query_params.get("cluster"), newest)
        headers = {"cache-control": "no-store"}
        return Response(msgspec.json.encode(found), media_type="application/json", headers=headers)


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if _WHOLE.fullmatch(text) is None:
        raise HTTPException(400, f"{name} is a whole number, 0 or more.")
    return int(text)
