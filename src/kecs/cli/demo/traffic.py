"""Requests without a pause to the tasks of a service, each counted: what a deployment does to its users."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from kecs.cli.demo.ecs import DemoFailed, Ecs

_LOOK_SECONDS = 0.1  # how old the list of targets may be; tasks go on answering for longer than this when they stop
_PAUSE = 0.01  # seconds between two requests


class Target(NamedTuple):
    """Where a task answers."""

    task: str
    host: str
    port: int


Ask = Callable[[Target], tuple[int, str]]
"""Status and body of what a target answers; see stage.Stage."""


def over_http(target: Target) -> tuple[int, str]:
    """Raises OSError and http.client.HTTPException."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=3)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()


class Traffic:
    """A client that knows its targets from DescribeTasks, as a load balancer does, and asks them in turn.

    A target is a task that ECS wants (desiredStatus RUNNING) and that is RUNNING and healthy. Having none counts as a
    failed request.
    """

    def __init__(self, url: str, cluster: str, service: str, ask: Ask = over_http) -> None:
        self.requests = 0
        self.failures: list[str] = []
        self.versions: Counter[str] = Counter()
        self.targets: list[Target] = []
        self._ecs = Ecs(url)
        self._cluster, self._service = cluster, service
        self._ask_target = ask
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._ecs.close()

    def _run(self) -> None:
        looked = float("-inf")
        for number in count():
            if self._stopping.is_set():
                return
            if time.monotonic() - looked > _LOOK_SECONDS:
                self.targets = self._fit_tasks()
                looked = time.monotonic()
            self._ask(self.targets[number % len(self.targets)] if self.targets else None)
            time.sleep(_PAUSE)

    def _fit_tasks(self) -> list[Target]:
        """The tasks that are fit to be asked now."""
        return [
            Target(task["taskArn"], _host(binding["bindIP"]), binding["hostPort"])
            for task in self._ecs.service_tasks(self._cluster, self._service)
            if (task["desiredStatus"], task["lastStatus"], task["healthStatus"]) == ("RUNNING", "RUNNING", "HEALTHY")
            for container in task["containers"]
            for binding in container.get("networkBindings", [])
        ]

    def _ask(self, target: Target | None) -> None:
        self.requests += 1
        if target is None:
            self.failures.append("no task was there to answer")
            return
        try:
            status, body = self._ask_target(target)
        except (OSError, http.client.HTTPException, DemoFailed) as error:
            self.failures.append(f"task {target.task.rsplit('/', 1)[-1][:8]}: {error!r}")
            return
        version = re.search(r"definition=(\S+)", body)
        if status == 200 and version:
            self.versions[version[1]] += 1
        else:
            self.failures.append(f"status {status}: {body.strip()[:40]!r}")


def _host(bound: str) -> str:
    """Where a port is reached that is bound to this address."""
    return "127.0.0.1" if bound == "0.0.0.0" else bound  # it is compared, not bound
