"""A console that remembers what it was asked, and calls of the admin API in front of it. ASGI is called directly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from kecs.core.eventbridge.event import Event
from kecs.gateway.admin import admin_app
from kecs.ports.console import ClockNotControllable, ClockState, FeedEvent, FeedHistory, NoSuchContainer, SentEvent
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


class FakeTargets:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def all(self) -> list[dict[str, Any]]:
        return [{"task": call[1]} for call in self.said]

    def set(self, cluster: str, task: str, health: str, *, group: str | None = None, reason: str | None = None) -> None:
        if cluster == "nowhere":
            raise NoSuchContainer(f"Cluster {cluster} has no task {task}.")
        if task == "idle":
            raise ValueError("Task idle is not registered in any target group.")
        self.said.append((cluster, task, health, group, reason))

    def set_group(self, group: str, health: str, *, reason: str | None = None) -> None:
        self.said.append((group, None, health, reason))


class FakeConsole:
    """Five changes happened; three of them are remembered."""

    def __init__(self, *, controllable: bool = True) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.clock_state = ClockState(now=10.0, frozen=False, controllable=controllable)
        self.scripts: dict[str, dict[str, Any]] = {}
        self.more = asyncio.Event()
        self.targets = FakeTargets()

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

    def record_calls(self, wanted: bool) -> bool:
        self.calls.append(("record", wanted))
        return wanted

    def history(self, since: int, cluster: str | None, newest: int | None) -> FeedHistory:
        self.calls.append(("history", since, cluster, newest))
        return FeedHistory(first=3, last=5, now=10.0, events=(event(5),))

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

    @property
    def companions(self) -> Any:
        raise NoSuchContainer("Nobody answers for the services around ECS.")

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
