"""Many short tasks through Docker, 20 at a time: each ends with its exit code, and nothing of any of them is left.

`make test` runs a few; KECS_SOAK_TASKS says how many there shall be, 2000 in CI.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kecs.app.kernel import Kernel
from kecs.app.options import ServerOptions
from kecs.app.server import answering
from kecs.aws.model import ecs as m
from kecs.core.records import Change, TaskRecord
from kecs.core.settings import Settings
from tests.support.docker_runtime import listed
from tests.support.images import docker, test_image

pytestmark = [pytest.mark.docker, pytest.mark.long]

TASKS = int(os.environ.get("KECS_SOAK_TASKS", "40"))
AT_ONCE = 20
WARM = AT_ONCE  # tasks after which everything that is made once has been made
SILENCE = 120.0  # seconds without a task that ends, after which none will
RETENTION = 3.0  # seconds, so that what is over is forgotten while the test can see it
SIGNATURE = b"AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/ecs/aws4_request, x=y"
CODES = (0, 1, 7, 42, 255)

MOUNT = [{"sourceVolume": "data", "containerPath": "/data"}]
VPC = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
FARGATE = {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "bridge": ({"networkMode": "bridge"}, {"portMappings": [{"containerPort": 8080}]}, {}),
    "awsvpc": (FARGATE, {}, {"launchType": "FARGATE", "networkConfiguration": VPC}),
    "volume": ({"networkMode": "none", "volumes": [{"name": "data"}]}, {"mountPoints": MOUNT}, {}),
}
"""By family: what is in the definition, in its container, and in RunTask."""


class Forgetful(ServerOptions):
    """A server that does not remember stopped tasks for an hour."""

    def settings(self) -> Settings:
        return msgspec.structs.replace(super().settings(), stopped_task_retention=RETENTION)


class Soak:
    """Keeps so many tasks going and collects what became of them."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.wanted: dict[str, int] = {}
        self.ended: dict[str, int | None] = {}
        self._left = 0
        self._news = asyncio.Event()
        kernel.store.subscribe(self._notice)
        for family, (definition, container, _) in KINDS.items():
            given = {"name": "app", "image": test_image("v1"), "memory": 16, **container}
            self.call("RegisterTaskDefinition", family=family, containerDefinitions=[given], **definition)

    def call(self, operation: str, **members: Any) -> Any:
        target = f"{m.TARGET_PREFIX}.{operation}".encode()
        answer = self.kernel.endpoint.answer(target, SIGNATURE, msgspec.json.encode(members))
        assert answer.status == 200, answer.body
        return msgspec.json.decode(answer.body)

    async def run(self, count: int) -> None:
        """So many more tasks, to their end."""
        self._left += count
        for _ in range(min(AT_ONCE, count)):
            self._next()
        await self._until(lambda: not self._left and len(self.ended) == len(self.wanted))

    async def forgotten(self) -> None:
        await self._until(lambda: not self.kernel.store.tasks)

    async def _until(self, condition: Any) -> None:
        while not condition():
            self._news.clear()
            async with asyncio.timeout(SILENCE):
                await self._news.wait()

    def _next(self) -> None:
        if not self._left:
            return
        self._left -= 1
        number = len(self.wanted)
        code, family = CODES[number % len(CODES)], list(KINDS)[number % len(KINDS)]
        override = {"name": "app", "command": ["sh", "-c", f"echo {number}; exit {code}"]}
        (task,) = self.call(
            "RunTask", taskDefinition=family, overrides={"containerOverrides": [override]}, **KINDS[family][2]
        )["tasks"]
        self.wanted[task["taskArn"]] = code

    def _notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, _, after in changes:
            if table != "tasks" or (key in self.ended and after is not None):
                continue
            if isinstance(after, TaskRecord) and after.last_status == "STOPPED":
                self.ended[key] = after.containers[0].exit_code
                asyncio.get_running_loop().call_soon(self._next)
            self._news.set()


DESCRIPTORS = Path("/proc/self/fd")


def descriptors() -> int:
    return sum(1 for _ in DESCRIPTORS.iterdir())


def miscounted(network: str) -> bool:
    """Whether Docker refuses to remove a network that nobody is in: engines before 28 sometimes count endpoints wrongly
    when several come and go at once, and are right again when they are restarted."""
    _, found = docker("GET", f"/networks/{network}")
    status, answer = docker("DELETE", f"/networks/{network}")
    return not found["Containers"] and status == 403 and "has active endpoints" in answer["message"]


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="open files can only be counted on Linux")
async def test_many_short_tasks_leave_nothing() -> None:
    instance = f"soak-{os.getpid()}"
    ours = f"io.kecs.instance={instance}"
    options = Forgetful(port=0, runtime="docker", instance=instance)
    async with answering(options) as server:
        soak = Soak(server.kernel)
        await soak.run(WARM)
        before, jobs = descriptors(), len(asyncio.all_tasks())
        await soak.run(TASKS)
        await soak.forgotten()
        assert soak.ended == soak.wanted
        assert len(soak.ended) == WARM + TASKS
        assert listed("containers", ours) == []
        assert listed("volumes", ours) == []
        assert len(listed("networks", ours)) == 1, "the one that they were all in"
        assert descriptors() <= before + AT_ONCE, "as many connections to Docker as there may be, no more"
        assert len(asyncio.all_tasks()) <= jobs
    for network in listed("networks", ours):
        assert miscounted(network["Id"]), "KECS removes its network"
