"""What assertions and waiters say when they fail is the same on every runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.images import test_image
from tests.testing.behind import DOCKER, KUBERNETES, options

from kecs.testing import (
    Server,
    assert_service_healthy,
    assert_task_completed,
    capture_diagnostics,
    cleanup_cluster,
    create_test_service,
    create_test_task_definition,
    start_server,
    wait_for_service,
    wait_for_stable_service,
    wait_for_task,
)

CLUSTER = "messages"


@pytest.fixture(scope="module", params=["simulated", DOCKER, KUBERNETES])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A KECS on that runtime, with a service whose tasks fail and a task that has failed."""
    with start_server(**options(request.param)) as server:
        client = server.ecs_client()
        client.create_cluster(clusterName=CLUSTER)
        yield server
        cleanup_cluster(client, CLUSTER)


@pytest.fixture(scope="module")
def task(server: Server) -> str:
    client = server.ecs_client()
    image = "app:1" if server.runtime == "simulated" else test_image("v1")
    script = ["sh", "-c", "echo no database; exit 3"]
    broken = create_test_task_definition(client, "broken", image, command=script)
    create_test_service(client, CLUSTER, broken, "web")
    arn: str = client.run_task(cluster=CLUSTER, taskDefinition=broken, launchType="EC2")["tasks"][0]["taskArn"]
    wait_for_task(client, CLUSTER, arn, "STOPPED")
    return arn


WHY = (
    "(broken:1) is STOPPED: Essential container in task exited (EssentialContainerExited)\n",
    "container app: exit code 3\n",
    "| no database",
)
EVENTS = ("Service web is ACTIVE: desired 1", "last events:", "(service web) has started 1 tasks: (task ")


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda client, _: assert_service_healthy(client, CLUSTER, "web"), AssertionError, (*WHY, *EVENTS)),
        (lambda client, task: assert_task_completed(client, CLUSTER, task), AssertionError, WHY),
        (lambda client, task: wait_for_task(client, CLUSTER, task), AssertionError, WHY),
        (lambda client, _: wait_for_stable_service(client, CLUSTER, "web", 1), TimeoutError, (*WHY, *EVENTS)),
        (lambda client, _: wait_for_service(client, CLUSTER, "web", "INACTIVE", 1), TimeoutError, (*WHY, *EVENTS)),
    ],
    ids=["a service that is not healthy", "a failed task", "a task that is over", "not stable", "not inactive"],
)
def test_what_is_said(
    server: Server, task: str, call: Callable[[Any, str], object], error: type[Exception], said: tuple[str, ...]
) -> None:
    client = server.ecs_client()
    until_one_has_failed(client)
    with pytest.raises(error) as failed:
        call(client, task)
    assert [text for text in said if text not in f"{failed.value}\n"] == []


def until_one_has_failed(client: Any) -> None:
    """A task of the service."""
    for task in client.list_tasks(cluster=CLUSTER, serviceName="web")["taskArns"][:1]:
        wait_for_task(client, CLUSTER, task, "STOPPED")


def test_diagnostics_and_history(server: Server, task: str) -> None:
    found = capture_diagnostics(server, CLUSTER)
    assert found.problems == []
    assert found.outputs[task, "app"] == ["no database"]
    assert [text for text in (*WHY, *EVENTS) if text not in str(found)] == []
    of_task = server.history(cluster=CLUSTER).of(task=task)
    assert of_task.of(kind="task").became("RUNNING").first < of_task.of(kind="task").became("STOPPED").first
    assert of_task.of(container="app").became("STOPPED").first.exit_code == 3
