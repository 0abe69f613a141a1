"""The ASGI application behind `gateway.protocol`: the admin API, and ECS for whoever comes by way of ASGI.

uvicorn runs it for connections that were handed over, and an in-process ASGI client can call it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kecs.gateway.ecs import EcsEndpoint
from kecs.gateway.protocol import MOST_BODY, TOO_LARGE

JSON_1_1 = (b"content-type", b"application/x-amz-json-1.1")

App = Callable[[Any, Any, Any], Any]


class HttpApp:
    """Everything that port 5373 answers."""

    def __init__(self, ecs: EcsEndpoint, admin: Callable[[], App], request_id: Callable[[], str]) -> None:
        """`admin` makes the application for /_kecs when it is first asked for."""
        self._ecs = ecs
        self._make_admin = admin
        self._admin: App | None = None
        self._request_id = request_id

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        target = authorization = None
        for name, value in scope["headers"]:
            if name == b"x-amz-target":
                target = value
            elif name == b"authorization":
                authorization = value
        if target is None and scope["path"].startswith("/_kecs"):
            if self._admin is None:
                self._admin = self._make_admin()
            await self._admin(scope, receive, send)
            return
        body = await _body(receive)
        answer = TOO_LARGE if body is None else self._ecs.answer(target or b"", authorization, body)
        headers = [
            JSON_1_1,
            (b"content-length", str(len(answer.body)).encode()),
            (b"x-amzn-requestid", self._request_id().encode()),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


async def _body(receive: Any) -> bytes | None:
    """The whole body, or None when it is too large."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BODY:
            return None
    return b"".join(parts)
