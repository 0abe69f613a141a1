"""From a request to the function of moto's that answers it. `server` calls it; it runs in moto's process only.

moto is made to be patched into botocore, which is not done here: requests come from outside. What moto does with one
is decided by the host and path at AWS's, as `companions.hosts` says them.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from moto.backend_index import backend_url_patterns
from moto.core.request import Request
from werkzeug.exceptions import HTTPException

from kecs.companions.moto import quirks

_PATIENCE = 5.0  # seconds
_BOTOS_WORDS = re.compile(rb"An error occurred \(\w+\) when calling the \w+ operation: ")
_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

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
    if "smithy-protocol" in call.headers:
        raise NotInMoto(f"the protocol {call.headers['smithy-protocol']}")
    kind = _Upload if call.method == "PUT" else Request
    request = kind.from_primitives(call.method, call.url, call.headers, call.body)
    headers: Mapping[str, Any] | list[tuple[str, Any]]
    try:
        service, handler = _found(call.aws_url)
        with _turn(service, call):
            status, headers, body = handler(request, request.raw_url, request.headers)
    except HTTPException as error:  # moto's modelled errors are some
        status, headers, body = error.code or 400, error.get_headers(), error.get_body()
    except NotImplementedError as error:
        raise NotInMoto(str(error)) from error
    except ModuleNotFoundError as error:
        raise NotInMoto(f"it needs {error.name}, which is not installed: pip install 'moto[all]'") from error
    data = body.encode() if isinstance(body, str) else body or b""
    if int(status) >= HTTPStatus.BAD_REQUEST and _BOTOS_WORDS.search(data):
        data = re.sub(rb"  +", b" ", _BOTOS_WORDS.sub(b"", data))  # what clients say before AWS's words, they say again
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


@contextlib.contextmanager
def _turn(service: str, call: Call) -> Iterator[None]:
    """moto's services go through dictionaries that another thread may be changing, so each does one thing at a time.

    What waits for something (a message, a function) must not keep others waiting, and what has waited for its turn too
    long goes on without: somebody may be waiting for it, as an address that SNS delivers to.
    """
    lock = None if _waits(call) else _turns[service]
    has_turn = lock is not None and lock.acquire(timeout=_PATIENCE)
    try:
        yield
    finally:
        if lock is not None and has_turn:
            lock.release()


def _waits(call: Call) -> bool:
    target = call.headers.get("x-amz-target", "")
    return (
        target.endswith(".ReceiveMessage")
        or b"Action=ReceiveMessage" in call.body[:4096]
        or call.aws_url.endswith("/invocations")
    )


def _found(url: str) -> tuple[str, Handler]:
    """The service's name in moto, and what answers. Raises NotInMoto."""
    for service, pattern in backend_url_patterns:
        if pattern.match(url):
            for route, handler in _routes(service):
                if route.match(url):
                    return service, handler
    raise NotInMoto("moto has nothing at this address")
