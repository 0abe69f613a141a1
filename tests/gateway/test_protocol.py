"""Connections over a real socket: whatever a client does with one, it gets its answers or is told off."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Callable

import pytest
from tests.gateway.connections import HEALTH, Connection, Gateway, chunked, create, request, serving

from kecs.gateway import protocol

CHUNKED = "Transfer-Encoding: chunked"


async def test_a_connection_is_kept_and_answers_in_turn(gateway: Gateway) -> None:
    connection = await gateway.connect()
    for name in ("one", "two", "three"):
        connection.send(create(name))
        reply = await connection.reply()
        assert reply.status == 200
        assert json.loads(reply.body)["cluster"]["clusterName"] == name
        assert reply.headers["content-type"] == "application/x-amz-json-1.1"
        assert reply.headers["x-amzn-requestid"]
        assert "connection" not in reply.headers
    assert gateway.clusters() == ["default", "one", "two", "three"]


async def test_pipelined_requests_are_answered_in_order(gateway: Gateway) -> None:
    connection = await gateway.connect()
    connection.send(b"".join(create(f"c{number}") for number in range(50)))
    names = [json.loads((await connection.reply()).body)["cluster"]["clusterName"] for _ in range(50)]
    assert names == [f"c{number}" for number in range(50)]


async def test_a_request_may_come_in_any_two_pieces(gateway: Gateway) -> None:
    for whole in (
        create("split"),
        request("CreateCluster", chunked(b'{"clusterName":"split"}', 4), CHUNKED, length=False),
    ):
        connection = await gateway.connect()
        for position in range(1, len(whole)):
            connection.send(whole[:position])
            await asyncio.sleep(0)
            connection.send(whole[position:])
            assert (await connection.reply()).status == 200, position


async def test_a_request_may_come_byte_by_byte(gateway: Gateway) -> None:
    connection = await gateway.connect()
    for byte in create("slow"):
        connection.send(bytes([byte]))
        await asyncio.sleep(0)
    assert (await connection.reply()).status == 200


@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_a_body_may_come_in_chunks(gateway: Gateway, size: int) -> None:
    connection = await gateway.connect()
    body = json.dumps({"clusterName": "lumps"}, indent=2).encode()  # with line ends in it, as chunks have them
    whole = request("CreateCluster", chunked(body, size), CHUNKED, length=False)
    connection.send(whole + create("next"))
    names = [json.loads((await connection.reply()).body)["cluster"]["clusterName"] for _ in range(2)]
    assert names == ["lumps", "next"]


async def test_the_trailer_of_a_chunked_body_is_no_header(gateway: Gateway) -> None:
    connection = await gateway.connect()
    body = b"2\r\n{}\r\n0\r\nX-Amz-Target: AmazonEC2ContainerServiceV20141113.Nothing\r\n\r\n"
    connection.send(request("ListClusters", body, CHUNKED, length=False) + request())
    assert [(await connection.reply()).status for _ in range(2)] == [200, 200]


async def test_a_client_that_asks_first_is_told_to_go_on(gateway: Gateway) -> None:
    connection = await gateway.connect()
    whole = create("asked", "Expect: 100-continue")
    head, body = whole[: whole.index(b"\r\n\r\n") + 4], whole[whole.index(b"\r\n\r\n") + 4 :]
    connection.send(head)
    assert (await connection.reply()).status == 100
    connection.send(body)
    assert (await connection.reply()).status == 200


async def test_a_client_that_asks_whether_it_may_send_too_much_is_told_no(gateway: Gateway) -> None:
    connection = await gateway.connect()
    length = protocol.MOST_BODY + 1
    connection.send(request("ListClusters", b"", "Expect: 100-continue", f"Content-Length: {length}", length=False))
    reply = await connection.reply()
    assert (reply.status, reply.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("headers", [("1.1", "Connection: close"), ("1.0", "Accept: */*")])
async def test_a_client_that_wants_one_answer_gets_one(gateway: Gateway, headers: tuple[str, str]) -> None:
    version, header = headers
    connection = await gateway.connect()
    connection.send(request("ListClusters", b"{}", header, version=version) + create("ignored"))
    reply = await connection.reply()
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert await connection.ended() == b""
    assert gateway.clusters() == ["default"]


async def test_an_offer_of_http_2_is_let_go(gateway: Gateway) -> None:
    """As Java's own HTTP client makes it with every first request."""
    offer = (
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
    )
    connection = await gateway.connect()
    connection.send(create("java", *offer))
    connection.send(create("again", *offer))
    assert [(await connection.reply()).status for _ in range(2)] == [200, 200]
    assert gateway.clusters() == ["default", "java", "again"]
    connection.send(HEALTH.replace(b"\r\n\r\n", f"\r\n{offer[0]}\r\n{offer[1]}\r\n\r\n".encode()))
    assert (await connection.reply()).status == 200


async def test_an_aws_request_first_then_the_admin_api(gateway: Gateway) -> None:
    connection = await gateway.connect()
    connection.send(create("first"))
    assert (await connection.reply()).status == 200
    connection.send(HEALTH)
    assert json.loads((await connection.reply()).body)["status"] == "ok"
    connection.send(create("last"))
    assert (await connection.reply()).status == 200
    assert gateway.clusters() == ["default", "first", "last"]


async def test_the_admin_api_first_then_an_aws_request(gateway: Gateway) -> None:
    connection = await gateway.connect()
    connection.send(HEALTH)
    assert (await connection.reply()).status == 200
    connection.send(create("split")[:-4])
    await asyncio.sleep(0)
    connection.send(create("split")[-4:])
    assert (await connection.reply()).status == 200
    connection.send(request("CreateCluster", chunked(b'{"clusterName":"lumps"}', 4), CHUNKED, length=False))
    assert (await connection.reply()).status == 200
    assert gateway.clusters() == ["default", "split", "lumps"]


async def test_both_kinds_in_one_piece(gateway: Gateway) -> None:
    connection = await gateway.connect()
    whole = create("a") + create("b") + HEALTH + create("c")
    connection.send(whole)
    replies = [await connection.reply() for _ in range(4)]
    assert [reply.status for reply in replies] == [200] * 4
    assert json.loads(replies[2].body)["status"] == "ok"
    assert gateway.clusters() == ["default", "a", "b", "c"]


async def test_both_kinds_in_any_two_pieces(gateway: Gateway) -> None:
    whole = create("a") + HEALTH
    for position in range(1, len(whole), 7):
        connection = await gateway.connect()
        connection.send(whole[:position])
        await asyncio.sleep(0)
        connection.send(whole[position:])
        assert [(await connection.reply()).status for _ in range(2)] == [200, 200], position
        await connection.close()


async def test_a_body_that_is_too_large_is_refused_at_once(gateway: Gateway) -> None:
    connection = await gateway.connect()
    connection.send(request("ListClusters", b"", f"Content-Length: {protocol.MOST_BODY + 1}", length=False) + b"x" * 9)
    reply = await connection.reply()
    assert (reply.status, reply.code) == (413, "RequestEntityTooLargeException")
    assert await connection.ended() == b""


async def test_chunks_that_are_too_large_are_refused(gateway: Gateway) -> None:
    connection = await gateway.connect()
    connection.send(request("ListClusters", b"", CHUNKED, length=False))
    sending = asyncio.ensure_future(_send_for_ever(connection))
    reply = await connection.reply()
    assert (reply.status, reply.headers["connection"]) == (413, "close")
    await connection.close()
    await asyncio.wait([sending])


async def test_chunks_that_are_too_large_end_a_connection_that_was_handed_over(gateway: Gateway) -> None:
    connection = await gateway.connect()
    connection.send(HEALTH)
    await connection.reply()
    connection.send(request("ListClusters", b"", CHUNKED, length=False))
    with pytest.raises(ConnectionError):
        await _send_for_ever(connection)
    assert gateway.clusters() == []


async def _send_for_ever(connection: Connection) -> None:
    piece = b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20))
    while not connection.writer.is_closing():
        connection.send(piece)
        await connection.writer.drain()


async def test_a_body_of_the_largest_size_is_taken(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MOST_BODY", 100)
    connection = await gateway.connect()
    connection.send(request("ListClusters", b"{}".ljust(100)))
    assert (await connection.reply()).status == 200
    connection.send(request("ListClusters", b"{}".ljust(101)))
    assert (await connection.reply()).status == 413


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
async def test_headers_that_are_too_large_are_refused(gateway: Gateway, end: bytes) -> None:
    connection = await gateway.connect()
    start = request("ListClusters", b"", length=False).removesuffix(b"\r\n\r\n")
    connection.send(start + b"\r\nX-Much: " + b"x" * protocol.MOST_HEAD + end)
    assert (await connection.reply()).status == 431
    assert await connection.ended() == b""


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS: an https:// endpoint
        b"\x00" * 10,
        b"hello\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        request().replace(b"Content-Length: 2", b"Content-Length: two"),
        request().replace(b"HTTP/1.1", b"HTTP/x.y"),
        request("ListClusters", b"zz\r\n{}\r\n0\r\n\r\n", CHUNKED, length=False),
        request("ListClusters", b"{}", CHUNKED),  # smuggling: two lengths
        request("ListClusters", b"{}", "Content-Length: 3"),
    ],
)  # fmt: skip
async def test_what_is_not_http_is_told_off(gateway: Gateway, garbage: bytes) -> None:
    connection = await gateway.connect()
    connection.send(garbage)
    assert (await connection.ended()).startswith(b"HTTP/1.1 400 ")
    assert gateway.clusters() == []


async def test_an_empty_line_before_a_request_is_let_go(gateway: Gateway) -> None:
    connection = await gateway.connect()
    connection.send(b"\r\n" + request())
    assert (await connection.reply()).status == 200


@pytest.mark.parametrize("first", [b"", HEALTH], ids=["direct", "handed over"])
async def test_a_request_that_ends_too_soon_is_not_carried_out(gateway: Gateway, first: bytes) -> None:
    whole = first + request("CreateCluster", b"")[:-5] + b"9\r\n\r\n"  # without its body it would make a cluster
    for end in (len(whole), len(whole) - 4, len(first) + 30):
        connection = await gateway.connect()
        connection.send(whole[:end])
        if first:
            await connection.reply()
        await connection.close()
    other = await gateway.connect()
    other.send(request())
    assert json.loads((await other.reply()).body)["clusterArns"] == [
        "arn:aws:ecs:us-east-1:000000000000:cluster/default"
    ]
    await _until(lambda: gateway.server.open_connections == 1)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # nothing tells the test of it
            await asyncio.sleep(0.001)


async def test_a_client_that_does_not_read_is_not_read_from(gateway: Gateway) -> None:
    for number in range(100):
        gateway.world.call("CreateCluster", clusterName=f"cluster-{number}-{'x' * 200}")
    connection = await gateway.connect()
    connection.writer.transport.set_write_buffer_limits(0)
    while await _takes(connection, request() * 100):  # in time the server stops reading
        pass
    for _ in range(1000):  # and goes on
        assert (await connection.reply()).status == 200


async def _takes(connection: Connection, data: bytes) -> bool:
    """Whether the other side takes the data any time soon."""
    connection.send(data)
    try:
        await asyncio.wait_for(connection.writer.drain(), 0.3)
    except TimeoutError:
        return False
    return True


async def test_many_connections(gateway: Gateway) -> None:
    async def one(number: int) -> None:
        connection = await gateway.connect()
        for turn in range(3):
            connection.send(create(f"c{number}-{turn}"))
            assert (await connection.reply()).status == 200

    await asyncio.gather(*(one(number) for number in range(200)))
    assert len(gateway.clusters()) == 601


# -- web pages --------------------------------------------------------------------------------------------------------


async def test_a_browser_is_not_told_that_a_page_elsewhere_may_send_aws_requests(gateway: Gateway) -> None:
    connection = await gateway.connect()
    connection.send(
        b"OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1:5373\r\nOrigin: https://evil.example\r\n"
        b"Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-amz-target\r\n\r\n"
    )
    reply = await connection.reply()
    assert reply.status == 403
    assert not [name for name in reply.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("first", [b"", HEALTH], ids=["direct", "handed over"])
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:5373", "https://evil.example"),
        ("127.0.0.1:5373", "null"),
        ("127.0.0.1:5373", "http://127.0.0.1:8000"),
        ("evil.example:5373", "http://evil.example:5373"),  # a name of theirs that points here now
    ],
)
async def test_a_page_elsewhere_cannot_send_one(gateway: Gateway, first: bytes, host: str, origin: str) -> None:
    connection = await gateway.connect()
    if first:
        connection.send(first)
        await connection.reply()
    connection.send(create("evil", f"Origin: {origin}").replace(b"127.0.0.1:5373", host.encode()))
    reply = await connection.reply()
    assert (reply.status, reply.code) == (403, "AccessDeniedException")
    assert gateway.clusters() == []


@pytest.mark.parametrize("host", ["127.0.0.1:5373", "localhost:5373", "kecs.example.org"])
async def test_a_page_of_kecs_itself_can(host: str) -> None:
    async with serving("kecs.example.org") as gateway:
        connection = await gateway.connect()
        connection.send(create("own", f"Origin: http://{host}").replace(b"127.0.0.1:5373", host.encode()))
        assert (await connection.reply()).status == 200


async def test_any_host_name_will_do_for_who_is_no_browser(gateway: Gateway) -> None:
    connection = await gateway.connect()
    connection.send(create("own").replace(b"127.0.0.1:5373", b"ecs.us-east-1.amazonaws.com"))
    assert (await connection.reply()).status == 200


# -- the end ----------------------------------------------------------------------------------------------------------


async def test_a_stop_ends_streams_and_idle_connections(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    idle, half, handed_over, stream = [await gateway.connect() for _ in range(4)]
    idle.send(request())
    await idle.reply()
    half.send(request()[:40])
    handed_over.send(HEALTH)
    await handed_over.reply()
    stream.send(b"GET /_kecs/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await stream.reply(head_only=True)).status == 200
    assert b": KECS" in await stream.reader.readuntil(b"\n\n")
    async with asyncio.timeout(1.5):
        await gateway.stop()
    for connection in (idle, half, handed_over, stream):
        assert not re.search(rb"[^\r\n]", await connection.ended())
    assert caplog.records == []
    with pytest.raises(ConnectionRefusedError):
        await gateway.connect()


async def test_who_comes_by_another_door_once_it_has_stopped_is_sent_away(gateway: Gateway) -> None:
    door = await asyncio.get_running_loop().create_server(gateway.server.connection, "127.0.0.1", 0)
    gateway.port = door.sockets[0].getsockname()[1]
    before = await gateway.connect()
    before.send(HEALTH)
    assert (await before.reply()).status == 200
    await gateway.stop()
    assert await before.ended() == b""
    after = await gateway.connect()
    with contextlib.suppress(ConnectionResetError):  # it depends on who is faster
        assert await after.ended() == b""
    assert gateway.server.open_connections == 0
    door.close()
