"""How an API words its refusal of a request that its model does not allow. `decoding` asks; the module
`api` of each package under `services` says whose words they are.

Most APIs of AWS answer what their common framework says. ECS has words of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from kecs.aws.errors import ModeledError
from kecs.aws.limits import Limit, limits_of
from kecs.aws.model import ecs as m
from kecs.aws.refusals import Missing, Violation


class Dialect(Protocol):
    """The words of one API."""

    def limits(self, operation: str) -> tuple[Limit, ...]:
        """What the operation's request is held against beside the model."""

    def refusal(self, operation: str, problems: Sequence[Missing | Violation]) -> ModeledError:
        """The error for a request with these problems, one at least."""

    def invalid(self, operation: str, text: str) -> ModeledError:
        """The error for a request that is wrong in another way."""


class Common:
    """The words of AWS's framework, in the API's own exception."""

    def __init__(self, error: type[ModeledError]) -> None:
        self._error = error

    def limits(self, operation: str) -> tuple[Limit, ...]:  # noqa: ARG002  # they are all in the model
        return ()

    def refusal(self, operation: str, problems: Sequence[Missing | Violation]) -> ModeledError:
        return self.invalid(operation, detected(list(map(_common, problems))))

    def invalid(self, operation: str, text: str) -> ModeledError:  # noqa: ARG002  # the same error for all
        return self._error(text)


def detected(violations: Sequence[str]) -> str:
    """The text about several things that are wrong."""
    return f"{len(violations)} validation error{'s' if len(violations) > 1 else ''} detected: {'; '.join(violations)}"


def _common(problem: Missing | Violation) -> str:
    """Members are spelt with a small letter in these texts, whatever they are on the wire."""
    path = re.sub(r"(?<![^.])[A-Z]", lambda first: first[0].lower(), problem.path)
    if isinstance(problem, Violation):
        return str(problem._replace(path=path))
    member = problem.member[:1].lower() + problem.member[1:]
    where = f"{path}.{member}" if path else member
    return f"Value null at '{where}' failed to satisfy constraint: Member must not be null"


# -- ECS --------------------------------------------------------------------------------------------------------------

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


class Ecs:
    """ECS's words: ClientException where the operation is about task definitions, else InvalidParameterException."""

    def limits(self, operation: str) -> tuple[Limit, ...]:
        return limits_of(operation)

    def refusal(self, operation: str, problems: Sequence[Missing | Violation]) -> ModeledError:
        for problem in problems:
            if isinstance(problem, Missing):
                return self.invalid(operation, _missing(operation, problem))
        return self.invalid(operation, detected(list(map(str, problems))))

    def invalid(self, operation: str, text: str) -> ModeledError:
        return (m.ClientException if operation in _ABOUT_DEFINITIONS else m.InvalidParameterException)(text)


def _missing(operation: str, missing: Missing) -> str:
    if not missing.path:
        known = _REQUIRED_TEXTS.get(f"{operation}.{missing.member}")
        return known or f"{_capital(missing.member)} can not be blank."
    names = [name for name in missing.path.split(".") if name != "member" and not name.isdigit()]
    if missing.member == "member":  # an item of a list
        return f"{_capital(names[-1])} should not contain null or empty items."
    return f"{_capital(names[-1])}.{missing.member} should not be null or empty."


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
