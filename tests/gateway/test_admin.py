"""The admin API's HTTP side, against a console that remembers what it was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gateway.consoles import FakeConsole, call

from kecs.gateway.admin_streams import server_sent_events


async def test_health_and_state_are_json() -> None:
    console = FakeConsole()
    assert (await call(console, "GET", "/_kecs/health")).json()["status"] == "ok"
    assert (await call(console, "GET", "/_kecs/state?cluster=prod")).json()["asked"] == ["prod", None, False]
    assert (await call(console, "GET", "/_kecs/state?service=s&history=true")).json()["asked"] == [None, "s", True]
    assert (await call(console, "GET", "/_kecs/state?history=maybe")).status == 400


async def test_metrics_are_prometheus_text() -> None:
    answer = await call(FakeConsole(), "GET", "/_kecs/metrics")
    assert answer.body == b"kecs_up 1\n"
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_reset_has_happened_when_it_answers() -> None:
    console = FakeConsole()
    assert (await call(console, "POST", "/_kecs/reset")).status == 200
    assert console.calls == [("reset",)]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/_kecs/earthquakes", 404),
        ("GET", "/_kecs", 404),
        ("GET", "/_kecs/nothing/here", 404),
        ("GET", "/_kecs/tasks/a/b/c/logs/app", 404),
        ("GET", "/_kecs/tasks/prod/abc/logs/nobody", 404),
        ("GET", "/_kecs/companions", 404),
        ("GET", "/_kecs/reset", 405),
        ("DELETE", "/_kecs/state", 405),
        ("GET", "/_kecs/events?since=yesterday", 400),
        ("GET", "/_kecs/tasks/prod/abc/logs/app?tail=-1", 400),
        ("GET", "/_kecs/tasks/prod/abc/logs/app?follow=perhaps", 400),
    ],
)
async def test_errors_are_json(method: str, target: str, status: int) -> None:
    answer = await call(FakeConsole(), method, target)
    assert answer.status == status
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "calls"),
    [
        ({"advance": 90}, [("advance", 90.0)]),
        ({"advance": 0.5}, [("advance", 0.5)]),
        ({"freeze": True}, [("freeze",)]),
        ({"resume": True}, [("resume",)]),
    ],
)
async def test_the_clock_is_moved(body: dict[str, Any], calls: list[Any]) -> None:
    console = FakeConsole()
    answer = await call(console, "POST", "/_kecs/clock", json.dumps(body).encode())
    assert answer.json() == {"now": 10.0, "frozen": False, "controllable": True}
    assert console.calls == calls


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b'{"advance": -1}',
        b'{"advance": true}',
        b'{"advance": "5"}',
        b'{"advance": 1e300}',
        b'{"freeze": false}',
        b'{"freeze": true, "advance": 1}',
        b'{"rewind": 5}',
    ],
)
async def test_a_clock_request_that_makes_no_sense_is_refused(body: bytes) -> None:
    console = FakeConsole()
    answer = await call(console, "POST", "/_kecs/clock", body)
    assert answer.status == 400
    assert answer.json()["error"]
    assert console.calls == []


async def test_real_time_cannot_be_moved() -> None:
    console = FakeConsole(controllable=False)
    answer = await call(console, "POST", "/_kecs/clock", b'{"advance": 1}')
    assert (answer.status, answer.json()) == (409, {"error": "Real containers live in real time."})
    assert (await call(console, "GET", "/_kecs/clock")).json()["controllable"] is False


async def test_scripts_of_images() -> None:
    console = FakeConsole()
    body = {"image": "worker:*", "script": {"exit_code": 3}}
    assert (await call(console, "POST", "/_kecs/images", json.dumps(body).encode())).status == 200
    assert (await call(console, "GET", "/_kecs/images")).json() == {"images": {"worker:*": {"exit_code": 3}}}
    answer = await call(console, "POST", "/_kecs/images", b'{"image": "x", "script": {"bogus": 1}}')
    assert (answer.status, answer.json()) == (400, {"error": "Unknown key 'bogus'."})
    assert (await call(console, "POST", "/_kecs/images", b'{"image": "x"}')).status == 400
    assert (await call(console, "POST", "/_kecs/images", b'{"image": "x", "script": {}, "y": 1}')).status == 400


async def test_spot_capacity_is_taken_back() -> None:
    console = FakeConsole()
    for body, interrupted in (
        ({"cluster": "prod", "task": "abc"}, "task/abc"),
        ({"cluster": "prod", "capacityProvider": "FARGATE_SPOT"}, "task/1"),
    ):
        answer = await call(console, "POST", "/_kecs/interruptions", json.dumps(body).encode())
        assert answer.json() == {"interrupted": [interrupted]}
    assert console.calls == [("interrupt", "prod", "abc", None), ("interrupt", "prod", None, "FARGATE_SPOT")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b'{"cluster": "prod"}', 400),
        (b'{"cluster": 1, "task": "abc"}', 400),
        (b'{"cluster": "prod", "task": "abc", "capacityProvider": "FARGATE_SPOT"}', 400),
        (b'{"cluster": "prod", "capacityProvider": "FARGATE"}', 400),
        (b'{"cluster": "nowhere", "task": "abc"}', 404),
    ],
)
async def test_what_cannot_be_interrupted(body: bytes, status: int) -> None:
    answer = await call(FakeConsole(), "POST", "/_kecs/interruptions", body)
    assert (answer.status, bool(answer.json()["error"])) == (status, True)


TASK_ARN = "arn:aws:ecs:eu-west-1:111122223333:task/prod/abc"
CLUSTER_ARN = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod"


@pytest.mark.parametrize("cluster", ["prod", CLUSTER_ARN])
@pytest.mark.parametrize("task", ["abc", TASK_ARN])
async def test_logs_by_name_id_or_arn(cluster: str, task: str) -> None:
    console = FakeConsole()
    answer = await call(console, "GET", f"/_kecs/tasks/{cluster}/{task}/logs/app?tail=5&follow=true")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.chunks == [b"one\n", "zwei ü\n".encode()]
    assert console.calls == [("logs", cluster, task, "app", True, 5)]


async def test_events_without_following_are_those_remembered() -> None:
    answer = await call(FakeConsole(), "GET", "/_kecs/events?since=3&follow=false")
    assert answer.headers["content-type"].startswith("text/event-stream")
    frames = answer.body.decode().strip().split("\n\n")
    assert [frame.split("\n")[0] for frame in frames] == ["id: 4", "id: 5"]
    assert json.loads(frames[0].split("\n")[1].removeprefix("data: "))["arn"] == "task/4"


async def test_events_as_eventbridge_gets_them() -> None:
    answer = await call(FakeConsole(), "GET", "/_kecs/events?since=0&follow=false&format=eventbridge")
    number, data = answer.body.decode().strip().split("\n")
    assert number == "id: 7"
    event = json.loads(data.removeprefix("data: "))
    assert (event["source"], event["account"], event["region"]) == ("aws.ecs", "111122223333", "eu-west-1")
    assert (event["time"], event["detail"]) == ("1970-01-01T00:00:00Z", {"a": 1})
    since = await call(FakeConsole(), "GET", "/_kecs/events?since=7&follow=false&format=eventbridge")
    assert since.body == b""


async def test_events_in_no_format_that_there_is() -> None:
    answer = await call(FakeConsole(), "GET", "/_kecs/events?format=xml")
    assert (answer.status, answer.json()) == (400, {"error": "format is kecs or eventbridge."})


async def test_a_reader_that_comes_back_resumes_where_it_was() -> None:
    resumed = await call(FakeConsole(), "GET", "/_kecs/events?since=0&follow=false", headers={"last-event-id": "4"})
    assert resumed.body.startswith(b"id: 5\n")


@pytest.mark.parametrize(("since", "first"), [(2, b"id: 3\n"), (5, b""), (6, b"id: 3\n"), (999, b"id: 3\n")])
async def test_a_reader_from_before_a_restart_begins_anew(since: int, first: bytes) -> None:
    console = FakeConsole()
    answer = await call(console, "GET", f"/_kecs/events?since={since}&follow=false")
    assert answer.body[:6] == first
    stream = server_sent_events(console, since, keep_alive=0.001)
    await anext(stream)
    assert console.calls == [("events", since if since < 6 else 0)]
    await stream.aclose()  # type: ignore[attr-defined]


async def test_followed_events_keep_the_connection_alive() -> None:
    console = FakeConsole()
    stream = server_sent_events(console, 4, keep_alive=0.001)
    assert await anext(stream) == b": KECS\n\n"
    assert console.calls == [("events", 4)]
    assert (await anext(stream)).startswith(b"id: 5\n")
    assert await anext(stream) == b": keep-alive\n\n"
    console.more.set()
    async for chunk in stream:
        if chunk.startswith(b"id: "):
            assert chunk.startswith(b"id: 6\n")
            break
    await stream.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:5373"},
        {"origin": "http://127.0.0.1:8080"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example"},
        {"host": "evil.example:5373", "origin": "http://evil.example:5373", "sec-fetch-site": "same-origin"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "user@127.0.0.1"},
        {"host": ""},
        {"host": "127.0.0.1:port"},
    ],
)
async def test_a_web_page_elsewhere_is_refused(headers: dict[str, str]) -> None:
    console = FakeConsole()
    answer = await call(console, "POST", "/_kecs/reset", headers=headers)
    assert answer.status == 403
    assert answer.json()["error"]
    assert console.calls == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:5373"},
        {"host": "localhost:5373"},
        {"host": "[::1]:5373"},
        {"host": "192.168.1.7:5373"},
        {"host": "kecs:5373"},
        {"host": "host.docker.internal:5373"},
        {"host": "kecs.tools.svc:5373"},
    ],
)
async def test_everybody_else_is_welcome(headers: dict[str, str]) -> None:
    assert (await call(FakeConsole(), "POST", "/_kecs/reset", headers=headers)).status == 200


async def test_the_configured_host_is_welcome() -> None:
    from kecs.gateway.guard import refusal

    assert refusal([(b"host", b"kecs.example.org:5373")], "kecs.example.org") is None
    assert refusal([(b"host", b"kecs.example.org:5373")], "127.0.0.1") is not None
