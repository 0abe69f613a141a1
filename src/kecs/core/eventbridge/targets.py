"""Targets of rules and schedules that are no cluster of ECS: which are delivered to, by which calls, and what a refusal
of such a call means.

Called by the rules and schedules beside it, and by control.invoking.deliveries, which makes the calls.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from kecs.core.arns import scope_of
from kecs.core.inputs.lookups import Answer, Lookup, Refusal
from kecs.core.invocations import is_cluster, text_of
from kecs.core.records.eventbridge import InvocationRecord

BUS = "events"
LOGS = "logs"
_PLACE = r"arn:aws[\w-]*:{}:[a-z0-9-]+:\d{{12}}:{}"
_DELIVERED = {
    service: re.compile(_PLACE.format(service, name), re.ASCII)
    for service, name in {
        "sqs": r"[\w-]{1,80}(\.fifo)?",
        "sns": r"[\w-]{1,256}(\.fifo)?",
        "lambda": r"function:[\w-]{1,64}(:[\w$-]+)?",
        LOGS: r"log-group:[\w./#-]{1,512}(:\*)?",
        BUS: r"event-bus/[\w./-]{1,256}",
    }.items()
}
"""By the service's name in ARNs. What is not here is kept and shown, and gets nothing."""


def kind_of(arn: str) -> str | None:
    """The service that a target belongs to, if it is one of those here."""
    service = arn.split(":", 3)[2] if arn.count(":") > 2 else ""
    pattern = _DELIVERED.get(service)
    return service if pattern is not None and pattern.fullmatch(arn) else None


def is_delivered(arn: str) -> bool:
    """Whether a target gets anything."""
    return is_cluster(arn) or kind_of(arn) is not None


def is_fifo(arn: str) -> bool:
    return arn.endswith(".fifo") and kind_of(arn) == "sqs"


# -- calls ------------------------------------------------------------------------------------------------------------

_MOST = {"sqs": 10, "sns": 10, LOGS: 100}  # of one call; of any other service one
_LARGEST = 200_000  # bytes of one call, unless there is only one in it

Batch = Sequence[InvocationRecord]
_Calls = list[tuple[str, str, dict[str, Any]]]


def batch_of(waiting: Iterable[InvocationRecord], now: float) -> Batch:
    """The first of those that wait for one target, as many of them as are due and go into one call."""
    batch: list[InvocationRecord] = []
    size = 0
    for invocation in waiting:
        size += len((invocation.input or "").encode())
        most = _MOST.get(service_of(invocation), 1)
        if invocation.due_at > now or len(batch) >= most or (batch and size > _LARGEST):
            break
        batch.append(invocation)
    return batch


def calls_of(batch: Batch) -> tuple[Lookup, ...]:
    """What the next attempt calls, one after the other; all but the last may find it done already."""
    made = _CALLS[service_of(batch[0])](batch)
    scope = scope_of(batch[0].target_arn)
    return tuple(
        Lookup(service, operation, scope, tuple((name, value) for name, value in given.items() if value is not None))
        for service, operation, given in made
    )


def answers_of(batch: Batch, answer: Answer) -> list[Answer]:
    """What the answer to the last call says to each."""
    if isinstance(answer, Refusal):
        return [answer] * len(batch)
    failed = {each["Id"]: Refusal(each["Code"], each.get("Message") or "") for each in answer.get("Failed") or ()}
    return [failed.get(str(number), answer) for number in range(len(batch))]


def service_of(invocation: InvocationRecord) -> str:
    return invocation.target_arn.split(":", 3)[2]


def _send_messages(batch: Batch) -> _Calls:
    scope, name = scope_of(batch[0].target_arn), batch[0].target_arn.rsplit(":", 1)[1]
    queue = {"QueueUrl": f"https://sqs.{scope.region}.amazonaws.com/{scope.account}/{name}"}
    return _one_or_several(batch, "sqs", ("SendMessage", "SendMessageBatch", "Entries"), queue, _message)


def _message(invocation: InvocationRecord) -> dict[str, Any]:
    attributes = invocation.attributes or {}
    given = {
        "MessageBody": text_of(invocation),
        "MessageGroupId": invocation.group,
        "MessageAttributes": {n: {"DataType": kind, "StringValue": text} for n, (kind, text) in attributes.items()},
    }
    return {name: value for name, value in given.items() if value}


def _publish(batch: Batch) -> _Calls:
    names = "Publish", "PublishBatch", "PublishBatchRequestEntries"
    topic = {"TopicArn": batch[0].target_arn}
    return _one_or_several(batch, "sns", names, topic, lambda invocation: {"Message": text_of(invocation)})


def _one_or_several(
    batch: Batch,
    service: str,
    names: tuple[str, str, str],
    where: dict[str, Any],
    entry: Callable[[InvocationRecord], dict[str, Any]],
) -> _Calls:
    """`names`: the operation for one, the operation for several, and what it calls them."""
    if len(batch) == 1:
        return [(service, names[0], {**where, **entry(batch[0])})]
    entries = tuple({"Id": str(number), **entry(invocation)} for number, invocation in enumerate(batch))
    return [(service, names[1], {**where, names[2]: entries})]


def _invoke(batch: Batch) -> _Calls:
    (invocation,) = batch
    payload = text_of(invocation).encode()
    given = {"FunctionName": invocation.target_arn, "InvocationType": "Event", "Payload": payload}
    return [("lambda", "Invoke", given)]


def _put_log_events(batch: Batch) -> _Calls:
    """A group has a stream for each rule."""
    group = batch[0].target_arn.split(":log-group:", 1)[1].removesuffix(":*")
    digits = hashlib.sha256(batch[0].source_arn.encode()).hexdigest()
    stream = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
    where = {"logGroupName": group, "logStreamName": stream}
    events = [_log_event(text_of(invocation), int(invocation.created_at * 1000)) for invocation in batch]
    in_order = tuple(sorted(events, key=lambda event: event["timestamp"]))  # or they are refused
    return [(LOGS, "CreateLogStream", where), (LOGS, "PutLogEvents", {**where, "logEvents": in_order})]


def _log_event(text: str, at: int) -> dict[str, Any]:
    """What an input transformer makes for a log group has a time of its own beside its message."""
    try:
        said = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        said = None
    match said:
        case {"timestamp": int(time), "message": message, **others} if not others:
            text = message if isinstance(message, str) else msgspec.json.encode(message).decode()
            return {"timestamp": time, "message": text}
    return {"timestamp": at, "message": text}


_CALLS: dict[str, Callable[[Batch], _Calls]] = {
    "sqs": _send_messages,
    "sns": _publish,
    "lambda": _invoke,
    LOGS: _put_log_events,
}


# -- refusals ---------------------------------------------------------------------------------------------------------


class Failure(NamedTuple):
    """What a refusal is to EventBridge."""

    code: str  # in a dead-letter queue
    again: bool  # whether it may come right by itself


_FAILURES = [
    (re.compile(pattern), failure)
    for pattern, failure in (
        (r"NonExistentQueue|QueueDoesNotExist|NotFound|NoSuch", Failure("NO_RESOURCE", again=False)),
        (r"AccessDenied|Unauthorized|AuthorizationError|Forbidden", Failure("NO_PERMISSIONS", again=False)),
        (r"Throttl|TooManyRequests|LimitExceeded|SlowDown|^429$", Failure("THROTTLING", again=True)),
        (r"^RequestError$", Failure("CONNECTION_FAILURE", again=True)),
        (r"Internal|Unavailable|ServiceException$|ServiceError$|^5\d\d$", Failure("INTERNAL_ERROR", again=True)),
        (r"Invalid|Validation|Missing|Malformed", Failure("INVALID_PARAMETER", again=False)),
    )
]
"""By what a service's error is called; the first that fits."""


def failure_of(refusal: Refusal) -> Failure:
    """AWS tries again after errors of the service's own and throttling only."""
    found = (failure for pattern, failure in _FAILURES if pattern.search(refusal.code))
    return next(found, Failure("SDK_CLIENT_ERROR", again=False))


def is_done_already(refusal: Refusal) -> bool:
    return refusal.code == "ResourceAlreadyExistsException"
