"""The admin API's HTTP side, against a console that remembers what it was asked. ASGI is called directly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kecs.core.eventbridge.event import Event
from kecs.gateway.admin import admin_app
from kecs.gateway.admin_streams import server_sent_events
from kecs.ports.console import ClockNotControllable, ClockState, FeedEvent, NoSuchContainer, SentEvent
from kecs.ports.runtime import LogLine


def event(number: int) -> FeedEvent:
    return FeedEvent(
        id=number, at=1.0, kind="task", arn=f"task/{number}", cluster=None, before=None, after="RUNNING", message="runs"
    )


SENT = SentEvent(
    id=7,
    event=Event(
        detail_type="T",
        about="arn:aws:ecs:eu-west-1:111122223333:x/y",
        at=0.5,
        detail=lambda subject, _: subject,
        subject={"a": 1},
    ),
)


class FakeConsole:
    """Five changes happened; three of them are remembered."""

    def __init__(self, *, controllable: bool = True) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.clock_state = ClockState(now=10.0, frozen=False, controllable=controllable)
        self.scripts: dict[str, dict[str, Any]] = {}
        self.more = asyncio.Event()

    def health(self) -> dict[str, Any]:
        return {"status": "ok", "runtime": "simulated", "version": "1", "pid": 1, "instance": "default"}

    def state(self, cluster: str | None = None, service: str | None = None, *, history: bool = False) -> dict[str, Any]:
        return {"clusters": [], "asked": [cluster, service, history]}

    async def reset(self) -> None:
        self.calls.append(("reset",))

    async def events(self, since: int | None = None, told: str = "kecs") -> AsyncIterator[FeedEvent]:
        self.calls.append(("events", since))
        for remembered in [] if since is None else self.recent_events(since):
            yield remembered
        await self.more.wait()
        yield event(6)
        await asyncio.Event().wait()

    def recent_events(self, since: int = 0, told: str = "kecs") -> Any:
        if told == "eventbridge":
            return [SENT] if since < SENT.id else []
        return [event(number) for number in (3, 4, 5) if number > since]

    def clock(self) -> ClockState:
        return self.clock_state

    async def _move(self, *call: Any) -> ClockState:
        if not self.clock_state.controllable:
            raise ClockNotControllable("Real containers live in real time.")
        self.calls.append(call)
        return self.clock_state

    async def advance(self, seconds: float) -> ClockState:
        return await self._move("advance", seconds)

    async def freeze(self) -> ClockState:
        return await self._move("freeze")

    async def resume(self) -> ClockState:
        return await self._move("resume")

    def logs(
        self, cluster: str, task: str, container: str, *, follow: bool = False, tail: int | None = None
    ) -> AsyncIterator[LogLine]:
        self.calls.append(("logs", cluster, task, container, follow, tail))
        if container == "nobody":
            raise NoSuchContainer("No container nobody.")
        return self._lines()

    async def _lines(self) -> AsyncIterator[LogLine]:
        yield LogLine(at=1.0, stream="stdout", text="one")
        yield LogLine(at=2.0, stream="stderr", text="zwei ü")

    def interrupt(self, cluster: str, *, task: str | None = None, provider: str | None = None) -> list[str]:
        self.calls.append(("interrupt", cluster, task, provider))
        if "FARGATE" in (task, provider):
            raise ValueError("FARGATE is not a Spot capacity provider.")
        if cluster == "nowhere":
            raise NoSuchContainer("There is no cluster nowhere.")
        return [f"task/{task or 1}"]

    def set_image(self, pattern: str, script: dict[str, Any]) -> None:
        if "bogus" in script:
            raise ValueError("Unknown key 'bogus'.")
        self.scripts[pattern] = script

    def set_measurement(self, cluster: str, service: str, metric: str, value: float | None) -> None:
        if service == "none":
            raise NoSuchContainer(f"Cluster {cluster} has no service none.")
        if metric == "bogus":
            raise ValueError("metric is another one.")
        self.calls.append(("measurement", cluster, service, metric, value))

    def measurements(self) -> list[dict[str, Any]]:
        return [{"service": "arn", "metric": "m", "value": 1.0}]

    def set_off(self, policy: str, alarm: str, breach: float) -> bool:
        if policy == "none":
            raise NoSuchContainer("There is no scaling policy none.")
        if policy == "tracking":
            raise ValueError("Its alarms go off by its metric.")
        self.calls.append(("alarm", policy, alarm, breach))
        return True

    def set_alarm(self, name: str, state: str, **given: Any) -> None:
        self.calls.append(("set alarm", name, state, given))

    def alarms(self) -> list[dict[str, Any]]:
        return [{"name": call[1]} for call in self.calls]

    def images(self) -> dict[str, dict[str, Any]]:
        return self.scripts

    def metrics(self) -> bytes:
        return b"kecs_up 1\n"


class Answer:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status = messages[0]["status"]
        self.headers = {k.decode(): v.decode() for k, v in messages[0]["headers"]}
        self.chunks = [m["body"] for m in messages[1:] if m["body"]]
        self.body = b"".join(self.chunks)

    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


async def call(
    console: FakeConsole, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Answer:
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.encode(), v.encode()) for k, v in {"host": "127.0.0.1:5373", **(headers or {})}.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 5373),
    }
    requests = [{"type": "http.request", "body": body, "more_body": False}]
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if requests:
            return requests.pop()
        return await asyncio.Future()

    async def send(message: Any) -> None:
        messages.append(message)

    await admin_app(console)(scope, receive, send)
    return Answer(messages)


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
        ("GET", "/_kecs/faults", 404),
        ("GET", "/_kecs", 404),
        ("GET", "/_kecs/nothing/here", 404),
        ("GET", "/_kecs/tasks/a/b/c/logs/app", 404),
        ("GET", "/_kecs/tasks/prod/abc/logs/nobody", 404),
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
    ],
)
async def test_everybody_else_is_welcome(headers: dict[str, str]) -> None:
    assert (await call(FakeConsole(), "POST", "/_kecs/reset", headers=headers)).status == 200


async def test_the_configured_host_is_welcome() -> None:
    from kecs.gateway.guard import refusal

    assert refusal([(b"host", b"kecs.example.org:5373")], "kecs.example.org") is None
    assert refusal([(b"host", b"kecs.example.org:5373")], "127.0.0.1") is not None


async def test_what_a_metric_is() -> None:
    console = FakeConsole()
    given = {"cluster": "c", "service": "s", "metric": "m"}
    for value in (80, 0.5, None):
        answer = await call(console, "POST", "/_kecs/measurements", json.dumps({**given, "value": value}).encode())
        assert answer.json() == (await call(console, "GET", "/_kecs/measurements")).json()
    assert answer.json() == {"measurements": [{"service": "arn", "metric": "m", "value": 1.0}]}
    assert console.calls == [("measurement", "c", "s", "m", value) for value in (80, 0.5, None)]


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"value": -1}, 400),
        ({"value": "80"}, 400),
        ({"value": True}, 400),
        ({"value": 1e301}, 400),
        ({}, 400),
        ({"value": 1, "unit": "Percent"}, 400),
        ({"value": 1, "metric": "bogus"}, 400),
        ({"value": 1, "service": "none"}, 404),
    ],
)
async def test_what_no_metric_can_be(members: dict[str, Any], status: int) -> None:
    body = json.dumps({"cluster": "c", "service": "s", "metric": "m", **members}).encode()
    assert (await call(FakeConsole(), "POST", "/_kecs/measurements", body)).status == status


async def test_an_alarm_goes_off() -> None:
    console = FakeConsole()
    for body in ({"value": 85, "threshold": 70}, {"value": 1, "threshold": 1.5, "alarm": "low"}):
        answer = await call(console, "POST", "/_kecs/alarms", json.dumps({"policy": "arn", **body}).encode())
        assert answer.json() == {"scaled": True}
    assert console.calls == [("alarm", "arn", "alarm", 15), ("alarm", "arn", "low", -0.5)]


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"threshold": None}, 400),
        ({"alarm": 1}, 400),
        ({"more": 1}, 400),
        ({"policy": "tracking"}, 400),
        ({"policy": "none"}, 404),
    ],
)
async def test_an_alarm_that_cannot_go_off(members: dict[str, Any], status: int) -> None:
    body = json.dumps({"policy": "arn", "value": 85, "threshold": 70, **members}).encode()
    assert (await call(FakeConsole(), "POST", "/_kecs/alarms", body)).status == status


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_an_alarm_of_deployments_is_set(method: str) -> None:
    console = FakeConsole()
    for more in ({"state": "ALARM"}, {"state": "OK", "seconds": 300, "account": "1", "region": "eu-west-1"}):
        answer = await call(console, method, "/_kecs/alarms", json.dumps({"name": "errors", **more}).encode())
        assert answer.status == 200
    assert console.calls == [
        ("set alarm", "errors", "ALARM", {"seconds": None}),
        ("set alarm", "errors", "OK", {"seconds": 300, "account": "1", "region": "eu-west-1"}),
    ]
    assert (await call(console, "GET", "/_kecs/alarms")).json() == {"alarms": [{"name": "errors"}] * 2}


@pytest.mark.parametrize(
    "members",
    [{"state": "BAD"}, {"name": ""}, {"name": 1}, {"seconds": -1}, {"seconds": "1"}, {"region": 1}, {"more": 1}],
)
async def test_an_alarm_that_cannot_be(members: dict[str, Any]) -> None:
    body = json.dumps({"name": "errors", "state": "ALARM", **members}).encode()
    assert (await call(FakeConsole(), "POST", "/_kecs/alarms", body)).status == 400
