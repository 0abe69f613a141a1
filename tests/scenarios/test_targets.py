"""Targets of rules that are in other services: what they are sent, in which order, and what becomes of it when they
cannot be reached.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from .scheduled import events, put_rule, target
from .targeted import BUS, ECS, GROUP, LETTERS, PLACE, QUEUE, SHOP, URL, bodies, outcomes, put, sent, to
from .world import START, Refused, World


def test_a_queue_gets_the_events_of_a_task_in_order_and_once(world: World) -> None:
    world.runtime.set_script("job:1", {"run_seconds": 5, "exit_code": 3})
    world.define("job", {"name": "app", "image": "job:1"})
    put_rule(world, "r", to(QUEUE), pattern={**ECS, "detail-type": ["ECS Task State Change"]})
    task = world.run("job")["tasks"][0]["taskArn"]
    world.clock.advance(120)
    got = bodies(world)
    told = [event.event.about for event in world.kernel.sent.recent(0) if event.event.source == "aws.ecs"]
    assert len(got) == len(told)
    assert [event["detail"]["version"] for event in got] == list(range(1, len(got) + 1))
    assert len({event["id"] for event in got}) == len(got)
    last = got[-1]
    assert last.keys() == {
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    }  # fmt: skip
    assert last["resources"] == [task]
    assert last["detail"]["lastStatus"] == "STOPPED"
    assert last["detail"]["containers"][0]["exitCode"] == 3
    assert {(call["QueueUrl"], *call) for call in sent(world)} == {(URL, "QueueUrl", "MessageBody")}
    assert set(world.companion.places) == {("000000000000", "us-east-1")}
    assert len(world.kernel.store.invocations) == 0


@pytest.mark.parametrize(
    ("arn", "members", "operation", "given"),
    [
        (f"{QUEUE}.fifo", {"SqsParameters": {"MessageGroupId": "g"}, "Input": "{}"}, "SendMessage",
         {"QueueUrl": f"{URL}.fifo", "MessageBody": "{}", "MessageGroupId": "g"}),
        (f"arn:aws:sns:{PLACE}:news", {"InputPath": "$.detail"}, "Publish",
         {"TopicArn": f"arn:aws:sns:{PLACE}:news", "Message": '{"sum":7}'}),
        (f"arn:aws:lambda:{PLACE}:function:f", {"InputPath": "$.detail.sum"}, "Invoke",
         {"FunctionName": f"arn:aws:lambda:{PLACE}:function:f", "InvocationType": "Event", "Payload": b"7"}),
        (QUEUE, {"InputTransformer": {"InputPathsMap": {"sum": "$.detail.sum"}, "InputTemplate": '"It is <sum>."'}},
         "SendMessage", {"QueueUrl": URL, "MessageBody": '"It is 7."'}),
    ],
)  # fmt: skip
def test_what_targets_get(world: World, arn: str, members: Any, operation: str, given: Any) -> None:
    put_rule(world, "r", to(arn, **members), pattern=SHOP)
    put(world, {"sum": 7})
    world.clock.advance(1)
    assert sent(world, operation) == [given]


def test_a_log_group_has_a_stream_for_the_rule(world: World) -> None:
    put_rule(world, "r", to(f"{GROUP}:*"), pattern=SHOP)
    (event_id,) = put(world, {"sum": 7})
    world.companion.refused["CreateLogStream"] = ("ResourceAlreadyExistsException", "there")
    world.clock.advance(1)
    put(world)
    world.clock.advance(1)
    first, second = sent(world, "PutLogEvents")
    assert first["logGroupName"] == "/aws/events/orders"
    assert first["logStreamName"] == second["logStreamName"]
    assert first["logStreamName"] in {call["logStreamName"] for call in sent(world, "CreateLogStream")}
    (line,) = first["logEvents"]
    assert line["timestamp"] == START * 1000
    assert json.loads(line["message"])["id"] == event_id


def test_a_transformer_says_time_and_message_of_a_log_line(world: World) -> None:
    template = '{"timestamp": 5, "message": <sum>}'
    transformer = {"InputPathsMap": {"sum": "$.detail.sum"}, "InputTemplate": template}
    put_rule(world, "r", to(GROUP, InputTransformer=transformer), pattern=SHOP)
    put(world, {"sum": "much"})
    world.clock.advance(1)
    assert sent(world, "PutLogEvents")[0]["logEvents"] == [{"timestamp": 5, "message": "much"}]


def test_a_group_that_is_not_there_gets_nothing(world: World) -> None:
    put_rule(world, "r", to(GROUP), pattern=SHOP)
    world.companion.refused["CreateLogStream"] = ("ResourceNotFoundException", "no such group")
    put(world)
    world.clock.advance(3600)
    assert sent(world, "PutLogEvents") == []
    assert outcomes(world) == ["rule/r PENDING -> FAILED"]


def test_what_is_out_of_reach_is_tried_again_and_nothing_overtakes_it(world: World) -> None:
    put_rule(world, "r", to(QUEUE), pattern=SHOP)
    world.companion.down = "no answer"
    put(world, {"n": 1})
    world.clock.advance(1)
    put(world, {"n": 2}, {"n": 3})
    world.clock.advance(35)  # 10 seconds, then 20
    assert [event["detail"]["n"] for event in bodies(world)] == [1, 1, 2, 3, 1, 2, 3]
    assert outcomes(world)[:2] == ["rule/r PENDING -> RETRYING", "rule/r RETRYING -> RETRYING"]
    world.companion.down = None
    world.clock.advance(60)
    assert [event["detail"]["n"] for event in bodies(world)[7:]] == [1, 2, 3]
    assert outcomes(world)[-3:] == ["rule/r RETRYING -> SUCCEEDED"] * 3


def test_of_several_messages_those_that_failed_are_tried_again(world: World) -> None:
    put_rule(world, "r", to(QUEUE), pattern=SHOP)
    put(world, *({"n": n} for n in range(10)))
    put(world, *({"n": n} for n in range(10, 12)))
    world.companion.failed = [
        {"Id": "3", "Code": "InternalError", "Message": "later", "SenderFault": False},
        {"Id": "4", "Code": "InvalidMessageContents", "Message": "never", "SenderFault": True},
    ]
    world.clock.advance(1)
    world.companion.failed = []
    world.clock.advance(10)
    assert [event["detail"]["n"] for event in bodies(world)] == [*range(10), 3, 10, 11]
    assert [operation for _, operation, _ in world.companion.calls] == ["SendMessageBatch"] * 2
    assert Counter(outcomes(world)) == {
        "rule/r PENDING -> SUCCEEDED": 10, "rule/r PENDING -> RETRYING": 1, "rule/r RETRYING -> SUCCEEDED": 1,
        "rule/r PENDING -> FAILED": 1,
    }  # fmt: skip


def test_large_messages_are_not_sent_together(world: World) -> None:
    put_rule(world, "r", to(QUEUE), pattern=SHOP)
    for _ in range(3):
        put(world, {"text": "x" * 90_000})
    world.clock.advance(1)
    assert [len(arguments.get("Entries", "1")) for _, _, arguments in world.companion.calls] == [2, 1]


def test_one_target_out_of_reach_holds_up_no_other(world: World) -> None:
    put_rule(world, "r", to(QUEUE), {**to(f"{QUEUE}-2"), "Id": "u"}, pattern=SHOP)
    world.companion.refused["orders"] = ("ServiceUnavailable", "later")
    put(world, {"n": 1}, {"n": 2})
    world.clock.advance(1)
    assert [event["detail"]["n"] for event in bodies(world, "orders-2")] == [1, 2]


def test_a_slow_service_gets_some_calls_at_once_and_all_in_the_end(world: World) -> None:
    world.lookups.takes = 100.0
    for number in range(6):
        put_rule(world, f"r{number}", to(f"{QUEUE}-{number}"), pattern=SHOP)
    put(world, {"n": 1}, {"n": 2})
    world.clock.advance(1)
    assert len(world.companion.calls) == 4
    assert len(world.call("ListClusters")["clusterArns"]) == 1  # nobody waits
    world.clock.advance(199)
    assert len(world.companion.calls) == 6
    for number in range(6):
        assert [event["detail"]["n"] for event in bodies(world, f"orders-{number}")] == [1, 2]


def test_a_dead_letter_says_what_could_not_be_delivered_and_why(world: World) -> None:
    arn = put_rule(world, "r", to(QUEUE, Input='"x"', DeadLetterConfig={"Arn": LETTERS}), pattern=SHOP)
    world.companion.refused["orders"] = ("AWS.SimpleQueueService.NonExistentQueue", "no such queue")
    (event_id,) = put(world)
    world.clock.advance(1)
    assert len(sent(world)) == 2  # what is gone is not tried again
    letter = sent(world)[1]
    assert letter["QueueUrl"].endswith("/letters")
    assert json.loads(letter["MessageBody"])["id"] == event_id
    assert {name: (a["DataType"], a["StringValue"]) for name, a in letter["MessageAttributes"].items()} == {
        "RULE_ARN": ("String", arn),
        "TARGET_ARN": ("String", QUEUE),
        "ERROR_CODE": ("String", "NO_RESOURCE"),
        "ERROR_MESSAGE": ("String", "AWS.SimpleQueueService.NonExistentQueue: no such queue"),
        "RETRY_ATTEMPTS": ("Number", "0"),
    }
    assert len(world.kernel.store.invocations) == 0


@pytest.mark.parametrize(
    ("policy", "attempts", "exhausted"),
    [
        ({"MaximumRetryAttempts": 2}, 3, "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 0}, 1, "MaximumRetryAttempts"),
        ({"MaximumEventAgeInSeconds": 60}, 3, "MaximumEventAgeInSeconds"),
    ],
)
def test_the_retry_policy_comes_to_its_end(world: World, policy: Any, attempts: int, exhausted: str) -> None:
    put_rule(world, "r", to(QUEUE, RetryPolicy=policy, DeadLetterConfig={"Arn": LETTERS}), pattern=SHOP)
    world.companion.refused["orders"] = ("ThrottlingException", "not so fast")
    put(world)
    world.clock.advance(3600)
    *tries, letter = sent(world)
    assert len(tries) == attempts
    told = {name: attribute["StringValue"] for name, attribute in letter["MessageAttributes"].items()}
    assert told["ERROR_CODE"] == "THROTTLING"
    assert told["EXHAUSTED_RETRY_CONDITION"] == exhausted
    assert told["RETRY_ATTEMPTS"] == str(attempts - 1)


def test_a_task_that_cannot_be_run_is_a_dead_letter_too(world: World) -> None:
    put_rule(world, "r", target("nothing", DeadLetterConfig={"Arn": LETTERS}), pattern=SHOP)
    put(world, {"n": 1})
    world.clock.advance(1)
    (letter,) = sent(world)
    assert json.loads(letter["MessageBody"])["detail"] == {"n": 1}
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "INVALID_PARAMETER"


def test_events_go_on_to_another_bus_and_no_further(world: World) -> None:
    events(world, "CreateEventBus", Name="shop")
    events(world, "CreateEventBus", Name="third")
    put_rule(world, "r", to(BUS), pattern=SHOP)
    events(world, "PutRule", Name="s", EventBusName="shop", EventPattern=json.dumps(SHOP))
    third = {**to(BUS.replace("shop", "third"), DeadLetterConfig={"Arn": LETTERS}), "Id": "u"}
    events(world, "PutTargets", Rule="s", EventBusName="shop", Targets=[to(QUEUE), third])
    events(world, "PutRule", Name="x", EventBusName="third", EventPattern=json.dumps(SHOP))
    events(world, "PutTargets", Rule="x", EventBusName="third", Targets=[to(f"{QUEUE}-2")])
    (event_id,) = put(world)
    world.clock.advance(1)
    assert [event["id"] for event in bodies(world)] == [event_id]
    assert bodies(world, "orders-2") == []
    letter = sent(world)[-1]
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "THIRD_ACCOUNT_HOP_DETECTED"


def test_a_bus_of_another_account_and_region(world: World) -> None:
    put_rule(world, "r", to("arn:aws:events:eu-west-1:222222222222:event-bus/default"), pattern=SHOP)
    there = {"account": "222222222222", "region": "eu-west-1", "prefix": "AWSEvents"}
    world.call("PutRule", Name="s", EventPattern=json.dumps(SHOP), **there)
    far = "arn:aws:sqs:eu-west-1:222222222222:orders"
    world.call("PutTargets", Rule="s", Targets=[to(far)], **there)
    put(world)
    world.clock.advance(1)
    assert [(event["account"], event["region"]) for event in bodies(world)] == [("000000000000", "us-east-1")]
    assert world.companion.places == [("222222222222", "eu-west-1")]


def test_events_for_a_bus_of_another_account_in_the_region(world: World) -> None:
    near = {"account": "222222222222", "region": "us-east-1", "prefix": "AWSEvents"}
    world.call("PutRule", Name="s", EventPattern=json.dumps(SHOP), **near)
    world.call("PutTargets", Rule="s", Targets=[to(QUEUE)], **near)
    for place, name in (("us-east-1", "default"), ("us-east-1", "none"), ("eu-west-1", "default")):
        put(world, EventBusName=f"arn:aws:events:{place}:222222222222:event-bus/{name}")
    world.clock.advance(1)
    assert len(bodies(world)) == 1


def test_a_bus_that_is_gone(world: World) -> None:
    put_rule(world, "r", to(BUS), pattern=SHOP)
    put(world)
    world.clock.advance(1)
    assert [event.message for event in world.events("invocation")] == [
        "invocation of event-bus/shop by rule/r PENDING -> FAILED (Event bus shop does not exist.)"
    ]


def test_other_targets_are_kept_and_get_nothing(world: World) -> None:
    put_rule(world, "r", to(f"arn:aws:states:{PLACE}:stateMachine:s", RoleArn="arn:aws:iam::1:role/r"), pattern=SHOP)
    put(world)
    world.clock.advance(1)
    assert world.companion.calls == []
    assert world.events("invocation") == []


WRONG: list[tuple[dict[str, Any], str]] = [
    (to(f"{QUEUE}.fifo"), "Parameter\\(s\\) SqsParameters must be specified for target: t."),
    (to(QUEUE, DeadLetterConfig={"Arn": f"{LETTERS}.fifo"}), "it is no standard queue of Amazon SQS"),
    (to(QUEUE, DeadLetterConfig={"Arn": GROUP}), "it is no standard queue of Amazon SQS"),
    (to(BUS.replace("0" * 12, "2" * 12), Input="{}"), "Input, InputPath and InputTransformer"),
]


@pytest.mark.parametrize(("wrong", "text"), WRONG)
def test_targets_that_are_refused(world: World, wrong: dict[str, Any], text: str) -> None:
    put_rule(world, "r", pattern=SHOP)
    with pytest.raises(Refused, match=text):
        events(world, "PutTargets", Rule="r", Targets=[wrong])


def test_a_rule_by_schedule_sends_the_event_that_it_is(world: World) -> None:
    arn = put_rule(world, "r", to(QUEUE), ScheduleExpression="rate(1 minute)")
    world.clock.advance(120)
    assert [(event["detail-type"], event["resources"]) for event in bodies(world)] == [("Scheduled Event", [arn])] * 2
