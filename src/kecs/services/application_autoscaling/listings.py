"""How handlers find the policies and scheduled actions that requests name, and the pages of Describe operations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from kecs.aws.dialects import detected
from kecs.aws.model import application_autoscaling as a
from kecs.aws.paging import page
from kecs.core.arns import scope_key
from kecs.core.autoscaling.targets import check_kind, service_of
from kecs.core.records import Record
from kecs.core.records.autoscaling import ScalingPolicyRecord, ScheduledActionRecord, named
from kecs.ports.store import Table
from kecs.services.context import Context

MOST_RESULTS = 50

R = TypeVar("R", bound=Record)
P = TypeVar("P", ScalingPolicyRecord, ScheduledActionRecord)


def described(context: Context, table: Table[R], request: Any) -> list[R]:
    """The records of the caller's scope, or of the resource that the request names. Raises ValidationException."""
    check_kind(request.service_namespace, request.scalable_dimension)
    if request.resource_id is None:
        if request.scalable_dimension is not None:
            raise a.ValidationException("Scalable dimension must not be specified without a resource ID")
        return table.where("scope", scope_key(context.scope))
    service = service_of(context.scope, request.service_namespace, request.scalable_dimension, request.resource_id)
    return table.where("service", service)


def those(records: list[P], wanted: Collection[str] | None) -> list[P]:
    """Those with these names or ARNs; all, if none are named."""
    return [record for record in records if record.name in wanted or record.arn in wanted] if wanted else records


def key_in(context: Context, table: Table[R], request: Any, kind: str, name: str) -> str:
    """The key of what a request names on a resource. Raises ObjectNotFoundException and ValidationException."""
    service = service_of(context.scope, request.service_namespace, request.scalable_dimension, request.resource_id)
    key = named(service, name)
    if key not in table:
        raise a.ObjectNotFoundException(
            f"No {kind} found for service namespace: {request.service_namespace}, resource ID: {request.resource_id}, "
            f"scalable dimension: {request.scalable_dimension}: {name}"
        )
    return key


def paged(
    records: Sequence[R], key: Callable[[R], str], token: str | None, size: int | None
) -> tuple[list[R], str | None]:
    """One page of them, and the token of the next one. Raises ValidationException."""
    if size is not None and not 1 <= size <= MOST_RESULTS:
        bound = "greater than or equal to 1" if size < 1 else f"less than or equal to {MOST_RESULTS}"
        constraint = f"failed to satisfy constraint: Member must have value {bound}"
        raise a.ValidationException(detected([f"Value '{size}' at 'maxResults' {constraint}"]))
    by_key = {key(record): record for record in records}
    keys, following = page(list(by_key), token, size, most=MOST_RESULTS)
    return [by_key[key] for key in keys], following
