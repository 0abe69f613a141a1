"""Calls of AWS's services in KECS's own name, in the names that boto3 has for them; see ports.companion.Companion.

They go through KECS's own port, as anybody's do: so there is one place that knows who answers for which service. boto3
blocks, so each call has a thread. `app.companions` makes it with the first call.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kecs.ports.companion import CompanionError

MISSING = "Calls of AWS services need KECS's extra aws: pip install 'kecs[aws]'"
_THREADS = 16
_CLIENTS = 64  # that are kept, by service, account and region
_PATIENCE = 60.0  # seconds for an answer; importing moto is in it


class OwnCalls:
    """See ports.companion.Companion."""

    def __init__(self, endpoint: str) -> None:
        """`endpoint`: where this KECS answers."""
        self._endpoint = endpoint
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="companion")
        self._making = threading.Lock()  # boto3's sessions are not safe to use from several threads
        self._session: Any = None
        self._clients: OrderedDict[tuple[str, str, str], Any] = OrderedDict()

    async def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, account: str, region: str
    ) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._pool, self._call, service, operation, dict(parameters), account, region
            )
        except RuntimeError as error:  # it is closed
            raise CompanionError("RequestError", str(error)) from error

    def close(self) -> None:
        """Wait for nothing: what is under way has lost whoever wanted it."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._making:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _call(
        self, service: str, operation: str, parameters: dict[str, Any], account: str, region: str
    ) -> dict[str, Any]:
        try:
            from botocore.exceptions import ClientError
        except ImportError as error:
            raise CompanionError("NotImplemented", MISSING) from error
        try:
            answer = self._client(service, account, region)._make_api_call(operation, parameters)  # noqa: SLF001  # by its name
        except ClientError as error:
            told = error.response.get("Error", {})
            raise CompanionError(told.get("Code", "Unknown"), told.get("Message", str(error))) from error
        except Exception as error:  # botocore's own, for what it knows no such operation, parameter or service
            raise CompanionError("RequestError", str(error) or type(error).__name__) from error
        return {
            name: value.read() if hasattr(value, "read") else value
            for name, value in answer.items()
            if name != "ResponseMetadata"
        }

    def _client(self, service: str, account: str, region: str) -> Any:
        from botocore.config import Config

        with self._making:
            key = service, account, region
            if key not in self._clients:
                self._session = self._session or _session()
                self._clients[key] = self._session.create_client(
                    service,
                    endpoint_url=self._endpoint,
                    region_name=region,
                    aws_access_key_id=account,
                    aws_secret_access_key="kecs",
                    config=Config(
                        retries={"mode": "standard", "total_max_attempts": 2},
                        read_timeout=_PATIENCE,
                        max_pool_connections=_THREADS,
                        proxies={},
                        s3={"addressing_style": "path"},
                    ),
                )
                if len(self._clients) > _CLIENTS:
                    self._clients.popitem(last=False)
            self._clients.move_to_end(key)
            return self._clients[key]


def _session() -> Any:
    """A session that goes by nobody's profile or configuration."""
    import botocore.session

    nobodys = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars={"profile": (None, None, None, None), **nobodys})
