"""How tasks do as targets of load balancers, said over the admin API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gateway.consoles import FakeConsole, call

PATH = "/_kecs/targets"


async def test_the_health_of_a_task() -> None:
    console = FakeConsole()
    given = {"cluster": "c", "task": "t", "health": "unhealthy"}
    for more in ({}, {"targetGroup": "arn", "reason": "Request timed out"}):
        answer = await call(console, "POST", PATH, json.dumps({**given, **more}).encode())
        assert answer.json() == (await call(console, "GET", PATH)).json()
    assert answer.json() == {"targets": [{"task": "t"}] * 2}
    assert console.targets.said == [
        ("c", "t", "unhealthy", None, None),
        ("c", "t", "unhealthy", "arn", "Request timed out"),
    ]


async def test_the_health_of_all_in_a_target_group() -> None:
    console = FakeConsole()
    for more in ({}, {"reason": "Request timed out"}):
        body = json.dumps({"targetGroup": "arn", "health": "initial", **more}).encode()
        assert (await call(console, "POST", PATH, body)).status == 200
    assert console.targets.said == [("arn", None, "initial", None), ("arn", None, "initial", "Request timed out")]


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"health": "draining"}, 400),
        ({"health": None}, 400),
        ({"task": None}, 400),
        ({"cluster": None}, 400),
        ({"cluster": None, "targetGroup": "arn"}, 400),
        ({"cluster": None, "task": None}, 400),
        ({"cluster": "", "task": "", "targetGroup": ""}, 400),
        ({"reason": 1}, 400),
        ({"more": 1}, 400),
        ({"task": "idle"}, 400),
        ({"cluster": "nowhere"}, 404),
    ],
)
async def test_what_is_no_health_of_a_target(members: dict[str, Any], status: int) -> None:
    console = FakeConsole()
    body = json.dumps({"cluster": "c", "task": "t", "health": "healthy", **members}).encode()
    answer = await call(console, "POST", PATH, body)
    assert (answer.status, "\n" in answer.json()["error"]) == (status, False)
    assert console.targets.said == []


async def test_a_body_that_is_none() -> None:
    for body in (b"", b"[]", b"\xff", b"null"):
        assert (await call(FakeConsole(), "POST", PATH, body)).status == 400
