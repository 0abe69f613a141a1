"""REST APIs over a connection: paths, queries, bodies, packed or not, and errors as their clients read them."""

from __future__ import annotations

import gzip
import json
from urllib.parse import quote

import pytest
from tests.gateway.connections import Gateway

from kecs.aws.model import scheduler as s

SIGNED = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/scheduler/aws4_request, SignedHeaders=host"
GROUP = "arn:aws:scheduler:us-east-1:000000000000:schedule-group/nightly"


async def call(
    gateway: Gateway, line: str, body: bytes = b"", *, signed: bool = True, encoding: str = ""
) -> tuple[int, str, bytes]:
    """Status, error code ("" without one) and body of the answer."""
    connection = await gateway.connect()
    signature = f"Authorization: {SIGNED}\r\n" if signed else ""
    packed = f"Content-Encoding: {encoding}\r\n" if encoding else ""
    head = f"{line} HTTP/1.1\r\nHost: localhost\r\n{signature}{packed}Content-Length: {len(body)}\r\n\r\n"
    connection.send(head.encode() + body)
    reply = await connection.reply()
    assert reply.headers["x-amzn-requestid"]
    return reply.status, reply.headers.get("x-amzn-errortype", ""), reply.body


@pytest.mark.parametrize("signed", [True, False])
async def test_members_stand_in_path_query_and_body(gateway: Gateway, *, signed: bool) -> None:
    body = json.dumps({"Name": "not this one", "Tags": [{"Key": name, "Value": "v"} for name in "abc"]}).encode()
    status, _, answer = await call(gateway, "POST /schedule-groups/nightly", body, signed=signed)
    assert (status, json.loads(answer)) == (200, {"ScheduleGroupArn": GROUP})
    path = f"/tags/{quote(GROUP, safe='')}"
    assert await call(gateway, f"DELETE {path}?TagKeys=a&TagKeys=c&other=1", signed=signed) == (200, "", b"{}")
    assert json.loads((await call(gateway, f"GET {path}", signed=signed))[2]) == {"Tags": [{"Key": "b", "Value": "v"}]}
    _, _, page = await call(gateway, "GET /schedule-groups?MaxResults=1", signed=signed)
    assert [group["Name"] for group in json.loads(page)["ScheduleGroups"]] == ["default"]


@pytest.mark.parametrize(
    ("line", "body", "status", "code"),
    [
        ("GET /schedule-groups/none", b"", 404, "ResourceNotFoundException"),
        ("POST /schedule-groups/default", b"", 409, "ConflictException"),
        ("DELETE /schedule-groups/default", b"", 400, "ValidationException"),
        ("GET /schedule-groups?MaxResults=many", b"", 400, "SerializationException"),
        ("GET /schedule-groups?MaxResults=0", b"", 400, "ValidationException"),
        ("GET /schedule-groups?MaxResults=" + "9" * 400, b"", 400, "SerializationException"),
        ("GET /schedule-groups?NextToken=x", b"", 400, "ValidationException"),
        ("GET /schedule-groups/%FF%00", b"", 400, "ValidationException"),
        ("POST /schedule-groups/x", b"{", 400, "SerializationException"),
        ("POST /schedule-groups/x", b"[]", 400, "SerializationException"),
        ("POST /schedule-groups/x", b"[" * 100_000, 400, "SerializationException"),
        ("POST /schedules/x", b"{}", 400, "ValidationException"),
        ("PATCH /schedules/x", b"{}", 404, "UnknownOperationException"),
        ("GET /schedules/x/y", b"", 404, "UnknownOperationException"),
        ("GET /nothing", b"", 404, "UnknownOperationException"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_errors_are_named_by_a_header(gateway: Gateway, line: str, body: bytes, status: int, code: str) -> None:
    found, named, answer = await call(gateway, line, body)
    assert (found, named) == (status, code)
    assert "Message" in json.loads(answer)


async def test_a_body_may_come_packed(gateway: Gateway) -> None:
    body = gzip.compress(b'{"Tags": []}')
    assert (await call(gateway, "POST /schedule-groups/a", body, encoding="gzip"))[0] == 200
    assert (await call(gateway, "POST /schedule-groups/b", body[:9], encoding="gzip"))[0] == 400
    assert (await call(gateway, "GET /schedule-groups/b"))[0] == 404


def test_every_operation_has_a_way() -> None:
    ways = {(operation.rest.method, operation.rest.path) for operation in s.OPERATIONS.values() if operation.rest}
    assert len(ways) == len(s.OPERATIONS)
