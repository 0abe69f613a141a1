"""Calls of the JSON APIs in the feed, for as long as somebody records them; `console` switches it.

While nobody does, the endpoint is as it always is: nothing asks whether it should be recorded.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kecs.app.kernel import Kernel
from kecs.aws.errors import ModeledError
from kecs.control.events.calls import CallNote
from kecs.gateway.endpoint import Answer
from kecs.gateway.signature import Callers

_READING = ("Describe", "List", "Get", "Discover")


class Calls:
    """The calls of one kernel that can change something."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._callers = Callers(kernel.settings.account, kernel.settings.region)
        self._wanted = 0  # by so many

    def record(self, wanted: bool) -> bool:
        """One more, or one less, wants them; whether anybody does."""
        self._wanted = max(0, self._wanted + (1 if wanted else -1))
        endpoint = vars(self._kernel.endpoint)
        if self._wanted:
            endpoint["answer"] = self._answer
        else:
            endpoint.pop("answer", None)
        return bool(self._wanted)

    def _answer(self, target: bytes, authorization: bytes | None, body: bytes) -> Answer:
        """See Endpoint.answer."""
        endpoint = self._kernel.endpoint
        answer = type(endpoint).answer
        operation = target.decode(errors="replace").rpartition(".")[2]
        if operation.startswith(_READING):
            return answer(endpoint, target, authorization, body)
        try:
            note = CallNote(operation, self._callers.scope(authorization), _members(body))
        except ModeledError:
            return answer(endpoint, target, authorization, body)  # nobody has called
        self._kernel.feed.notice([("calls", operation, None, note)])
        answered = answer(endpoint, target, authorization, body)
        if answered.status != 200:
            refused = _members(answered.body)
            note.error = str(refused.get("__type"))
            note.status_reason = str(refused.get("message", refused.get("Message", "")))
        return answered


def _members(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
