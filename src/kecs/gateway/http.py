"""The ASGI application behind `gateway.protocol`: the admin API, and AWS's APIs for whoever comes by way of ASGI.

uvicorn runs it for connections that were handed over, and an in-process ASGI client can call it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kecs.core.tasks.exec import PATH
from kecs.gateway.bodies import MOST_BODY, TOO_LARGE, unpacked
from kecs.gateway.endpoint import Answer, Endpoint
from kecs.gateway.foreign import refusal_of_foreign, signed_service
from kecs.gateway.guard import refusal
from kecs.gateway.protocol import FOREIGN_PAGE

METHODS = (b"allow", b"POST, OPTIONS")
_UNKNOWN = (
    b'{"__type":"UnknownOperationException","message":"There is nothing at this path: AWS requests are a POST to /."}'
)
NOT_FOUND = Answer(404, _UNKNOWN)
NOT_ALLOWED = Answer(405, _UNKNOWN)
NO_SESSIONS = Answer(
    501,
    b'{"__type":"UnsupportedFeatureException","message":"Sessions of ECS Exec cannot be connected to in KECS yet."}',
)
OPTIONS = Answer(200, b"")

App = Callable[[Any, Any, Any], Any]


class HttpApp:
    """Everything that port 5373 answers."""

    def __init__(
        self, endpoint: Endpoint, admin: Callable[[], App], request_id: Callable[[], str], host: str | None = None
    ) -> None:
        """`admin` makes the application for /_kecs when it is first asked for; `host` is what KECS listens on."""
        self._endpoint = endpoint
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
            await self._admin(scope, receive, self._named(send))
            return
        try:
            body = None if _too_long(headers.get(b"content-length", b"")) else await _body(receive)
        except _Disconnected:
            return
        answer = TOO_LARGE if body is None else self._answer(scope, headers, (target or b"").rstrip(), body)
        await self._send(send, answer, last=body is None)

    def _answer(self, scope: Any, headers: dict[bytes, bytes], target: bytes, body: bytes) -> Answer:
        if b"origin" in headers and refusal(scope["headers"], self._host) is not None:
            return FOREIGN_PAGE
        if scope["path"].startswith(PATH):
            return NO_SESSIONS
        authorization = headers.get(b"authorization")
        if not target and (rest := self._rest_answer(scope, headers, body)) is not None:
            return rest
        foreign = None if target else refusal_of_foreign(authorization, headers.get(b"content-type", b""))
        if foreign is not None:
            return foreign
        if not target and scope["path"] not in ("/", "*"):
            return NOT_FOUND
        match scope["method"]:
            case "OPTIONS":
                return OPTIONS
            case "POST":
                plain = unpacked(body, headers.get(b"content-encoding", b""))
                return plain if isinstance(plain, Answer) else self._endpoint.answer(target, authorization, plain)
            case _:
                return NOT_ALLOWED

    def _rest_answer(self, scope: Any, headers: dict[bytes, bytes], body: bytes) -> Answer | None:
        """The answer of a REST API; None when this is no request for one."""
        plain = unpacked(body, headers.get(b"content-encoding", b""))
        if isinstance(plain, Answer):
            return plain
        authorization = headers.get(b"authorization")
        path = scope.get("raw_path") or scope["path"].encode()
        return self._endpoint.answer_rest(
            signed_service(authorization),
            scope["method"],
            path.decode(errors="replace"),
            scope["query_string"].decode(errors="replace"),
            authorization,
            plain,
        )

    async def _send(self, send: Any, answer: Answer, *, last: bool) -> None:
        length = str(len(answer.body)).encode()
        headers = [(b"content-type", answer.content_type), (b"content-length", length), *answer.headers]
        if answer in (OPTIONS, NOT_ALLOWED):
            headers.append(METHODS)
        if last:  # of this connection: what is left of the request is not read
            headers.append((b"connection", b"close"))
        await self._named(send)({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _named(self, send: Any) -> Any:
        """`send` with an id of the request on the answer."""

        async def named(message: Any) -> None:
            if message["type"] == "http.response.start":
                request_id = (b"x-amzn-requestid", self._request_id().encode())
                message = {**message, "headers": [*message.get("headers", ()), request_id]}
            await send(message)

        return named


class _Disconnected(Exception):
    """The client went away before its request was complete: it must not be carried out."""


def _too_long(length: bytes) -> bool:
    """Whether the head announces more than will be read."""
    return length.isdigit() and (len(length) > 18 or int(length) > MOST_BODY)


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
