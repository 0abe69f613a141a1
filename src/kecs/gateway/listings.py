"""Seals the tokens of listings: wraps the handler of every operation that answers in pages. Called by `endpoint`."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from kecs.aws.paging import seal, unseal
from kecs.aws.structs import Operation
from kecs.services.api import Api
from kecs.services.context import Context, Handler

_PAGING = ("next_token", "max_results", "limit")  # where a page begins, and its size, by the names that APIs have
_encode = msgspec.json.Encoder().encode


def with_sealed_tokens(api: Api, operation: Operation, handler: Handler) -> Handler:
    """The handler itself, or around it what opens the caller's token and seals the next one.

    A token holds for the same caller, operation and filters; only the size of the page may change. Any other is
    refused with the API's error for it.
    """
    if not all("next_token" in shape.__struct_fields__ for shape in (operation.request, operation.response)):
        return handler

    def listing(context: Context, request: Any) -> Any:
        given, opened = request.next_token, request
        if given:
            token = unseal(given, _listing(operation, context, request), api.parts.bad_token)
            opened = replace(request, next_token=token)
        response = handler(context, opened)
        if response.next_token is None:
            return response
        return replace(response, next_token=seal(response.next_token, _listing(operation, context, request)))

    return listing


def _listing(operation: Operation, context: Context, request: Any) -> bytes:
    """What a token belongs to."""
    paging = {name: None for name in _PAGING if name in request.__struct_fields__}
    filters = _encode(replace(request, **paging))
    return f"{operation.name} {context.scope.account} {context.scope.region} ".encode() + filters
