"""Schedules of EventBridge Scheduler that send something to other services."""

from __future__ import annotations

from typing import Any

import pytest

from .scheduled import put_rule, schedule, started_by, target
from .targeted import BUS, LETTERS, QUEUE, bodies, outcomes, sent
from .world import Refused, World


def test_a_schedule_sends_a_message(world: World) -> None:
    given = {"Arn": QUEUE, "EcsParameters": None, "Input": '{"n": "<aws.scheduler.attempt-number>"}'}
    schedule(world, "s", "rate(1 minute)", "job", Target=given)
    world.clock.advance(61)
    assert bodies(world) == [{"n": "1"}, {"n": "1"}]
    assert outcomes(world)[0] == "schedule/default/s PENDING -> SUCCEEDED"


def test_a_schedule_puts_an_event(world: World) -> None:
    definition = world.define("job")
    put_rule(world, "r", target(definition), pattern={"source": ["clock"], "detail": {"n": [1]}})
    given = {"Arn": BUS.replace("shop", "default"), "EcsParameters": None, "Input": '{"n": 1}'}
    given |= {"EventBridgeParameters": {"Source": "clock", "DetailType": "tick"}}
    schedule(world, "s", "at(2023-11-14T23:00:00)", "job", Target=given)
    world.clock.advance(3600)
    assert len(started_by(world, "events-rule/r")) == 1


def test_a_schedule_has_dead_letters(world: World) -> None:
    given = {"Arn": QUEUE, "EcsParameters": None, "Input": "{}", "DeadLetterConfig": {"Arn": LETTERS}}
    arn = schedule(world, "s", "at(2023-11-14T23:00:00)", "job", Target=given)
    world.companion.refused["orders"] = ("AccessDenied", "no")
    world.clock.advance(3600)
    told = {n: attribute["StringValue"] for n, attribute in sent(world)[1]["MessageAttributes"].items()}
    assert told.pop("EXECUTION_ID")
    assert told == {
        "SCHEDULE_ARN": arn, "TARGET_ARN": QUEUE, "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "AccessDenied: no",
        "IS_PAYLOAD_TRUNCATED": "false", "RETRY_ATTEMPTS": "0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"Arn": f"{QUEUE}.fifo"}, "SqsParameters is required"),
        ({"Arn": BUS}, "EventBridgeParameters is required"),
        ({"Arn": BUS, "EventBridgeParameters": {"Source": "s", "DetailType": "t"}, "Input": "[]"}, "a JSON object"),
    ],
)
def test_schedules_that_are_refused(world: World, given: Any, text: str) -> None:
    with pytest.raises(Refused, match=text):
        schedule(world, "s", "rate(1 minute)", "job", Target={"EcsParameters": None, **given})
