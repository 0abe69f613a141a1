"""`kill -9` while tasks run in pods of a real cluster, then a restart: each of them is adopted, none runs twice."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path
from typing import Any

import pytest
from lightkube.resources.core_v1 import Pod

from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.api.client import Cluster
from tests.runtimes.plans import IMAGE
from tests.sdk.calls import until
from tests.support import images
from tests.support.patience import PATIENCE
from tests.support.servers import Server

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow]

OBEYS = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"]


def pods(instance: str) -> list[tuple[str, str]]:
    """Name and uid of each pod of this KECS."""

    async def ask() -> list[tuple[str, str]]:
        cluster = Cluster.named(Path(os.environ["KECS_TEST_KUBECONFIG"]))
        found = [pod.metadata for pod in (await cluster.list(Pod, labels=names.INSTANCE)).items]
        await cluster.close()
        return sorted((each.name, each.uid) for each in found if each.labels[names.INSTANCE].startswith(instance))

    return asyncio.run(ask())


def test_a_service_in_pods_survives_a_kill(tmp_path: Path) -> None:
    assert images.test_image("v1") == IMAGE
    instance = f"kill-{secrets.token_hex(4)}"
    flags = ["--runtime", "kubernetes", "--kubeconfig", os.environ["KECS_TEST_KUBECONFIG"], "--port", "0"]
    flags += ["--instance", instance, "--data-dir", str(tmp_path)]
    server = Server(*flags)
    try:
        before = begin(server, instance)
    finally:
        server.kill()
    server = Server(*flags)
    try:
        ecs = server.client()
        until(lambda: running(ecs) == 3, PATIENCE, "three tasks")
        after = pods(instance)
        assert set(before) < set(after)
        assert len(after) == 3
        ecs.delete_service(service="web", force=True)
        until(lambda: not ecs.list_tasks()["taskArns"], PATIENCE, "no task")
        until(lambda: not pods(instance), PATIENCE, "no pod")
    finally:
        server.reset()
        server.stop()


def begin(server: Server, instance: str) -> list[tuple[str, str]]:
    """Two tasks run, and a third one is asked for; the pods of the two."""
    assert server.runtime == "kubernetes"
    ecs = server.client()
    ecs.create_cluster(clusterName="default")
    container = {"name": "app", "image": IMAGE, "memory": 32, "command": OBEYS, "stopTimeout": 2}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=2, launchType="EC2")
    until(lambda: running(ecs) == 2, PATIENCE, "two tasks")
    before = pods(instance)
    assert len(before) == 2
    ecs.update_service(service="web", desiredCount=3)
    return before


def running(ecs: Any) -> int:
    count: int = ecs.describe_services(services=["web"])["services"][0]["runningCount"]
    return count
