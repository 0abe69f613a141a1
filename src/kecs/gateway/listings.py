"""Seals the tokens of listings: wraps the handler of every operation that answers in pages. `gateway.ecs` calls it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.aws.paging import seal, unseal
from kecs.services.ecs.context import Context, Handler

_encode = msgspec.json.Encoder().encode


def with_sealed_tokens(operation: m.Operation, handler: Handler) -> Handler:
    """The handler itself, or around it what opens the caller's token and seals the next one.

    A token holds for the same caller, operation and filters; only the size of the page may change. Any other is
    refused with InvalidParameterException.
    """
    if "next_token" not in operation.request.__struct_fields__:
        return handler

    def listing(context: Context, request: Any) -> Any:
        given = request.next_token
        opened = replace(request, next_token=unseal(given, _listing(operation, context, request))) if given else request
        response = handler(context, opened)
        if response.next_token is None:
            return response
        return replace(response, next_token=seal(response.next_token, _listing(operation, context, request)))

    return listing


def _listing(operation: m.Operation, context: Context, request: Any) -> bytes:
    """What a token belongs to."""
    paging: dict[str, Any] = {"next_token": None}
    if "max_results" in request.__struct_fields__:
        paging["max_results"] = None
    filters = _encode(replace(request, **paging))
    return f"{operation.name} {context.scope.account} {context.scope.region} ".encode() + filters
