"""From the body of a request to its struct, and from what is wrong with it to AWS's error.

A body that is no JSON, or a member of the wrong type, is a SerializationException, as for every JSON service of
AWS's. What the model does not allow (a required member that is missing, a value outside its enumeration, range, length
or pattern, more items than documented) is refused by ECS itself: with ClientException where the operation is about
task definitions, else with InvalidParameterException. Members that the model does not know are let go, as by AWS.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
from msgspec import inspect

from kecs.aws.errors import ModeledError, SerializationException
from kecs.aws.limits import limits_of
from kecs.aws.model import ecs as m
from kecs.aws.refusals import Mismatch, Missing, Violation, problems

_REQUIRED_TEXTS = {
    "RegisterTaskDefinition.family": "Family can not be blank.",
    "RegisterTaskDefinition.containerDefinitions": "Container list cannot be empty.",
    "RegisterDaemonTaskDefinition.containerDefinitions": "Container list cannot be empty.",
    "DescribeTasks.tasks": "Tasks cannot be empty.",
    "DescribeServices.services": "Services cannot be empty.",
    "DeleteTaskDefinitions.taskDefinitions": "Task definitions cannot be empty.",
}
"""The texts of members whose absence AWS words in a way of its own."""

_ABOUT_DEFINITIONS = {
    "RegisterTaskDefinition",
    "DescribeTaskDefinition",
    "RegisterDaemonTaskDefinition",
    "DescribeDaemonTaskDefinition",
}


class Decoder:
    """Decodes the requests of one operation."""

    def __init__(self, operation: m.Operation) -> None:
        self._operation = operation
        self._decode = msgspec.json.Decoder(operation.request).decode
        self._limits = limits_of(operation.name)

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
                raise self._invalid(text)
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
        for problem in found:
            if isinstance(problem, Missing):
                return self._invalid(self._missing(problem))
        violations = [str(problem) for problem in found if isinstance(problem, Violation)]
        return self._invalid(
            f"{len(violations)} validation error{'s' if len(violations) > 1 else ''} detected: {'; '.join(violations)}"
        )

    def _missing(self, missing: Missing) -> str:
        if not missing.path:
            known = _REQUIRED_TEXTS.get(f"{self._operation.name}.{missing.member}")
            return known or f"{_capital(missing.member)} can not be blank."
        names = [name for name in missing.path.split(".") if name != "member" and not name.isdigit()]
        if missing.member == "member":  # an item of a list
            return f"{_capital(names[-1])} should not contain null or empty items."
        return f"{_capital(names[-1])}.{missing.member} should not be null or empty."

    def _invalid(self, text: str) -> ModeledError:
        return (m.ClientException if self._operation.name in _ABOUT_DEFINITIONS else m.InvalidParameterException)(text)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
