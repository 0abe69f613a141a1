"""The protocol between KECS and the AWS services around ECS; `companions/` implements it.

`control` calls it for what a task needs of them before its containers start. A test, or a KECS that is told to, has
another AWS behind it: an emulator by URL, or the real one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class CompanionError(Exception):
    """The service refused the call (`code` is its modelled error), or nothing of that name is there to be called."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Companion(Protocol):
    """Calls AWS services in the names that boto3 has for them."""

    async def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, account: str, region: str
    ) -> dict[str, Any]:
        """What boto3's client of `service` ("ssm", "secretsmanager", "s3") answers to `operation` ("GetParameters"),
        for an account and a region. A streaming body arrives as bytes. Raises CompanionError, never anything else.
        """
