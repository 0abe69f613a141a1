"""The protocol between KECS and the AWS services around ECS; `companions/` implements it.

`control` calls `Companion` for what a task needs of them before its containers start; `gateway` passes requests of
AWS's clients on to `Around`. A test, or a KECS that is told to, has another AWS behind it: an emulator by URL, or the
real one. `gateway.admin` has them shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol


class CompanionError(Exception):
    """The service refused the call (`code` is its modelled error), or nothing of that name is there to be called."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class CutShort(Exception):
    """An answer has begun and will not come to its end."""


class Companion(Protocol):
    """Calls AWS services in the names that boto3 has for them."""

    async def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, account: str, region: str
    ) -> dict[str, Any]:
        """What boto3's client of `service` ("ssm", "secretsmanager", "s3") answers to `operation` ("GetParameters"),
        for an account and a region. A streaming body arrives as bytes. Raises CompanionError, never anything else.
        """


class Addressed(NamedTuple):
    """Whom a request is for, as far as it says so."""

    service: str  # as signatures name it: "monitoring" rather than "cloudwatch"
    region: str  # "": it does not say
    access_key: str  # "": nobody has signed it


class Shown(Protocol):
    """The services around ECS as the admin API shows them."""

    def shown(self) -> dict[str, Any]:
        """`companions`: who answers, by service ("*": any other). `moto`: whether its process is `running`, its `pid`,
        its `deaths` (how often one has ended by itself), and of the `last` of them `at` (seconds since the epoch), its
        `status` and what it `said`."""


class Around(Protocol):
    """The services around ECS as the gateway sees them: whole requests, in and out."""

    def has(self, service: str) -> bool:
        """Whether requests for the service are passed on."""

    def empty(self, service: str) -> bool:
        """Whether nothing can be there to be read: no request for any service has been passed on yet."""

    async def pass_on(self, to: Addressed, scope: Any, receive: Any, send: Any) -> None:
        """Answer the request of an ASGI server, or refuse it in the words of its protocol. Raises CutShort."""
