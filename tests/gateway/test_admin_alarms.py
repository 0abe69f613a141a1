"""What metrics and alarms are, said over the admin API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gateway.consoles import FakeConsole, call


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
