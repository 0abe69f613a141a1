"""Calls of the API that go wrong because a user wants it. `gateway.http` asks, for as long as there are such faults;
`app.faults` sets them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from kecs.control.faults.book import FaultBook
from kecs.core.faults.reading import reads
from kecs.core.faults.records import Fault
from kecs.core.faults.subjects import of_call
from kecs.gateway.endpoint import REST_TYPE, Answer, Endpoint
from kecs.services.api import Api

SLOW = ("latency",)
WRONG = ("throttle", "server-error", "drop", "lost-response")
STALE = "stale"
THROTTLED = ("ThrottlingException", "Rate exceeded")
UNAVAILABLE = ("ServiceUnavailable", "The request has failed due to a temporary failure of the server.")
FAILED = "Service Unavailable."  # with the API's own code


CarryOut = Callable[[Endpoint], Any]
"""Has an endpoint answer the request at hand."""


class Outcome(NamedTuple):
    """What becomes of a call: its answer, or that the connection is closed without one; so many seconds late."""

    answer: Any  # as CarryOut has given it, or an Answer; None: there is none
    late: float


class CallFaults:
    """The faults of a book that are about calls."""

    def __init__(self, book: FaultBook, stale: Callable[[str], Endpoint]) -> None:
        """`stale` gives, by a fault's id, the endpoint that answers from what there was."""
        self._book = book
        self._stale = stale

    def outcome(self, endpoint: Endpoint, api: Api, operation: str, body: bytes, carry_out: CarryOut) -> Outcome:
        """Carry the call out, or not."""
        subject = of_call(api.name, operation, _members(body))
        late = sum(fault.seconds or 0.0 for key, fault in self._book.about(SLOW, subject) if self._book.draw(key))
        kinds = (*WRONG, STALE) if reads(operation) else WRONG
        return Outcome(self._answer(endpoint, api, carry_out, self._book.strike(kinds, subject)), late)

    def _answer(self, endpoint: Endpoint, api: Api, carry_out: CarryOut, struck: tuple[str, Fault] | None) -> Any:
        if struck is None:
            return carry_out(endpoint)
        key, fault = struck
        match fault.kind:
            case "throttle":
                return _error(api, 400, *THROTTLED)
            case "server-error" if fault.status == 503:
                return _error(api, 503, *UNAVAILABLE)
            case "server-error":
                return _error(api, 500, api.failure, FAILED)
            case "stale":
                return carry_out(self._stale(key))
            case "lost-response":
                carry_out(endpoint)
        return None


def _error(api: Api, status: int, code: str, text: str) -> Answer:
    """The error as the API's protocol has it."""
    if api.target_prefix:
        return Answer(status, msgspec.json.encode({"__type": code, api.text: text}))
    return Answer(status, msgspec.json.encode({api.text: text}), REST_TYPE, ((b"x-amzn-errortype", code.encode()),))


def _members(body: bytes) -> dict[str, Any]:
    try:
        members = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return members if isinstance(members, dict) else {}
