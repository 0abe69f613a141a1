"""Targets in other services: which there are, the calls for them, and what refusals mean."""

from __future__ import annotations

from typing import Any

import pytest

from kecs.core.eventbridge.targets import answers_of, batch_of, calls_of, failure_of, is_fifo, kind_of
from kecs.core.inputs.lookups import Refusal
from kecs.core.invocations import dead_letter, failed, new_invocation
from kecs.core.records.eventbridge import InvocationRecord

PLACE = "us-east-1:000000000000"
QUEUE = f"arn:aws:sqs:{PLACE}:q"
RULE = f"arn:aws:events:{PLACE}:rule/r"


def invocation(number: int = 0, text: str = "{}", arn: str = QUEUE, now: float = 1.0, **more: Any) -> InvocationRecord:
    return new_invocation(str(number), RULE, arn, text, None, now, **more)


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (QUEUE, "sqs"),
        (f"{QUEUE}.fifo", "sqs"),
        ("arn:aws-cn:sns:cn-north-1:000000000000:t", "sns"),
        (f"arn:aws:lambda:{PLACE}:function:f", "lambda"),
        (f"arn:aws:lambda:{PLACE}:function:f:PROD", "lambda"),
        (f"arn:aws:logs:{PLACE}:log-group:/aws/events/x", "logs"),
        (f"arn:aws:logs:{PLACE}:log-group:x:*", "logs"),
        (f"arn:aws:events:{PLACE}:event-bus/default", "events"),
        (f"arn:aws:events:{PLACE}:api-destination/x/y", None),
        (f"arn:aws:logs:{PLACE}:log-group:x:log-stream:y", None),
        (f"arn:aws:ecs:{PLACE}:cluster/c", None),
        (f"arn:aws:states:{PLACE}:stateMachine:s", None),
        ("arn:aws:sqs:us-east-1:1:q", None),
        ("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", None),
        ("q", None),
    ],
)
def test_kinds(arn: str, kind: str | None) -> None:
    assert kind_of(arn) == kind
    assert is_fifo(arn) == arn.endswith(".fifo")


def test_the_queue_of_a_message() -> None:
    (call,) = calls_of([invocation(arn="arn:aws:sqs:eu-west-1:222222222222:orders", text="x")])
    assert (call.service, call.operation, call.scope) == ("sqs", "SendMessage", ("222222222222", "eu-west-1"))
    assert call.arguments == {
        "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/222222222222/orders",
        "MessageBody": "x",
    }


def test_several_messages_are_one_call() -> None:
    (call,) = calls_of([invocation(0, "a", group="g"), invocation(1, "b", group="g")])
    assert call.operation == "SendMessageBatch"
    assert call.arguments["Entries"] == [
        {"Id": "0", "MessageBody": "a", "MessageGroupId": "g"},
        {"Id": "1", "MessageBody": "b", "MessageGroupId": "g"},
    ]
    topic = f"arn:aws:sns:{PLACE}:t"
    (call,) = calls_of([invocation(0, "a", topic), invocation(1, "b", topic)])
    assert (call.operation, call.arguments["PublishBatchRequestEntries"][1]) == (
        "PublishBatch",
        {"Id": "1", "Message": "b"},
    )


def test_lines_of_a_log_go_in_the_order_of_their_times() -> None:
    group = f"arn:aws:logs:{PLACE}:log-group:g"
    texts = ['{"timestamp": 9000, "message": "late"}', '{"timestamp": "x", "message": "m"}', "plain"]
    create, put = calls_of([invocation(n, text, group, now=2.0) for n, text in enumerate(texts)])
    assert create.operation == "CreateLogStream"
    assert put.arguments["logEvents"] == [
        {"timestamp": 2000, "message": texts[1]},
        {"timestamp": 2000, "message": "plain"},
        {"timestamp": 9000, "message": "late"},
    ]


def test_what_goes_into_one_call() -> None:
    many = [invocation(number) for number in range(12)]
    assert len(batch_of(many, 1.0)) == 10
    assert batch_of(many, 0.5) == []
    assert batch_of([], 1.0) == []
    assert len(batch_of([invocation(0), invocation(1, now=2.0), invocation(2)], 1.5)) == 1  # none is overtaken
    function = f"arn:aws:lambda:{PLACE}:function:f"
    assert len(batch_of([invocation(0, arn=function), invocation(1, arn=function)], 1.0)) == 1
    large = "x" * 150_000
    assert len(batch_of([invocation(0, large * 2), invocation(1)], 1.0)) == 1
    assert len(batch_of([invocation(0, large), invocation(1, large)], 1.0)) == 1


def test_an_answer_may_be_for_each() -> None:
    batch = [invocation(0), invocation(1)]
    refusal = Refusal("AccessDenied", "no")
    assert answers_of(batch, refusal) == [refusal, refusal]
    answer = {"Failed": [{"Id": "1", "Code": "AccessDenied", "Message": "no", "SenderFault": True}]}
    assert answers_of(batch, answer) == [answer, refusal]


@pytest.mark.parametrize(
    ("error", "code", "again"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", "NO_RESOURCE", False),
        ("QueueDoesNotExist", "NO_RESOURCE", False),
        ("ResourceNotFoundException", "NO_RESOURCE", False),
        ("NotFound", "NO_RESOURCE", False),
        ("AccessDenied", "NO_PERMISSIONS", False),
        ("AuthorizationErrorException", "NO_PERMISSIONS", False),
        ("ThrottlingException", "THROTTLING", True),
        ("TooManyRequestsException", "THROTTLING", True),
        ("429", "THROTTLING", True),
        ("RequestError", "CONNECTION_FAILURE", True),
        ("InternalFailure", "INTERNAL_ERROR", True),
        ("ServiceUnavailable", "INTERNAL_ERROR", True),
        ("503", "INTERNAL_ERROR", True),
        ("InvalidParameterValue", "INVALID_PARAMETER", False),
        ("MissingParameter", "INVALID_PARAMETER", False),
        ("NotImplemented", "SDK_CLIENT_ERROR", False),
        ("404", "SDK_CLIENT_ERROR", False),
    ],
)
def test_refusals(error: str, code: str, again: bool) -> None:
    assert failure_of(Refusal(error, "")) == (code, again)


def test_only_what_has_failed_is_a_dead_letter() -> None:
    record = invocation(dead_letter_arn=f"{QUEUE}-2")
    assert dead_letter(record, "l", 5.0) is None
    assert dead_letter(failed(invocation(), "why", "UNKNOWN"), "l", 5.0) is None
    letter = dead_letter(failed(record, "why", "UNKNOWN"), "l", 5.0)
    assert letter is not None
    assert (letter.target_arn, letter.input, letter.dead_letter_arn) == (f"{QUEUE}-2", "{}", None)
