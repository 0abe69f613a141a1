"""PutEvents, which hands events of the caller's own to the rules of a bus, and TestEventPattern."""

from __future__ import annotations

from typing import Any

import msgspec

from kecs.aws.errors import ModeledError, ValidationException
from kecs.aws.model import events as e
from kecs.core.arns import scope_of
from kecs.core.eventbridge.event import seconds
from kecs.core.eventbridge.patterns import compiled
from kecs.core.eventbridge.rules import LATENCY, invocations, is_default_bus, matching
from kecs.services.context import Context
from kecs.services.events.buses import find_bus

LARGEST = 1024 * 1024  # bytes of all entries
REQUIRED = ("source", "detail_type", "detail")
OF_AN_EVENT = ("id", "account", "source", "time", "region", "resources", "detail-type")
"""What an event has to have to be tested."""


class _RefusedEntry(ModeledError):
    """Why one entry was not taken; the others may be."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.entry_code = code


def put_events(context: Context, request: e.PutEventsRequest) -> e.PutEventsResponse:
    """Entries are taken or refused one by one. One for a bus that is not there is taken and goes nowhere."""
    if len(msgspec.json.encode(request.entries)) > LARGEST:
        raise ValidationException("Total size of the entries in the request is over the limit.")
    results = [_result(context, entry) for entry in request.entries]
    return e.PutEventsResponse(failed_entry_count=sum(r.event_id is None for r in results), entries=results)


def _result(context: Context, entry: e.PutEventsRequestEntry) -> e.PutEventsResultEntry:
    try:
        event = _event(context, entry)
    except _RefusedEntry as refused:
        return e.PutEventsResultEntry(error_code=refused.entry_code, error_message=refused.message)
    bus, store = _bus(context, entry.event_bus_name), context.store
    for rule in matching(store.rules.where("listening", bus), event) if bus else ():
        for invocation in invocations(rule, event, context.ids.uuid, context.now, LATENCY):
            store.invocations.put(invocation)
    return e.PutEventsResultEntry(event_id=event["id"])


def _bus(context: Context, reference: str | None) -> str | None:
    """The ARN of the bus that an entry names, if it is there; it may be another account's, of the same region."""
    bus = find_bus(context, reference)
    if bus is not None:
        return bus.arn
    arn = reference or ""
    there = arn in context.store.event_buses or is_default_bus(arn)
    return arn if there and scope_of(arn).region == context.scope.region else None


def _event(context: Context, entry: e.PutEventsRequestEntry) -> dict[str, Any]:
    """The entry as its targets get it. Raises _RefusedEntry."""
    for member in REQUIRED:
        if not getattr(entry, member):
            name = "".join(part.title() for part in member.split("_"))
            raise _RefusedEntry(
                "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
            )
    if (entry.source or "").startswith("aws."):
        raise _RefusedEntry("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = msgspec.json.decode(entry.detail or "")
        msgspec.json.encode([[[detail]]])  # it has to go into an event, and that into an input
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        detail = None
    if not isinstance(detail, dict):
        raise _RefusedEntry("MalformedDetail", "Detail is malformed.")
    return {
        "version": "0",
        "id": context.ids.uuid(),
        "detail-type": entry.detail_type,
        "source": entry.source,
        "account": context.scope.account,
        "time": _time(context.now if entry.time is None else entry.time),
        "region": context.scope.region,
        "resources": entry.resources or [],
        "detail": detail,
    }


def _time(at: float) -> str:
    try:
        return seconds(at)
    except (ValueError, OverflowError, OSError):
        raise _RefusedEntry("InvalidArgument", "Parameter Time is not valid.") from None


def test_event_pattern(context: Context, request: e.TestEventPatternRequest) -> e.TestEventPatternResponse:  # noqa: ARG001  # a handler's signature
    pattern = compiled(request.event_pattern)
    try:
        event = msgspec.json.decode(request.event)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ValidationException("Parameter Event is not valid. Reason: it is no JSON.") from None
    missing = [name for name in OF_AN_EVENT if not isinstance(event, dict) or name not in event]
    if missing:
        raise ValidationException(f"Parameter Event is not valid. Reason: {missing[0]} is missing.")
    return e.TestEventPatternResponse(result=pattern(event))
