"""The Amazon ECS API as the demo calls it: AWS's JSON protocol over HTTP, unsigned, with the standard library alone."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

_HEADERS = {"Content-Type": "application/x-amz-json-1.1"}


class DemoFailed(Exception):
    """Something that the demo claims did not happen; the text says what."""


class Ecs:
    """Calls operations by their names: `ecs.call("CreateCluster", clusterName="demo")`. For one thread."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)

    def close(self) -> None:
        self._connection.close()

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        """The answer's members. Raises DemoFailed with AWS's error."""
        target = {"X-Amz-Target": f"AmazonEC2ContainerServiceV20141113.{operation}"}
        self._connection.request("POST", "/", json.dumps(members), _HEADERS | target)
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != 200:
            text = answer.get("message", answer.get("Message", ""))
            raise DemoFailed(f"{operation} was refused: {answer.get('__type')}: {text}")
        return answer

    def service_tasks(self, cluster: str, service: str) -> list[dict[str, Any]]:
        """The tasks of a service that are wanted, as DescribeTasks has them."""
        arns = self.call("ListTasks", cluster=cluster, serviceName=service)["taskArns"]
        return self.call("DescribeTasks", cluster=cluster, tasks=arns)["tasks"] if arns else []


def wait_for(what: str, look: Callable[[], T | None], seconds: float) -> T:
    """Look until there is something. Raises DemoFailed after `seconds`."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise DemoFailed(f"{what} did not happen within {seconds:g} s.")
        time.sleep(0.05)
    return found
