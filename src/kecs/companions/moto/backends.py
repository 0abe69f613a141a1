"""From a request to the function of moto's that answers it. `server` calls it; it runs in moto's process only.

moto is made to be patched into botocore, which is not done here: requests come from outside. What moto does with one
is decided by the host and path at AWS's, as `companions.hosts` says them.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from moto.backend_index import backend_url_patterns
from moto.core.request import Request
from werkzeug.exceptions import HTTPException

from kecs.companions.moto import quirks

Handler = Callable[[Any, str, Any], Any]


class NotInMoto(Exception):
    """moto does not have the service, or not that operation of it."""


class _Upload(Request):
    """Whose body is no form, whatever its type says: curl and others say that of all they send."""

    want_form_data_parsed = False


class Call(NamedTuple):
    """A request, as `around` passes it on."""

    method: str
    aws_url: str  # where it would go at AWS, without its query
    url: str  # as its client sees it
    headers: dict[str, str]  # names in lower case
    body: bytes


class Reply(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def answer(call: Call) -> Reply:
    """moto's answer. Raises NotInMoto, and whatever a bug of moto's raises."""
    kind = _Upload if call.method == "PUT" else Request
    request = kind.from_primitives(call.method, call.url, call.headers, call.body)
    headers: Mapping[str, Any] | list[tuple[str, Any]]
    try:
        status, headers, body = _handler(call.aws_url)(request, request.raw_url, request.headers)
    except HTTPException as error:  # moto's modelled errors are some
        status, headers, body = error.code or 400, error.get_headers(), error.get_body()
    except NotImplementedError as error:
        raise NotInMoto(str(error)) from error
    except ModuleNotFoundError as error:
        raise NotInMoto(f"it needs {error.name}, which is not installed: pip install 'moto[all]'") from error
    data = body.encode() if isinstance(body, str) else body or b""
    named = headers.items() if isinstance(headers, Mapping) else headers
    return Reply(int(status), list(_sendable(named, len(data), head=call.method == "HEAD")), data)


def _sendable(headers: Any, length: int, *, head: bool) -> Iterator[tuple[str, str]]:
    """The headers with the body's length. The answer to a HEAD request has the one that a GET would have."""
    told = False
    for name, value in headers:
        match str(name).lower():
            case "content-length":
                told = head
                if not head:
                    continue
            case "status" | "transfer-encoding" | "connection":
                continue
        for each in value if isinstance(value, list) else [value]:
            yield str(name), str(each)
    if not told:
        yield "content-length", str(length)


@functools.cache
def _routes(service: str) -> list[tuple[re.Pattern[str], Handler]]:
    urls = importlib.import_module(f"moto.{service}.urls")
    quirks.after_import()
    return [
        (re.compile(path.format(base)), handler) for base in urls.url_bases for path, handler in urls.url_paths.items()
    ]


def _handler(url: str) -> Handler:
    """Raises NotInMoto."""
    for service, pattern in backend_url_patterns:
        if pattern.match(url):
            for route, handler in _routes(service):
                if route.match(url):
                    return handler
    raise NotInMoto("moto has nothing at this address")
