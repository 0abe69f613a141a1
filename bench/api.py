"""ECS calls without an SDK: prebuilt requests, so that what is measured is the server.

`request_bytes()` is what the load client and the start-up case send; `Api` is for everything that is not timed by them.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

ACCOUNT = "000000000000"
REGION = "us-east-1"
TARGET = "AmazonEC2ContainerServiceV20141113"


def headers(operation: str, target: str = TARGET) -> dict[str, str]:
    """What boto3 sends, with a signature that nobody checks."""
    scope = f"{ACCOUNT}/20250101/{REGION}/ecs/aws4_request"
    return {
        "X-Amz-Target": f"{target}.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "User-Agent": "Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux lang/python#3.11",
        "X-Amz-Date": "20250101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, "
        f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={'0' * 64}",
    }


def request_bytes(operation: str, body: Mapping[str, Any]) -> bytes:
    """A whole HTTP/1.1 request."""
    payload = json.dumps(body)
    fields = {"Host": "127.0.0.1", "Accept-Encoding": "identity", **headers(operation)}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST / HTTP/1.1\r\n{head}Content-Length: {len(payload)}\r\n\r\n{payload}".encode()


class ApiError(Exception):
    """An answer other than 200."""


class Api:
    """One keep-alive connection to one server, for one API."""

    def __init__(self, port: int, target: str = TARGET) -> None:
        self.port = port
        self._target = target
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def call(self, operation: str, **body: Any) -> dict[str, Any]:
        """The decoded answer. Raises ApiError."""
        self._connection.request("POST", "/", json.dumps(body), headers(operation, self._target))
        answer = self._connection.getresponse()
        payload = answer.read()
        if answer.status != 200:
            raise ApiError(f"{operation}: {answer.status} {payload[:500].decode(errors='replace')}")
        result: dict[str, Any] = json.loads(payload)
        return result

    def close(self) -> None:
        self._connection.close()


def wait_until(ready: Callable[[], bool], timeout: float, what: str, pause: float = 0.002) -> None:
    """Poll until `ready`. Raises TimeoutError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {timeout:.0f} s")
        time.sleep(pause)
