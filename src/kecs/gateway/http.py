"""The ASGI application behind `gateway.protocol`: the admin API, and ECS for whoever comes by way of ASGI.

uvicorn runs it for connections that were handed over, and an in-process ASGI client can call it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kecs.gateway.ecs import Answer, EcsEndpoint
from kecs.gateway.guard import refusal
from kecs.gateway.protocol import FOREIGN_PAGE, MOST_BODY, TOO_LARGE

JSON_1_1 = (b"content-type", b"application/x-amz-json-1.1")

App = Callable[[Any, Any, Any], Any]


class HttpApp:
    """Everything that port 5373 answers."""

    def __init__(
        self, ecs: EcsEndpoint, admin: Callable[[], App], request_id: Callable[[], str], host: str | None = None
    ) -> None:
        """`admin` makes the application for /_kecs when it is first asked for; `host` is what KECS listens on."""
        self._ecs = ecs
        self._make_admin = admin
        self._admin: App | None = None
        self._request_id = request_id
        self._host = host

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        target = headers.get(b"x-amz-target") if scope["method"] == "POST" else None
        if target is None and scope["path"].startswith("/_kecs"):
            if self._admin is None:
                self._admin = self._make_admin()
            await self._admin(scope, receive, send)
            return
        try:
            body = await _body(receive)
        except _Disconnected:
            return
        if body is None:
            answer = TOO_LARGE
        elif b"origin" in headers and refusal(scope["headers"], self._host) is not None:
            answer = FOREIGN_PAGE
        else:
            answer = self._ecs.answer((target or b"").rstrip(), headers.get(b"authorization"), body)
        await self._send(send, answer, last=body is None)

    async def _send(self, send: Any, answer: Answer, *, last: bool) -> None:
        headers = [
            JSON_1_1,
            (b"content-length", str(len(answer.body)).encode()),
            (b"x-amzn-requestid", self._request_id().encode()),
        ]
        if last:  # of this connection: what is left of the request is not read
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


class _Disconnected(Exception):
    """The client went away before its request was complete: it must not be carried out."""


async def _body(receive: Any) -> bytes | None:
    """The whole body, or None when it is too large. Raises _Disconnected."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BODY:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)
