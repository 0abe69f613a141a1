"""Passes requests for services around ECS on: to moto's process, or to another AWS by URL. `gateway` calls it.

Request and answer go through piece by piece and as they are; only what belongs to one of the two connections is left
out, and the host's name is put right.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from kecs.aws.protocols import Refusal, error_in, protocol_of
from kecs.companions.choice import MOTO, NONE, Choice
from kecs.companions.hosts import bucket_in, host_of
from kecs.companions.moto.process import EXTRA, MotoMissing, MotoProcess
from kecs.companions.moto.wire import ACCOUNT, AWS_URL, KEY, OF_KECS, TROUBLE, URL, WHO, Caller, Trouble
from kecs.companions.remote import CannotSign, Headers, Remote
from kecs.core.arns import Scope
from kecs.core.inside.credentials import Identity, account_in
from kecs.core.tasks.interfaces import Interface
from kecs.ports.companion import Addressed, CutShort

if TYPE_CHECKING:
    from aiohttp import ClientResponse

log = logging.getLogger(__name__)

NOT_THERE = 501
DOWN = 503  # which clients try again
TOKEN = "x-amz-security-token"
_OF_A_CONNECTION = {
    "connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"
}  # fmt: skip
Interfaces = Mapping[Scope, list[Interface]]
_PIECE = 256 * 1024  # bytes


class Passing:
    """See ports.companion.Around."""

    def __init__(
        self,
        choice: Choice,
        account: str,
        region: str,
        endpoint: str,
        interfaces: Callable[[], Interfaces],
        identify: Callable[[str], Identity | None],
    ) -> None:
        """Account and region are those of requests that do not say; `endpoint` is where this KECS answers, and
        `interfaces` the network interfaces of its tasks, which clients look for in EC2. `identify` says whose a session
        token of KECS's own is."""
        self._choice = choice
        self._account = account
        self._region = region
        self._interfaces = interfaces
        self._identify = identify
        self._moto = MotoProcess(endpoint)
        self._remote = Remote()

    def has(self, service: str) -> bool:
        return self._choice.of(service) != NONE

    def empty(self, service: str) -> bool:
        return self._choice.of(service) == MOTO and not self._moto.running

    async def pass_on(self, to: Addressed, scope: Any, receive: Any, send: Any) -> None:
        to = to._replace(region=to.region or self._region)
        client = _Client(receive, has_more=_has_body(scope))
        work = asyncio.ensure_future(self._passed_on(to, scope, client.receive, send))
        gone = asyncio.ensure_future(client.gone())
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            refusal = work.result() if work.done() else None  # nobody waits for the answer
        finally:
            work.cancel()
            gone.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)
        if refusal is not None:
            length = (b"content-length", str(len(refusal.body)).encode())
            headers = [*refusal.headers, length]
            await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
            await send({"type": "http.response.body", "body": refusal.body})

    def shown(self) -> dict[str, Any]:
        """See ports.companion.Shown."""
        return {"companions": {"*": self._choice.of_all, **self._choice.of_service}, "moto": self._moto.shown()}

    async def reset(self) -> None:
        """Have moto forget everything. What is elsewhere is not KECS's to forget."""
        await self._moto.reset()

    async def close(self) -> None:
        await self._moto.close()
        await self._remote.close()

    async def _passed_on(self, to: Addressed, scope: Any, receive: Any, send: Any) -> Refusal | None:
        """Pass it on; gives the refusal of what has no answer. Raises CutShort."""
        import aiohttp  # with the first such request

        begun = _Begun(send)
        protocol = protocol_of(dict(scope["headers"]), to.service)
        try:
            async with await self._sent_to_whom_there_is(to, scope, receive) as response:
                if response.status == TROUBLE and self._choice.of(to.service) == MOTO:
                    trouble = msgspec.json.decode(await response.read(), type=Trouble)
                    return error_in(protocol, NOT_THERE, *_told(to, trouble))
                await _returned(response, begun, head=scope["method"] == "HEAD")
        except MotoMissing:
            return error_in(protocol, NOT_THERE, "NotImplemented", EXTRA.format(to.service))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.warning("No answer of the companion for %s: %s", to.service, error or type(error).__name__)
            if begun.begun:
                raise CutShort from error
            text = f"The companion for {to.service} does not answer: {error or type(error).__name__}"
            status = NOT_THERE if isinstance(error, CannotSign) else DOWN
            return error_in(protocol, status, "ServiceUnavailable", text)
        return None

    async def _sent_to_whom_there_is(self, to: Addressed, scope: Any, receive: Any) -> ClientResponse:
        """A moto that has just died has seen nothing of the request: the next one gets it."""
        import aiohttp

        try:
            return await self._sent(to, scope, receive)
        except aiohttp.ClientConnectorError:
            if self._choice.of(to.service) != MOTO:
                raise
            await self._moto.ended()
        return await self._sent(to, scope, receive)

    async def _sent(self, to: Addressed, scope: Any, receive: Any) -> ClientResponse:
        import yarl

        companion, method = self._choice.of(to.service), scope["method"]
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in scope["headers"]
            if name.decode("latin-1") not in _OF_A_CONNECTION and not name.startswith(OF_KECS.encode())
        ]
        body = _pieces(receive) if _has_body(scope) else None
        data: AsyncIterator[bytes] | bytes | None = body
        if companion == MOTO:
            if to.service == "ec2":
                await self._moto.tell(self._interfaces())
            session, url = await self._moto.session(), "http://moto/"
            headers += self._for_moto(to, scope, dict(headers))
        else:
            session = await self._remote.session()
            url, headers, data = await self._remote.ready(companion, to, method, _path(scope), headers, body)
        return await session.request(
            method,
            yarl.URL(url, encoded=True),
            headers=headers,
            data=data,
            allow_redirects=False,
            skip_auto_headers=("accept", "accept-encoding", "user-agent", "content-type"),
        )

    def _for_moto(self, to: Addressed, scope: Any, headers: dict[str, str]) -> Headers:
        """What moto has to know beside the request."""
        path, host = _path(scope), headers.get("host", "localhost")
        whole = len(to.access_key) == 12 and to.access_key.isdigit()
        of_task = account_in(to.access_key)
        account = to.access_key if whole else of_task or self._account
        aws_host = host_of(to.service, to.region, path.partition("?")[0], headers.get("x-amz-target", ""), account)
        if aws_host.startswith("s3.") and (bucket := bucket_in(host)):
            path = f"/{bucket}{path}"
        aws = f"https://{aws_host}"
        # The URLs of queues are made of where the request went, and some SDKs call them.
        seen = f"{scope['scheme']}://{host}" if to.service == "sqs" else aws
        return [
            (AWS_URL, aws + path.partition("?")[0]),
            (URL, seen + path),
            (ACCOUNT, account),
            (KEY, "" if whole or of_task else to.access_key),
            *([(WHO, who)] if of_task and to.service == "sts" and (who := self._caller(to, scope, headers)) else []),
        ]

    def _caller(self, to: Addressed, scope: Any, headers: dict[str, str]) -> str:
        """Who has the session token of the request, for the one service that is asked for it; "" when nobody has."""
        signed = parse_qs(scope["query_string"].decode("latin-1"))
        token = headers.get(TOKEN, signed.get("X-Amz-Security-Token", [""])[0])
        found = self._identify(token)
        if found is None:
            return ""
        return msgspec.json.encode(Caller(to.access_key, found.account, found.role_arn, found.session)).decode()


class _Client:
    """`receive`, and whether somebody still waits for the answer."""

    def __init__(self, receive: Any, *, has_more: bool) -> None:
        """`has_more`: to say, that is a body."""
        self._receive = receive
        self._has_said_all = asyncio.Event()
        if not has_more:
            self._has_said_all.set()

    async def receive(self) -> Any:
        message = await self._receive()
        if not message.get("more_body", False):
            self._has_said_all.set()
        return message

    async def gone(self) -> None:
        """Return when the client has gone away. While it has something to say, whoever listens finds out."""
        await self._has_said_all.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


class _Begun:
    """`send`, and whether anything was sent."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: Any) -> None:
        self.begun = True
        await self._send(message)


async def _returned(response: ClientResponse, send: Any, *, head: bool) -> None:
    """Send an answer back as it comes."""
    headers = [(name, value) for name, value in response.raw_headers if name.decode().lower() not in _OF_A_CONNECTION]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if not head:
        async for piece in response.content.iter_chunked(_PIECE):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _pieces(receive: Any) -> AsyncIterator[bytes]:
    """The body as it comes. Raises ConnectionAbortedError when its end does not."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError("the client went away")
        if piece := message.get("body", b""):
            yield piece
        more = message.get("more_body", False)


def _has_body(scope: Any) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


def _path(scope: Any) -> str:
    """Path and query as they were sent."""
    path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query: str = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _told(to: Addressed, trouble: Trouble) -> tuple[str, str]:
    """Code and text for the client; where it is a bug of moto's, a line in the log."""
    if trouble.trace:
        log.warning("moto failed in %s: %s", to.service, trouble.text)
        log.debug("%s", trouble.trace)
        return "InternalFailure", f"moto, which plays the service {to.service}, failed: {trouble.text}"
    return "NotImplemented", f"moto, which plays the service {to.service}, does not have this: {trouble.text}"
