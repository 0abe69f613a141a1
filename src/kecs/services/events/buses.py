"""CreateEventBus, DeleteEventBus, DescribeEventBus, ListEventBuses, UpdateEventBus, PutPermission, RemovePermission.

And how the other operations find a bus.
"""

from __future__ import annotations

from msgspec.structs import replace

from kecs.aws.errors import ValidationException
from kecs.aws.model import events as e
from kecs.aws.paging import page
from kecs.core.arns import scope_key
from kecs.core.eventbridge.policies import permitted, without
from kecs.core.eventbridge.rules import DEFAULT, TOO_MANY, bus_arn
from kecs.core.eventbridge.tags import pairs
from kecs.core.records.eventbridge import EventBusRecord
from kecs.services.context import Context

MOST_BUSES = 100  # of a scope
_UPDATED = ("description", "kms_key_identifier", "dead_letter_config", "log_config")


def create_event_bus(context: Context, request: e.CreateEventBusRequest) -> e.CreateEventBusResponse:
    name, buses = request.name, context.store.event_buses
    if request.event_source_name is not None:
        raise e.ResourceNotFoundException(f"Event source {request.event_source_name} does not exist.")
    if "/" in name:
        raise ValidationException("Event bus name must not contain '/'.")
    if find_bus(context, name) is not None:
        raise e.ResourceAlreadyExistsException(f"Event bus {name} already exists.")
    if len(buses.keys("scope", scope_key(context.scope))) >= MOST_BUSES:
        raise e.LimitExceededException(TOO_MANY)
    bus = EventBusRecord(
        arn=bus_arn(context.scope, name),
        name=name,
        created_at=context.now,
        description=request.description,
        kms_key_identifier=request.kms_key_identifier,
        dead_letter_config=request.dead_letter_config,
        log_config=request.log_config,
        tags=pairs(request.tags),
    )
    buses.put(bus)
    return e.CreateEventBusResponse(
        event_bus_arn=bus.arn,
        description=bus.description,
        kms_key_identifier=bus.kms_key_identifier,
        dead_letter_config=bus.dead_letter_config,
        log_config=bus.log_config,
    )


def delete_event_bus(context: Context, request: e.DeleteEventBusRequest) -> e.Shape:
    """One that is not there is deleted already."""
    if request.name == DEFAULT:
        raise ValidationException("Cannot delete event bus default.")
    arn = bus_arn(context.scope, request.name)
    if context.store.rules.keys("bus", arn):
        raise ValidationException("Event bus can't be deleted since it has rules.")
    context.store.event_buses.delete(arn)
    return e.Shape()


def describe_event_bus(context: Context, request: e.DescribeEventBusRequest) -> e.DescribeEventBusResponse:
    bus = the_bus(context, request.name)
    return e.DescribeEventBusResponse(
        name=bus.name,
        arn=bus.arn,
        description=bus.description,
        kms_key_identifier=bus.kms_key_identifier,
        dead_letter_config=bus.dead_letter_config,
        log_config=bus.log_config,
        policy=bus.policy,
        creation_time=bus.created_at,
        last_modified_time=bus.modified_at or bus.created_at,
    )


def update_event_bus(context: Context, request: e.UpdateEventBusRequest) -> e.UpdateEventBusResponse:
    """What the request does not say stays."""
    bus = the_bus(context, request.name)
    given = {name: getattr(request, name) for name in _UPDATED}
    said = {name: value for name, value in given.items() if value is not None}
    bus = replace(bus, modified_at=context.now, **said)
    context.store.event_buses.put(bus)
    return e.UpdateEventBusResponse(
        arn=bus.arn,
        name=bus.name,
        description=bus.description,
        kms_key_identifier=bus.kms_key_identifier,
        dead_letter_config=bus.dead_letter_config,
        log_config=bus.log_config,
    )


def put_permission(context: Context, request: e.PutPermissionRequest) -> e.Shape:
    bus = the_bus(context, request.event_bus_name)
    policy = permitted(bus.policy, request, bus.arn)
    context.store.event_buses.put(replace(bus, policy=policy, modified_at=context.now))
    return e.Shape()


def remove_permission(context: Context, request: e.RemovePermissionRequest) -> e.Shape:
    bus = the_bus(context, request.event_bus_name)
    policy = without(bus.policy, request)
    context.store.event_buses.put(replace(bus, policy=policy, modified_at=context.now))
    return e.Shape()


def list_event_buses(context: Context, request: e.ListEventBusesRequest) -> e.ListEventBusesResponse:
    made = context.store.event_buses.where("scope", scope_key(context.scope))
    buses = {bus.name: bus for bus in (the_bus(context, DEFAULT), *made)}
    names = sorted(name for name in buses if name.startswith(request.name_prefix or ""))
    found, token = page(names, request.next_token, request.limit)
    views = [
        e.EventBus(
            name=buses[name].name,
            arn=buses[name].arn,
            description=buses[name].description,
            policy=buses[name].policy,
            creation_time=buses[name].created_at,
            last_modified_time=buses[name].modified_at or buses[name].created_at,
        )
        for name in found
    ]
    return e.ListEventBusesResponse(event_buses=views, next_token=token)


def find_bus(context: Context, reference: str | None) -> EventBusRecord | None:
    """The bus that a request names by name or ARN; the default one when it names none."""
    name = reference or DEFAULT
    arn = name if name.startswith("arn:") else bus_arn(context.scope, name)
    if arn == bus_arn(context.scope, DEFAULT):
        return context.store.event_buses.get(arn) or EventBusRecord(arn=arn, name=DEFAULT)
    return context.store.event_buses.get(arn) if arn.startswith(bus_arn(context.scope, "")) else None


def the_bus(context: Context, reference: str | None) -> EventBusRecord:
    """Raises ResourceNotFoundException."""
    bus = find_bus(context, reference)
    if bus is None:
        raise e.ResourceNotFoundException(f"Event bus {(reference or '').split('/')[-1]} does not exist.")
    return bus
