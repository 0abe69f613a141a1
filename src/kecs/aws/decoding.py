"""From the body of a request to its struct, and from what is wrong with it to AWS's error.

A body that is no JSON, or a member of the wrong type, is a SerializationException, as for every JSON service of
AWS's. What the model does not allow (a required member that is missing, a value outside its enumeration, range, length
or pattern, more items than documented) is refused by the API itself, in the words of its `dialects.Dialect`. Members
that the model does not know are let go, as by AWS.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
from msgspec import inspect

from kecs.aws.dialects import Dialect
from kecs.aws.errors import ModeledError, SerializationException
from kecs.aws.refusals import Mismatch, problems
from kecs.aws.structs import Operation


class Decoder:
    """Decodes the requests of one operation."""

    def __init__(self, operation: Operation, dialect: Dialect) -> None:
        self._operation = operation
        self._dialect = dialect
        self._decode = msgspec.json.Decoder(operation.request).decode
        self._limits = dialect.limits(operation.name)

    def __call__(self, body: bytes) -> Any:
        """The request struct. Raises the error that AWS would answer."""
        body = body or b"{}"
        try:
            request = self._decode(body)
        except msgspec.ValidationError:
            raise self._refusal(body) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise SerializationException("") from None
        for limit in self._limits:
            if text := limit.broken(request):
                raise self._dialect.invalid(self._operation.name, text)
        return request

    @cached_property
    def _kind(self) -> inspect.Type:
        """The request's type as a walk over values needs it; most operations never have one to refuse."""
        return inspect.type_info(self._operation.request)

    def _refusal(self, body: bytes) -> ModeledError:
        """The error for a body that is JSON and no request of this operation."""
        try:
            found = list(problems(self._kind, msgspec.json.decode(body)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return SerializationException("")
        for problem in found:
            if isinstance(problem, Mismatch):
                return SerializationException(problem.text)
        return self._dialect.refusal(self._operation.name, [p for p in found if not isinstance(p, Mismatch)])
