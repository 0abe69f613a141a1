"""The parts of CloudWatch Logs' API; see services.api."""

from __future__ import annotations

from kecs.aws.dialects import Common
from kecs.aws.errors import ModeledError, ValidationException
from kecs.aws.model import logs as c
from kecs.services.api import Parts
from kecs.services.logs import HANDLERS


class _Dialect(Common):
    """A few old operations have no error of the API's own for requests that are not valid."""

    def invalid(self, operation: str, text: str) -> ModeledError:
        declared = c.InvalidParameterException in c.OPERATIONS[operation].errors
        return super().invalid(operation, text) if declared else ValidationException(text)


PARTS = Parts(c.OPERATIONS, HANDLERS, _Dialect(c.InvalidParameterException), c.InvalidParameterException)
