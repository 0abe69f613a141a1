"""The ASGI application behind `gateway.protocol`: the admin API, AWS's APIs for whoever comes by way of ASGI, and what
is for a service around ECS, which a companion answers.

uvicorn runs it for connections that were handed over, and an in-process ASGI client can call it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kecs.core.tasks.exec import PATH
from kecs.gateway.bodies import MOST_BODY, TOO_LARGE, unpacked
from kecs.gateway.endpoint import Answer, Endpoint, Opened, Streamed, is_our_target
from kecs.gateway.foreign import is_ours, refusal_of_foreign, signed, signed_service, unsigned
from kecs.gateway.guard import refusal
from kecs.gateway.protocol import FOREIGN_PAGE
from kecs.ports.companion import Addressed, Around, CutShort

if TYPE_CHECKING:
    from kecs.gateway.faults import CallFaults

METHODS = (b"allow", b"POST, OPTIONS")
_UNKNOWN = (
    b'{"__type":"UnknownOperationException","message":"There is nothing at this path: AWS requests are a POST to /."}'
)
NOT_FOUND = Answer(404, _UNKNOWN)
NOT_ALLOWED = Answer(405, _UNKNOWN)
NO_WEBSOCKET = Answer(
    426,
    b'{"__type":"InvalidParameterException","message":"A session of ECS Exec is connected to as a WebSocket."}',
)
OPTIONS = Answer(200, b"")

TRANSPORT = "kecs.transport"
"""The ASGI extension under which a connection is found, to be closed without an answer."""

App = Callable[[Any, Any, Any], Any]
Inside = Mapping[str, Callable[[], App]]
"""What makes the applications that AWS has inside a task, by the first part of their paths, such as v4."""


class HttpApp:
    """Everything that port 5373 answers."""

    def __init__(
        self,
        endpoint: Endpoint,
        admin: Callable[[], App],
        request_id: Callable[[], str],
        host: str | None = None,
        around: Around | None = None,
        sessions: Callable[[], App] | None = None,
        inside: Inside | None = None,
    ) -> None:
        """`admin` makes the application for /_kecs when it is first asked for; `host` is what KECS listens on; `around`
        answers for the services that KECS does not have; `sessions` makes what WebSockets are for; `inside` is what
        only containers ask for."""
        self._endpoint = endpoint
        self._make_admin = admin
        self._admin: App | None = None
        self._request_id = request_id
        self._host = host
        self._around = around
        self._make_sessions = sessions
        self._sessions: App | None = None
        self._inside = {} if inside is None else inside
        self._made: dict[str, App] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        if scope["type"] == "websocket":
            await self._session(scope, headers, receive, send)
            return
        target = headers.get(b"x-amz-target") if scope["method"] == "POST" else None
        if target is None and scope["path"].startswith("/_kecs"):
            if self._admin is None:
                self._admin = self._make_admin()
            await self._admin(scope, receive, self._named(send))
            return
        if self._inside and b"authorization" not in headers and (app := self._of_containers(scope)):
            await app(scope, receive, self._named(send))
            return
        to = None if is_our_target(target) else signed(headers.get(b"authorization"), scope["query_string"])
        if to is not None and self._passes_on(to) and not self._is_foreign_page(scope, headers):
            await self._passed_on(to, scope, receive, send)  # piece by piece: it may be large
            return
        try:
            body = None if _too_long(headers.get(b"content-length", b"")) else await _body(receive)
        except _Disconnected:
            return
        target = (target or b"").rstrip()
        answer: Answer | Addressed | None = TOO_LARGE
        if body is not None and self._endpoint.faults is not None:
            answer, late = self._outcome(self._endpoint.faults, scope, headers, target, body)
            if late and await _goes_away(receive, late):
                return
        elif body is not None:
            answer = self._answer(scope, headers, target, body)
        if isinstance(answer, Addressed):
            receive = _again(body or b"", receive)
        await self._give(answer, scope, receive, send, last=body is None)

    async def _give(
        self, answer: Answer | Addressed | None, scope: Any, receive: Any, send: Any, *, last: bool
    ) -> None:
        """Answer as it has been decided."""
        if answer is None:
            scope["extensions"][TRANSPORT]["of"].close()
            await receive()  # until it is closed
        elif isinstance(answer, Addressed):
            await self._passed_on(answer, scope, receive, send)
        elif isinstance(answer, Streamed):
            await self._opened(answer, receive, send)
        else:
            await self._send(send, answer, last=last)

    async def _opened(self, streamed: Streamed, receive: Any, send: Any) -> None:
        opened = streamed.open()
        if not isinstance(opened, Opened):
            await self._send(send, opened, last=False)
            return
        from kecs.gateway.streams import send_stream  # with the first of them

        await send_stream(opened, receive, self._named(send))

    def _outcome(
        self, faults: CallFaults, scope: Any, headers: dict[bytes, bytes], target: bytes, body: bytes
    ) -> tuple[Answer | Addressed | None, float]:
        """What becomes of the request while faults of calls are set: an answer or none, and how late."""

        def carry_out(endpoint: Endpoint) -> Any:
            usual, self._endpoint = self._endpoint, endpoint
            try:
                return self._answer(scope, headers, target, body)
            finally:
                self._endpoint = usual

        service = signed_service(headers.get(b"authorization"))
        path = (scope.get("raw_path") or scope["path"].encode()).decode(errors="replace")
        named = self._endpoint.named(target, service, scope["method"], path)
        plain = unpacked(body, headers.get(b"content-encoding", b""))
        if named is None or isinstance(plain, Answer) or self._is_foreign_page(scope, headers):
            return self._answer(scope, headers, target, body), 0.0
        return faults.outcome(self._endpoint, *named, plain, carry_out)

    def _of_containers(self, scope: Any) -> App | None:
        """What answers at a path that AWS has inside a task. None of them is of a bucket's: names of these are longer,
        but for one, whose path says more."""
        path = scope["path"]
        first = path.split("/", 2)[1] if path.startswith("/") else ""
        if first not in self._inside or path.startswith(PATH):
            return None
        if first == "api" and "/task-protection/" not in path and "/fault/v1/" not in path:
            return None
        if refusal(scope["headers"], self._host) is not None:
            return None
        if first not in self._made:
            self._made[first] = self._inside[first]()
        return self._made[first]

    async def _session(self, scope: Any, headers: dict[bytes, bytes], receive: Any, send: Any) -> None:
        if self._make_sessions is None or not scope["path"].startswith(PATH) or self._is_foreign_page(scope, headers):
            await receive()
            await send({"type": "websocket.close"})  # before it is accepted: HTTP status 403
            return
        if self._sessions is None:
            self._sessions = self._make_sessions()
        await self._sessions(scope, receive, send)

    def _passes_on(self, to: Addressed) -> bool:
        return self._around is not None and not is_ours(to.service) and self._around.has(to.service)

    async def _passed_on(self, to: Addressed, scope: Any, receive: Any, send: Any) -> None:
        assert self._around is not None
        try:
            await self._around.pass_on(to, scope, receive, self._named(send))
        except CutShort:
            scope["extensions"][TRANSPORT]["of"].abort()
            while (await receive())["type"] != "http.disconnect":
                pass

    def _is_foreign_page(self, scope: Any, headers: dict[bytes, bytes]) -> bool:
        return b"origin" in headers and refusal(scope["headers"], self._host) is not None

    def _answer(self, scope: Any, headers: dict[bytes, bytes], target: bytes, body: bytes) -> Answer | Addressed:
        """The answer, or who is to give it."""
        if self._is_foreign_page(scope, headers):
            return FOREIGN_PAGE
        if scope["path"].startswith(PATH):
            return NO_WEBSOCKET
        authorization = headers.get(b"authorization")
        if not target and (rest := self._rest_answer(scope, headers, body)) is not None:
            return rest
        to = None if is_our_target(target) else signed(authorization, scope["query_string"])
        if to is not None and not target and not is_ours(to.service):
            return refusal_of_foreign(to, headers)
        if to is None and (unsigned_to := self._unsigned(scope, target, body)) is not None:
            return unsigned_to
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

    def _unsigned(self, scope: Any, target: bytes, body: bytes) -> Addressed | None:
        """Who answers a request that nobody has signed; None: KECS itself, if only with a refusal."""
        to = None if is_our_target(target) else unsigned(target, scope["path"], scope["query_string"], body)
        if to is None or self._around is None or not self._passes_on(to):
            return None
        looks = to.service == "s3" and scope["method"] in ("GET", "HEAD")  # as every browser does, for its icon
        return None if looks and self._around.empty(to.service) else to

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
        """`send` with an id of the request on the answer, unless it has one."""

        async def named(message: Any) -> None:
            if message["type"] == "http.response.start" and not _has_id(message):
                request_id = (b"x-amzn-requestid", self._request_id().encode())
                message = {**message, "headers": [*message.get("headers", ()), request_id]}
            await send(message)

        return named


def _again(body: bytes, receive: Any) -> Any:
    """`receive`, for a body that has been read."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def once_more() -> Any:
        return messages.pop() if messages else await receive()

    return once_more


async def _goes_away(receive: Any, seconds: float) -> bool:
    """Let so many seconds pass; whether the client has left before that."""
    try:
        await asyncio.wait_for(receive(), seconds)
    except TimeoutError:
        return False
    return True


def _has_id(message: Any) -> bool:
    return any(name.lower() == b"x-amzn-requestid" for name, _ in message.get("headers", ()))


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
