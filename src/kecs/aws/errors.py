"""AWS's errors as exceptions: whatever raises one of these answers the caller with its code, text and HTTP status.

The errors that a service's model declares are generated beside its shapes; the few that the protocol itself knows
(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html) stand here.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ModeledError(Exception):
    """An error of AWS's: `code` goes out as `__type`, `message` as the text, `members` as further members."""

    code: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, message: str = "", **members: Any) -> None:
        super().__init__(message)
        self.message = message
        self.members = members


class SerializationException(ModeledError):
    """The body is not JSON, or a member has the wrong type."""

    code = "SerializationException"


class UnknownOperationException(ModeledError):
    """The target header names no operation of the service."""

    code = "UnknownOperationException"


class ValidationException(ModeledError):
    """A request that is not valid, of an API whose model has no error for that."""

    code = "ValidationException"
