"""boto3 clients of a server. boto3 comes with the extra `testing`, so it is imported when a client is asked for."""

from __future__ import annotations

import os
import re
import threading
from typing import Any

from kecs.testing.clock import Clock

_MAKING = threading.Lock()  # boto3's sessions are not safe to use from several threads; their clients are


class Clients:
    """Makes clients for one server, and closes them with it."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint = endpoint
        self._region = region
        self._session: Any = None
        self._made: list[Any] = []

    def make(self, service: str, account: str | None, region: str | None, clock: Clock) -> Any:
        """A client for an account and a region; None is the server's own. Raises ImportError without boto3."""
        if account is not None and re.fullmatch("[0-9]{12}", account) is None:
            raise ValueError(f"An account is 12 digits, not {account!r}.")
        try:
            import boto3  # noqa: F401  # whether it is there
            from botocore.config import Config
        except ImportError as error:
            raise ImportError("AWS clients need boto3; install it with: pip install 'kecs[testing]'") from error

        with _MAKING:
            self._session = self._session or _session()
            client = self._session.client(
                service,
                endpoint_url=self._endpoint,
                region_name=region or self._region,
                aws_access_key_id=account or "testing",  # no account id, so KECS takes its own
                aws_secret_access_key="testing",
                config=Config(
                    retries={"total_max_attempts": 1},
                    max_pool_connections=50,
                    proxies={},
                    inject_host_prefix=False,  # the endpoint is an address
                ),
            )
            self._made.append(client)
        if clock.movable:
            client.get_waiter = _moving(client, clock)
        return client

    def close(self) -> None:
        """Close the connections of every client."""
        for client in self._made:
            client.close()
        self._made.clear()


def _session() -> Any:
    """A session that goes by nobody's profile or configuration: tests are the same on every machine."""
    import boto3.session
    import botocore.session

    nobodys = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return boto3.session.Session(
        botocore_session=botocore.session.Session(session_vars={"profile": (None, None, None, None), **nobodys})
    )


def _moving(client: Any, clock: Clock) -> Any:
    """`client.get_waiter`, for waiters that move the clock where they would sleep."""
    get_waiter = client.get_waiter

    def get_moving_waiter(name: str) -> Any:
        return _moving_waiter(client, clock, get_waiter(name))

    return get_moving_waiter


def _moving_waiter(client: Any, clock: Clock, waiter: Any) -> Any:
    from botocore import xform_name
    from botocore.waiter import NormalizedOperationMethod, Waiter

    operation = NormalizedOperationMethod(getattr(client, xform_name(waiter.config.operation)))

    class MovingWaiter(Waiter):
        """AWS's waiter, its delay on KECS's clock."""

        def wait(self, **kwargs: Any) -> None:
            config = dict(kwargs.pop("WaiterConfig", {}))
            delay = config.pop("Delay", waiter.config.delay)
            looked = False

            def look(**members: Any) -> Any:
                nonlocal looked
                if looked:
                    clock.advance(seconds=delay)
                looked = True
                return operation(**members)

            wait = Waiter(waiter.name, waiter.config, look).wait
            wait(WaiterConfig={**config, "Delay": 0}, **kwargs)

    return MovingWaiter(waiter.name, waiter.config, operation)
