"""Calls that go wrong because a user wants it: over real connections, and how AWS's own client takes it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.gateway.connections import Gateway, create, request
from tests.gateway.test_rest import call as call_rest

ADMIN = "{} /_kecs/faults{} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}"


def fault(gateway: Gateway, kind: str, **members: Any) -> str:
    key: str = gateway.world.kernel.faults.add({"kind": kind, **members})["id"]
    return key


async def admin(gateway: Gateway, method: str, path: str = "", body: str = "") -> tuple[int, Any]:
    connection = await gateway.connect()
    connection.send(ADMIN.format(method, path, len(body), body).encode())
    reply = await connection.reply()
    return reply.status, json.loads(reply.body)


def awss_client(gateway: Gateway, attempts: int) -> Any:
    return boto3.client(
        "ecs",
        endpoint_url=f"http://127.0.0.1:{gateway.port}",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # nothing tells the test of it
            await asyncio.sleep(0)


async def test_faults_over_http(gateway: Gateway) -> None:
    status, said = await admin(gateway, "POST", body='{"kind": "throttle", "operation": "List*", "times": 2}')
    wanted = {"id": "fault-1", "kind": "throttle", "operation": "List*", "times": 2, "matched": 0, "struck": 0}
    assert (status, said) == (200, {"fault": wanted})
    await admin(gateway, "POST", body='{"kind": "slow-start", "seconds": 5}')
    assert [one["id"] for one in (await admin(gateway, "GET"))[1]["faults"]] == ["fault-1", "fault-2"]
    assert await admin(gateway, "DELETE", "/fault-1") == (200, {"removed": ["fault-1"]})
    assert (await admin(gateway, "DELETE", "/fault-1"))[0] == 404
    assert await admin(gateway, "DELETE") == (200, {"removed": ["fault-2"]})
    assert await admin(gateway, "GET") == (200, {"faults": []})


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("{", 400, "The body is not JSON"),
        ("[]", 400, "This is no fault"),
        ('{"kind": "throttle", "colour": 1}', 400, "colour"),
        ('{"kind": "drop", "seconds": 1}', 400, "drop has no seconds"),
        ('{"kind": "kill"}', 404, "there is nobody"),
        ('{"kind": "instance-lost"}', 404, "there is nobody"),
    ],
)
async def test_what_is_no_fault(gateway: Gateway, body: str, status: int, said: str) -> None:
    got, answer = await admin(gateway, "POST", body=body)
    assert got == status
    assert said in answer["error"]
    assert gateway.world.kernel.faults.all() == []


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"kind": "throttle"}, 400, "ThrottlingException"),
        ({"kind": "server-error"}, 500, "ServerException"),
        ({"kind": "server-error", "status": 503}, 503, "ServiceUnavailable"),
    ],
)
async def test_errors_come_as_often_as_they_are_to(
    gateway: Gateway, members: dict[str, Any], status: int, code: str
) -> None:
    connection = await gateway.connect()
    connection.send(create("before"))
    assert (await connection.reply()).status == 200
    key = fault(gateway, **members, times=2, operation="Create*")
    for name in ("one", "two"):
        connection.send(create(name))
        reply = await connection.reply()
        assert (reply.status, reply.code) == (status, code)
    connection.send(create("three"))
    assert (await connection.reply()).status == 200
    gateway.world.kernel.faults.remove(key)
    connection.send(create("after"))
    assert (await connection.reply()).status == 200
    assert gateway.clusters() == ["default", "before", "three", "after"]


async def test_a_request_in_pieces_is_struck_too(gateway: Gateway) -> None:
    fault(gateway, "throttle")
    connection = await gateway.connect()
    data = create("whole")
    connection.send(data[:60])
    await asyncio.sleep(0)
    connection.send(data[60:])
    assert (await connection.reply()).code == "ThrottlingException"


@pytest.mark.parametrize(("kind", "carried_out"), [("drop", False), ("lost-response", True)])
async def test_a_connection_closes_without_an_answer(gateway: Gateway, kind: str, *, carried_out: bool) -> None:
    fault(gateway, kind, operation="CreateCluster", when={"clusterName": "lost"})
    connection = await gateway.connect()
    connection.send(create("kept") + create("lost"))
    assert (await connection.reply()).status == 200
    assert await connection.ended() == b""
    assert ("lost" in gateway.clusters()) is carried_out
    other = await gateway.connect()
    other.send(create("other"))
    assert (await other.reply()).status == 200


async def test_who_is_answered_late_holds_up_nobody_else(gateway: Gateway) -> None:
    fault(gateway, "latency", seconds=0.3, operation="CreateCluster")
    slow, quick = await gateway.connect(), await gateway.connect()
    order = []

    async def note(name: str, answer: Any) -> None:
        assert (await answer).status == 200
        order.append(name)

    slow.send(create("slow"))
    waiting = asyncio.create_task(note("slow", slow.reply()))
    quick.send(request())
    await note("quick", quick.reply())
    await waiting
    assert order == ["quick", "slow"]


async def test_a_server_that_stops_leaves_no_late_answer_behind(gateway: Gateway) -> None:
    fault(gateway, "latency", seconds=3600)
    connection = await gateway.connect()
    connection.send(create("late"))
    await until(lambda: "late" in gateway.clusters())
    await gateway.stop()
    with contextlib.suppress(ConnectionResetError):
        assert await connection.ended() == b""


async def test_who_does_not_wait_for_a_late_answer_leaves_nothing_behind(gateway: Gateway) -> None:
    fault(gateway, "latency", seconds=3600)
    connection = await gateway.connect()
    connection.send(create("late"))
    await until(lambda: "late" in gateway.clusters())
    await connection.close()
    await until(lambda: not gateway.server.open_connections)


async def listed(gateway: Gateway) -> list[str]:
    connection = await gateway.connect()
    connection.send(request())
    return [arn.rsplit("/")[-1] for arn in json.loads((await connection.reply()).body)["clusterArns"]]


async def test_stale_reads_are_behind_by_their_age(gateway: Gateway) -> None:
    connection, clock = await gateway.connect(), gateway.world.clock
    connection.send(create("old"))
    await connection.reply()
    key = fault(gateway, "stale", age=10)
    connection.send(create("new"))  # no read: nothing of it is stale
    assert (await connection.reply()).status == 200
    assert sorted(await listed(gateway)) == ["default", "old"]
    clock.advance(9)
    connection.send(create("newer"))
    await connection.reply()
    clock.advance(1)
    assert sorted(await listed(gateway)) == ["default", "new", "old"]
    gateway.world.kernel.faults.remove(key)
    assert sorted(await listed(gateway)) == ["default", "new", "newer", "old"]


async def test_rest_apis_are_struck_in_their_own_words(gateway: Gateway) -> None:
    fault(gateway, "throttle", api="scheduler", operation="CreateScheduleGroup", times=1)
    status, code, body = await call_rest(gateway, "POST /schedule-groups/nightly")
    assert (status, code, json.loads(body)) == (400, "ThrottlingException", {"Message": "Rate exceeded"})
    assert (await call_rest(gateway, "POST /schedule-groups/nightly"))[0] == 200


async def test_selection_by_cluster_service_and_members(gateway: Gateway) -> None:
    fault(gateway, "throttle", cluster="shop", service="we*", operation="DescribeServices")
    connection = await gateway.connect()
    outcome = []
    for cluster, service in (("shop", "web"), ("shop", "api"), ("default", "web")):
        connection.send(request("DescribeServices", json.dumps({"cluster": cluster, "services": [service]}).encode()))
        reply = await connection.reply()
        outcome.append("" if reply.status == 200 else reply.code)
    assert outcome == ["ThrottlingException", "ClusterNotFoundException", ""]


async def test_awss_client_gets_through_at_its_third_attempt(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waits.append)
    key = fault(gateway, "throttle", operation="CreateCluster", times=2)
    client = awss_client(gateway, attempts=3)
    answer = await asyncio.to_thread(client.create_cluster, clusterName="patient")
    client.close()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert len(waits) == 2
    assert [one["struck"] for one in gateway.world.kernel.faults.all() if one["id"] == key] == [2]


@pytest.mark.parametrize("kind", ["drop", "lost-response"])
async def test_awss_client_tries_again_when_the_connection_closes(
    gateway: Gateway, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    fault(gateway, kind, times=1)
    client = awss_client(gateway, attempts=2)
    answer = await asyncio.to_thread(client.create_cluster, clusterName="again")
    client.close()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert gateway.clusters() == ["default", "again"]
