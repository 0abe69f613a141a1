"""Paths that AWS has inside a task: whoever puts an application there answers for them, to unsigned requests."""

from __future__ import annotations

from typing import Any

import pytest
from tests.gateway.connections import Gateway

from kecs.core.inside.names import PARTS


async def whose_path(scope: Any, _receive: Any, send: Any) -> None:
    body = f"{scope['path']} for {scope['client'][0]}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def test_an_application_answers_for_its_paths_and_is_made_once(gateway: Gateway) -> None:
    made = []
    gateway.server.inside["v4"] = lambda: made.append("v4") or whose_path  # type: ignore[func-returns-value]
    connection = await gateway.connect()
    for path in ("/v4/token/task", "/v4"):
        connection.send(f"GET {path} HTTP/1.1\r\nHost: 169.254.170.2\r\n\r\n".encode())
        assert (await connection.reply()).body.decode() == f"{path} for 127.0.0.1"
    assert made == ["v4"]


async def test_a_signed_request_is_for_aws_and_other_paths_are_nobodys(gateway: Gateway) -> None:
    gateway.server.inside["v4"] = lambda: whose_path
    signature = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    connection = await gateway.connect()
    connection.send(f"GET /v4/key HTTP/1.1\r\nHost: localhost\r\nAuthorization: {signature}\r\n\r\n".encode())
    assert (await connection.reply()).status != 200
    connection.send(b"GET /v44/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await connection.reply()).status == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/metadata", 200),
        ("/v1/data-channel/x", 426),
        ("/api/x/task-protection/v1/state", 200),
        ("/api/x/fault/v1/network-latency/status", 200),
        ("/api/x.txt", 404),
    ],
)
async def test_sessions_and_buckets_have_their_paths_still(gateway: Gateway, path: str, status: int) -> None:
    gateway.server.inside.update(dict.fromkeys(PARTS, lambda: whose_path))
    connection = await gateway.connect()
    connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert (await connection.reply()).status == status


async def test_no_web_page_gets_there(gateway: Gateway) -> None:
    gateway.server.inside["v4"] = lambda: whose_path
    connection = await gateway.connect()
    for header in ("Host: evil.example", "Host: localhost\r\nOrigin: http://evil.example"):
        connection.send(f"GET /v4/x HTTP/1.1\r\n{header}\r\n\r\n".encode())
        assert (await connection.reply()).status in (403, 404)
