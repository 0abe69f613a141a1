"""What is no AWS request, and bodies that come packed: a sensible answer that names its request, and no trace."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from tests.gateway.connections import HEALTH, Gateway, chunked, create, request

from kecs.gateway import bodies
from kecs.gateway.endpoint import THERE

DIRECT_OR_HANDED_OVER = pytest.mark.parametrize("first", [b"", HEALTH], ids=["direct", "handed over"])


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("POST /", 400),
        ("POST /?Action=ListClusters", 400),
        ("POST /v1", 404),
        ("GET /", 405),
        ("GET /favicon.ico", 404),
        ("PUT /", 405),
        ("PUT /x", 404),
        ("DELETE /v1/clusters", 404),
    ],
)
async def test_a_request_without_a_target_is_an_unknown_operation(gateway: Gateway, line: str, status: int) -> None:
    connection = await gateway.connect()
    connection.send(f"{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    reply = await connection.reply()
    assert (reply.status, reply.code) == (status, "UnknownOperationException")
    assert reply.headers["x-amzn-requestid"]
    assert (reply.headers.get("allow") == "POST, OPTIONS") == (status == 405)


@pytest.mark.parametrize(
    ("line", "service", "header", "content_type"),
    [
        ("POST /", "dynamodb", "X-Amz-Target: DynamoDB_20120810.ListTables", "application/x-amz-json-1.1"),
        ("POST /", "elasticloadbalancing", "Content-Type: application/x-www-form-urlencoded", "text/xml"),
        ("GET /2015-03-31/functions", "lambda", "Accept: */*", "application/json"),
        ("PUT /bucket", "s3", "Accept: */*", "application/xml"),
    ],
)
async def test_services_that_kecs_does_not_have_say_so(
    gateway: Gateway, line: str, service: str, header: str, content_type: str
) -> None:
    connection = await gateway.connect()
    signature = f"AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host"
    connection.send(
        f"{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {signature}\r\n{header}\r\n"
        "Content-Length: 0\r\n\r\n".encode()
    )
    reply = await connection.reply()
    assert (reply.status, reply.headers["content-type"]) == (400, content_type)
    assert b"UnknownOperationException" in reply.body
    assert b"KECS does not have the " in reply.body
    assert f"It has {THERE}.".encode() in reply.body


@pytest.mark.parametrize("path", ["/", "*"])
async def test_options_are_told(gateway: Gateway, path: str) -> None:
    connection = await gateway.connect()
    connection.send(f"OPTIONS {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    reply = await connection.reply()
    assert (reply.status, reply.headers["allow"], reply.body) == (200, "POST, OPTIONS", b"")


@pytest.mark.parametrize(("path", "status"), [("/", 405), ("/x", 404), ("/_kecs/health", 200)])
async def test_a_head_request_has_an_answer_without_a_body(gateway: Gateway, path: str, status: int) -> None:
    connection = await gateway.connect()
    connection.send(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + HEALTH)
    assert (await connection.reply(head_only=True)).status == status
    assert (await connection.reply()).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
async def test_only_a_post_is_an_aws_request(gateway: Gateway, method: str) -> None:
    connection = await gateway.connect()
    connection.send(create("x").replace(b"POST", method.encode(), 1))
    assert (await connection.reply(head_only=method == "HEAD")).status == 405
    assert gateway.clusters() == []


async def test_every_answer_names_its_request(gateway: Gateway) -> None:
    """Of the admin API, of AWS's requests on a connection that was handed over, and of what is no HTTP there."""
    connection = await gateway.connect()
    requests = [
        HEALTH,
        HEALTH.replace(b"health", b"nothing"),
        create("a"),
        request("Nothing"),
        b"GET / HTTP/1.1\r\nx\r\n\r\n",
    ]
    ids = []
    for data in requests:
        connection.send(data)
        ids.append((await connection.reply()).headers["x-amzn-requestid"])
    assert len(set(ids)) == len(requests)


# -- packed bodies ----------------------------------------------------------------------------------------------------


@DIRECT_OR_HANDED_OVER
@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)],
)
async def test_a_body_may_come_packed(gateway: Gateway, first: bytes, encoding: str, pack: object) -> None:
    assert callable(pack)
    packed = pack(b'{"clusterName":"packed"}')
    connection = await gateway.connect()
    connection.send(first + request("CreateCluster", packed, f"Content-Encoding: {encoding}"))
    if first:
        await connection.reply()
    assert json.loads((await connection.reply()).body)["cluster"]["clusterName"] == "packed"
    connection.send(
        request(
            "DeleteCluster",
            chunked(pack(b'{"cluster":"packed"}'), 7),
            f"Content-Encoding: {encoding}",
            "Transfer-Encoding: chunked",
            length=False,
        )
    )
    assert (await connection.reply()).status == 200
    connection.send(request())  # what was said of the one before does not hold for it
    assert (await connection.reply()).status == 200


@DIRECT_OR_HANDED_OVER
@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        ("gzip", b'{"clusterName":"x"}', 400, "SerializationException"),
        ("gzip", b"", 400, "SerializationException"),
        ("gzip", gzip.compress(b'{"clusterName":"x"}')[:-1], 400, "SerializationException"),
        ("gzip", gzip.compress(b'{"clusterName":"x"}') * 2, 400, "SerializationException"),
        ("gzip", gzip.compress(b" " * (bodies.MOST_BODY + 1)), 413, "RequestEntityTooLargeException"),
        ("br", b'{"clusterName":"x"}', 415, "UnsupportedMediaTypeException"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}")), 415, "UnsupportedMediaTypeException"),
    ],
    ids=["plain", "empty", "cut", "two members", "bomb", "brotli", "twice"],
)
async def test_what_cannot_be_unpacked_is_refused(
    gateway: Gateway, first: bytes, encoding: str, body: bytes, status: int, code: str
) -> None:
    connection = await gateway.connect()
    connection.send(first + request("CreateCluster", body, f"Content-Encoding: {encoding}") + request())
    if first:
        await connection.reply()
    reply = await connection.reply()
    assert (reply.status, reply.code) == (status, code)
    assert [name for name in gateway.clusters() if name != "default"] == []
    assert (await connection.reply()).status == 200


async def test_a_length_that_is_too_much_is_refused_on_a_connection_that_was_handed_over(gateway: Gateway) -> None:
    connection = await gateway.connect()
    connection.send(HEALTH + request("CreateCluster", b"", f"Content-Length: {bodies.MOST_BODY + 1}", length=False))
    assert (await connection.reply()).status == 200
    reply = await connection.reply()  # though nothing of the body has come
    assert (reply.status, reply.headers["connection"]) == (413, "close")
    assert await connection.ended() == b""


async def test_without_sessions_a_websocket_is_refused(gateway: Gateway) -> None:
    connection = await gateway.connect()
    path = "/v1/data-channel/ecs-execute-command-0?role=publish_subscribe"
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AA=="
    connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n\r\n".encode())
    reply = await connection.reply()
    assert reply.status == 403
