"""Containers that functions stand for, in few words: for the tests of fake images."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from kecs.testing import Images, Server, create_test_task_definition, wait_for_task
from kecs.testing import admin as admin_api

Function = Callable[..., Any]


class Fakes:
    """Binds functions and runs tasks of them in one cluster."""

    def __init__(self, server: Server, client: Any, cluster: str, image: Images) -> None:
        self.server = server
        self.client = client
        self.cluster = cluster
        self.image = image

    def task(self, image: str = "app:1", **container: Any) -> str:
        """Run a task of one container, `app`; its ARN."""
        definition = create_test_task_definition(self.client, image=image, **container)
        answer = self.client.run_task(cluster=self.cluster, taskDefinition=definition)
        arn: str = answer["tasks"][0]["taskArn"]
        return arn

    def wait(self, task: str, status: str = "STOPPED", timeout: float = 360_000) -> dict[str, Any]:
        return wait_for_task(self.client, self.cluster, task, status, timeout)

    def code(self, task: str) -> int | None:
        """The exit code of its container, once it is there."""
        code: int | None = self.wait(task)["containers"][0].get("exitCode")
        return code

    def output(self, task: str, container: str = "app") -> list[str]:
        path = f"tasks/{self.cluster}/{task.rsplit('/', 1)[-1]}/logs/{container}"
        return admin_api.read(self.server.endpoint, "GET", path).splitlines()


def call(url: str, body: Any = None, method: str | None = None) -> tuple[int, bytes]:
    """Status and body of an answer, errors too."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
