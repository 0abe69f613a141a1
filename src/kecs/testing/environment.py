"""How code and programs that make AWS clients of their own find a KECS: `server.client_env`, the fixture `kecs_env`."""

from __future__ import annotations

import contextlib
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import pytest

    from kecs.testing.clock import Clock
    from kecs.testing.server import Server

_ELSEWHERE = (  # would lead to an account that is none of KECS's
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)


def variables(endpoint: str, region: str) -> dict[str, str]:
    """Environment variables by which AWS's SDKs and the AWS CLI find the KECS at `endpoint`, whatever the profiles,
    configuration and proxies of the machine."""
    others = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    direct = ",".join(dict.fromkeys(filter(None, [urlsplit(endpoint).hostname or "", *others.split(",")])))
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # the endpoint is an address, before which nothing can stand
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "testing",  # no account id, so KECS takes its own
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def lead_to(server: Server, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """Have the AWS clients that this process makes from now on go to the server; the variables. If its clock can be
    moved, AWS's waiters, and retries after an error, move it instead of sleeping."""
    for name in list(os.environ):
        if name in _ELSEWHERE or name.startswith("AWS_ENDPOINT_URL_"):
            patch.delenv(name)
    wanted = server.client_env
    for name, value in wanted.items():
        patch.setenv(name, value)
    with contextlib.suppress(ImportError):
        import boto3
        import botocore.endpoint
        import botocore.waiter

        patch.setattr(boto3, "DEFAULT_SESSION", None)  # it knows the credentials of before
        if server.clock.movable:
            for module in (botocore.waiter, botocore.endpoint):
                patch.setattr(module, "time", SimpleNamespace(sleep=_sleep_on(server.clock)))
    return wanted


def _sleep_on(clock: Clock) -> object:
    def sleep(seconds: float) -> None:
        with contextlib.suppress(ConnectionError):  # it has been stopped, which the client will find out
            if seconds > 0:
                clock.advance(seconds=seconds)

    return sleep
