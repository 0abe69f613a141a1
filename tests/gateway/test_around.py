"""Requests for the services around ECS: what goes to a companion, whom it says it is for, and what stays here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.gateway.connections import HEALTH, Connection, Gateway, create, request, serving

from kecs.gateway.foreign import signed, unsigned
from kecs.gateway.protocol import MOST_HEAD
from kecs.ports.companion import Addressed, CutShort

KEY = "111111111111"
PRESIGNED = f"X-Amz-Credential={KEY}%2F20260101%2Feu-west-1%2Fs3%2Faws4_request"


class Companion:
    """See ports.companion.Around. Answers with what it was sent."""

    def __init__(self) -> None:
        self.asked: list[tuple[Addressed, str, str]] = []
        self.asleep = True

    def has(self, service: str) -> bool:
        return service != "sns"

    def empty(self, service: str) -> bool:
        return self.asleep

    async def pass_on(self, to: Addressed, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append((to, scope["method"], scope["path"]))
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        length = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 299, "headers": length})
        await send({"type": "http.response.body", "body": body})


class Dying(Companion):
    """It begins to answer."""

    async def pass_on(self, to: Addressed, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": [(b"content-length", b"8")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise CutShort


@pytest.fixture
def companion() -> Companion:
    return Companion()


@pytest.fixture
async def accompanied(companion: Companion) -> AsyncIterator[Gateway]:
    async with serving(around=companion) as gateway:
        yield gateway


def authorization(service: str, key: str = KEY) -> str:
    return f"Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/{service}/aws4_request, Signature=0"


def message(line: str, *headers: str, body: bytes = b"") -> bytes:
    head = "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers])
    return head.encode() + b"\r\n\r\n" + body


PUT = "X-Amz-Target: AmazonSSM.PutParameter"


async def sent(connection: Connection, data: bytes, pieces: int = 1) -> tuple[int, bytes]:
    step = len(data) // pieces + 1
    for at in range(0, len(data), step):
        connection.send(data[at : at + step])
        await connection.writer.drain()
    reply = await connection.reply()
    return reply.status, reply.body


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("first", [b"", HEALTH, create("here")], ids=["direct", "handed over", "behind another"])
@pytest.mark.parametrize("size", [2, MOST_HEAD * 3])
async def test_by_its_signature(
    accompanied: Gateway, companion: Companion, first: bytes, pieces: int, size: int
) -> None:
    connection = await accompanied.connect()
    if first:
        assert (await sent(connection, first))[0] == 200
    body = b"x" * size
    assert await sent(connection, message("POST /", PUT, authorization("ssm"), body=body), pieces) == (299, body)
    assert (await sent(connection, create("after")))[0] == 200  # on the same connection, ECS goes on as ever
    assert await sent(connection, message("POST /", PUT, authorization("ssm"), body=b"1")) == (299, b"1")
    assert companion.asked == [(Addressed("ssm", "eu-west-1", KEY), "POST", "/")] * 2
    assert "after" in accompanied.clusters()


@pytest.mark.parametrize(
    ("line", "headers", "body", "to"),
    [
        ("GET /b/k", [authorization("s3")], b"", Addressed("s3", "eu-west-1", KEY)),
        ("PUT /b/k", [authorization("s3")], b"x", Addressed("s3", "eu-west-1", KEY)),
        (f"PUT /k?{PRESIGNED}", [], b"x", Addressed("s3", "eu-west-1", KEY)),
        ("GET /k?AWSAccessKeyId=x&Signature=y", [], b"", Addressed("s3", "", "x")),
        ("GET /k", ["Authorization: AWS x:y"], b"", Addressed("s3", "", "x")),
        ("PUT /b", [], b"", Addressed("s3", "", "")),
        ("POST /", [], b"Action=ListRoles&Version=2010-05-08", Addressed("iam", "", "")),
        ("POST /?Action=ListRoles&Version=2010-05-08", [], b"", Addressed("iam", "", "")),
        ("POST /", ["X-Amz-Target: AmazonSSM.GetParameter"], b"{}", Addressed("ssm", "", "")),
        ("POST /service/x/operation/y", [authorization("monitoring")], b"", Addressed("monitoring", "eu-west-1", KEY)),
        ("OPTIONS /b", [authorization("s3")], b"", Addressed("s3", "eu-west-1", KEY)),
    ],
)  # fmt: skip
async def test_by_whatever_it_says(
    accompanied: Gateway, companion: Companion, line: str, headers: list[str], body: bytes, to: Addressed
) -> None:
    assert await sent(await accompanied.connect(), message(line, *headers, body=body)) == (299, body)
    assert companion.asked == [(to, line.split()[0], line.split()[1].partition("?")[0])]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request(), 200),
        (request("Nothing"), 400),
        (message("POST /", PUT, authorization("events")), 400),  # which KECS has
        (message("POST /", "X-Amz-Target: Nothing.Nothing"), 400),
        (message("POST /", "X-Amz-Target:"), 400),
        (message("POST /", authorization("ecs")), 400),
        (message("GET /schedules", authorization("scheduler")), 200),
        (message("GET /schedules"), 200),
        (message("POST /", body=b"Action=Nothing"), 400),
        (message("GET /favicon.ico"), 404),
        (message("GET /"), 405),
        (message("POST /", authorization("sns"), "X-Amz-Target: x.y"), 400),  # for which there is nobody
        (message("GET /b/k", authorization("s3"), "Origin: https://evil.example"), 403),
        (HEALTH, 200),
    ],
)
async def test_what_stays_here(accompanied: Gateway, companion: Companion, data: bytes, status: int) -> None:
    assert (await sent(await accompanied.connect(), data))[0] == status
    assert companion.asked == []


async def test_every_answer_names_its_request(accompanied: Gateway) -> None:
    connection = await accompanied.connect()
    connection.send(message("GET /b/k", authorization("s3")))
    assert (await connection.reply()).headers["x-amzn-requestid"]


async def test_whoever_has_not_signed_sees_what_is_there(accompanied: Gateway, companion: Companion) -> None:
    companion.asleep = False
    assert (await sent(await accompanied.connect(), message("GET /b/k")))[0] == 299


async def test_a_client_that_goes_away_has_not_asked(accompanied: Gateway, companion: Companion) -> None:
    connection = await accompanied.connect()
    connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSSM.Get\r\nContent-Length: 10\r\n\r\nx")
    await connection.close()
    assert (await sent(await accompanied.connect(), request()))[0] == 200
    assert companion.asked == []


async def test_an_answer_that_is_cut_short_ends_its_connection(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(around=Dying()) as gateway:
        connection = await gateway.connect()
        connection.send(message("GET /b/k", authorization("s3")))
        assert (await connection.reply(head_only=True)).headers["content-length"] == "8"
        assert await connection.ended() == b"half"
        await gateway.stop()
    assert caplog.text == ""


@pytest.mark.parametrize(
    "header", [b"", b"Bearer x", b"AWS4-HMAC-SHA256 Credential=x", b"AWS4-HMAC-SHA256 Credential=a/b/c/d/e", b"\xff"]
)
def test_what_is_no_signature(header: bytes) -> None:
    assert signed(header, b"") is None


@pytest.mark.parametrize(
    "query", [b"X-Amz-Credential=", b"X-Amz-Credential=x", b"X-Amz-Credential=%FF", b"AWSAccessKeyId=x"]
)
def test_what_is_none_in_a_query(query: bytes) -> None:
    assert signed(None, query) is None


@pytest.mark.parametrize("body", [b"", b"\xff", b"Action=x", b"Action=x&Version=y", b"{}", b"Action&Version"])
def test_what_says_nothing(body: bytes) -> None:
    assert unsigned(b"", "/", b"", body) is None
