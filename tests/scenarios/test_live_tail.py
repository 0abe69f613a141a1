"""Sessions of Live Tail, on virtual time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kecs.aws.model import logs as c
from kecs.gateway.endpoint import Answer, Opened, Streamed
from kecs.ports.streams import EventStream
from tests.scenarios.world import START, Refused, World

TARGET = f"{c.TARGET_PREFIX}.StartLiveTail".encode()
SIGNATURE = b"AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/logs/aws4_request, x=y"
ARN = "arn:aws:logs:us-east-1:000000000000:log-group:"
ROLE = "arn:aws:iam::000000000000:role/execution"


@pytest.fixture
def world() -> World:
    world = World()
    for group in ("shop", "audit"):
        call(world, "CreateLogGroup", logGroupName=group)
        for stream in ("web/1", "web/2", "job/1"):
            call(world, "CreateLogStream", logGroupName=group, logStreamName=stream)
    return world


def call(world: World, operation: str, **members: Any) -> Any:
    return world.call(operation, prefix=c.TARGET_PREFIX, **members)


def put(world: World, *messages: str, stream: str = "web/1", group: str = "shop") -> None:
    events = [{"timestamp": int(world.clock.now() * 1000), "message": message} for message in messages]
    call(world, "PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=events)


def begin(world: World, *groups: str, **members: Any) -> EventStream:
    """Raises Refused."""
    given = {"logGroupIdentifiers": [ARN + group for group in groups or ("shop",)], **members}
    answer = world.kernel.endpoint.answer(TARGET, SIGNATURE, msgspec.json.encode(given))
    assert isinstance(answer, Streamed)
    opened = answer.open()
    if isinstance(opened, Answer):
        raise Refused(opened.status, msgspec.json.decode(opened.body))
    assert isinstance(opened, Opened)
    return opened.stream


def started(world: World, *groups: str, **members: Any) -> EventStream:
    """A session that has said that it begins."""
    stream = begin(world, *groups, **members)
    assert told(stream)[0] == "sessionStart"
    return stream


def told(stream: EventStream) -> tuple[str, Any]:
    """What the session has to tell now, which must be something."""
    waiting = stream.next()
    try:
        waiting.send(None)
    except StopIteration as done:
        name, shape = done.value
        return name, msgspec.to_builtins(shape)
    raise AssertionError("there is nothing")


def update(stream: EventStream) -> Any:
    name, shape = told(stream)
    assert name == "sessionUpdate"
    return shape


def messages(stream: EventStream) -> list[str]:
    """Those of the next update."""
    return [event["message"] for event in update(stream)["sessionResults"]]


def test_a_session_says_what_it_is_about_and_tells_every_second(world: World) -> None:
    put(world, "before")
    wanted = {"logStreamNamePrefixes": ["web/"], "logEventFilterPattern": "order"}
    stream = begin(world, **wanted)
    name, start = told(stream)
    assert name == "sessionStart"
    assert start.pop("requestId") != start.pop("sessionId")
    assert start == {"logGroupIdentifiers": [f"{ARN}shop"], **wanted}
    world.clock.advance(0.5)
    put(world, "order 17")
    world.clock.advance(0.5)
    event = {
        "logGroupIdentifier": f"{ARN}shop",
        "logStreamName": "web/1",
        "message": "order 17",
        "timestamp": int(START * 1000) + 500,
        "ingestionTime": int(START * 1000) + 500,
    }
    assert update(stream) == {"sessionMetadata": {"sampled": False}, "sessionResults": [event]}
    world.clock.advance(1)
    assert update(stream) == {"sessionMetadata": {"sampled": False}, "sessionResults": []}


def test_what_a_container_writes_is_told(world: World) -> None:
    options = {"awslogs-group": "shop", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}
    container = {
        "name": "app",
        "image": "app:1",
        "command": ["sh", "-c", "echo one; sleep 2; echo two"],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    world.define("web", container, executionRoleArn=ROLE)
    stream = started(world)
    arn = world.run()["tasks"][0]["taskArn"]
    found: list[tuple[str, int]] = []
    for second in range(10):
        world.clock.advance(1)
        found += [(message, second) for message in messages(stream)]
    assert world.task(arn)["lastStatus"] == "STOPPED"
    (one, early), (two, late) = found
    assert (one, two) == ("one", "two")
    assert late - early == 2


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({}, ["shop web/1 a", "shop web/2 b", "shop job/1 a"]),
        ({"logStreamNames": ["web/2", "job/1", "none"]}, ["shop web/2 b", "shop job/1 a"]),
        ({"logStreamNamePrefixes": ["web/2", "jo"]}, ["shop web/2 b", "shop job/1 a"]),
        ({"logEventFilterPattern": "%^shop.*a$%"}, ["shop web/1 a", "shop job/1 a"]),
        ({"logStreamNames": ["web/1"], "logEventFilterPattern": "job"}, []),
    ],
)
def test_filters(world: World, members: dict[str, Any], found: list[str]) -> None:
    stream = started(world, **members)
    for group in ("shop", "audit"):
        for name, end in (("web/1", "a"), ("web/2", "b"), ("job/1", "a")):
            put(world, f"{group} {name} {end}", stream=name, group=group)
    world.clock.advance(1)
    assert messages(stream) == found


def test_several_groups_and_those_that_are_made_again(world: World) -> None:
    stream = started(world, "shop", "audit", "shop")
    put(world, "one")
    call(world, "DeleteLogGroup", logGroupName="audit")
    call(world, "CreateLogGroup", logGroupName="audit")
    call(world, "CreateLogStream", logGroupName="audit", logStreamName="new")
    put(world, "two", group="audit", stream="new")
    world.clock.advance(1)
    assert messages(stream) == ["one", "two"]


def test_of_more_than_500_there_are_500(world: World) -> None:
    stream = started(world)
    for first in range(0, 5000, 1000):
        put(world, *(f"{number:04}" for number in range(first, first + 1000)))
    world.clock.advance(1)
    found = update(stream)
    assert found["sessionMetadata"] == {"sampled": True}
    texts = [event["message"] for event in found["sessionResults"]]
    assert len(set(texts)) == 500
    assert texts == sorted(texts)
    assert [sum(text.startswith(digit) for text in texts) for digit in "01234"] == pytest.approx([100] * 5, abs=2)
    put(world, "one")
    world.clock.advance(1)
    found = update(stream)
    assert found["sessionMetadata"] == {"sampled": False}
    assert [event["message"] for event in found["sessionResults"]] == ["one"]


def test_who_does_not_read_misses_the_oldest(world: World) -> None:
    stream = started(world)
    for number in range(12):
        put(world, str(number))
        world.clock.advance(1)
    assert [messages(stream) for _ in range(10)] == [[str(number)] for number in range(2, 12)]


def test_a_session_ends_after_three_hours(world: World) -> None:
    stream = started(world)
    world.clock.advance(3 * 3600 - 1)
    put(world, "last")
    for _ in range(10):
        update(stream)
    world.clock.advance(1)
    assert messages(stream) == ["last"]
    with pytest.raises(c.SessionTimeoutException):
        told(stream)
    put(world, "too late")
    world.clock.advance(10)
    with pytest.raises(c.SessionTimeoutException):
        told(stream)


def test_an_account_has_15_sessions_at_one_time(world: World) -> None:
    streams = [begin(world) for _ in range(15)]
    with pytest.raises(Refused, match="LimitExceededException"):
        begin(world)
    streams[3].close()
    streams[3].close()
    begin(world)
    with pytest.raises(Refused, match="LimitExceededException"):
        begin(world)
    world.clock.advance(3 * 3600)
    begin(world)


@pytest.mark.parametrize(
    ("code", "members"),
    [
        ("InvalidParameterException", {"logGroupIdentifiers": []}),
        ("InvalidParameterException", {"logGroupIdentifiers": [f"{ARN}shop"] * 11}),
        ("InvalidParameterException", {"logGroupIdentifiers": ["shop"]}),
        ("InvalidParameterException", {"logGroupIdentifiers": [f"{ARN}shop:*"]}),
        ("InvalidParameterException", {"logStreamNames": ["a"], "logStreamNamePrefixes": ["b"]}),
        ("InvalidParameterException", {"logGroupIdentifiers": [f"{ARN}shop", f"{ARN}audit"], "logStreamNames": ["a"]}),
        ("InvalidParameterException", {"logEventFilterPattern": "[a, b"}),
        ("InvalidParameterException", {"logStreamNames": []}),
        ("InvalidParameterException", {"logStreamNames": ["a*"]}),
        ("ResourceNotFoundException", {"logGroupIdentifiers": [f"{ARN}none"]}),
        ("ResourceNotFoundException", {"logGroupIdentifiers": [ARN.replace("us-east-1", "eu-west-1") + "shop"]}),
        ("SerializationException", {"logGroupIdentifiers": "shop"}),
    ],
)
def test_refused(world: World, code: str, members: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=f"^{code}: ") as refused:
        begin(world, **members)
    assert refused.value.status == 400


def test_groups_of_other_classes_have_no_live_tail(world: World) -> None:
    call(world, "CreateLogGroup", logGroupName="rare", logGroupClass="INFREQUENT_ACCESS")
    with pytest.raises(Refused, match="InvalidOperationException"):
        begin(world, "rare")


def test_without_a_connection_there_is_no_stream(world: World) -> None:
    with pytest.raises(Refused, match="StartLiveTail answers with a stream"):
        call(world, "StartLiveTail", logGroupIdentifiers=[f"{ARN}shop"])
