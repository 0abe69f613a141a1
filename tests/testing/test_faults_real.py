"""Faults of tasks on real containers: the same as on simulated ones, in their own time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.images import test_image
from tests.testing.behind import DOCKER, KUBERNETES, options

from kecs.testing import (
    Server,
    cleanup_cluster,
    create_test_task_definition,
    deploy_service,
    running_tasks,
    start_server,
    wait_for_stable_service,
    wait_for_task,
)

pytestmark = pytest.mark.usefixtures("cluster")

HEALTHY = {"command": ["CMD-SHELL", "true"], "interval": 5, "timeout": 2, "retries": 1}
SLEEP = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"]


@pytest.fixture(scope="module", params=[DOCKER, KUBERNETES])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with start_server(**options(request.param)) as server:
        yield server
        assert "Traceback" not in server.logs()


@pytest.fixture
def cluster(server: Server, client: Any) -> Iterator[str]:
    client.create_cluster(clusterName="real")
    yield "real"
    server.faults.clear()
    cleanup_cluster(client, "real")


def run(client: Any, **container: Any) -> str:
    """A task that runs until it is stopped."""
    definition = create_test_task_definition(client, "job", test_image("v1"), command=SLEEP, **container)
    arn: str = client.run_task(cluster="real", taskDefinition=definition)["tasks"][0]["taskArn"]
    wait_for_task(client, "real", arn, "RUNNING")
    return arn


def end_of(client: Any, task: str) -> tuple[str, str, int | None]:
    shown = wait_for_task(client, "real", task, "STOPPED")
    return shown["stopCode"], shown["stoppedReason"], shown["containers"][0].get("exitCode")


def test_a_killed_task_is_replaced(server: Server, client: Any) -> None:
    deploy_service(client, "real", "web", test_image("v1"), count=2, command=SLEEP)
    first = running_tasks(client, "real", "web")[0]["taskArn"]
    server.faults.kill(task=first)
    assert end_of(client, first) == ("EssentialContainerExited", "Essential container in task exited", 137)
    wait_for_stable_service(client, "real", "web")
    assert len(running_tasks(client, "real", "web")) == 2


def test_exit_codes_and_lack_of_memory(server: Server, client: Any) -> None:
    task = run(client)
    server.faults.exit(3, task=task)
    assert end_of(client, task)[::2] == ("EssentialContainerExited", 3)
    task = run(client)
    server.faults.out_of_memory(task=task)
    assert end_of(client, task)[2] == 137
    (container,) = client.describe_tasks(cluster="real", tasks=[task])["tasks"][0]["containers"]
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_health_is_what_the_fault_says_until_it_ends(server: Server, client: Any) -> None:
    task = run(client, healthCheck=HEALTHY)

    def health() -> str:
        return str(client.describe_tasks(cluster="real", tasks=[task])["tasks"][0]["healthStatus"])

    with server.faults.unhealthy(task=task):
        assert any(health() == "UNHEALTHY" for _ in server.clock.passing(10))
    assert any(health() == "HEALTHY" for _ in server.clock.passing(20))


def test_what_starts_and_stops_slowly(server: Server, client: Any) -> None:
    with server.faults.slow_start(2, container="app"):
        started = client.describe_tasks(cluster="real", tasks=[run(client, stopTimeout=2)])["tasks"][0]
    assert started["startedAt"].timestamp() - started["pullStoppedAt"].timestamp() > 1.9
    with server.faults.slow_stop(30, container="app"):
        client.stop_task(cluster="real", task=started["taskArn"])
        assert end_of(client, started["taskArn"]) == ("UserInitiated", "Task stopped by user", 137)


def test_images_and_agents_that_are_not_there(server: Server, client: Any) -> None:
    task = run(client)
    with server.faults.fail_pull(container="app"):
        definition = create_test_task_definition(client, "other", test_image("v1"))
        other = client.run_task(cluster="real", taskDefinition=definition)["tasks"][0]["taskArn"]
        code, reason, _ = end_of(client, other)
    assert code == "TaskFailedToStart"
    assert reason.startswith("CannotPullContainerError: Error response from daemon: manifest for ")
    with server.faults.disconnect_agent():
        client.stop_task(cluster="real", task=task)
        refused = client.run_task(cluster="real", taskDefinition=definition)["failures"]
        assert [failure["reason"] for failure in refused] == ["AGENT"]
        assert client.describe_tasks(cluster="real", tasks=[task])["tasks"][0]["lastStatus"] != "STOPPED"
    assert end_of(client, task)[0] == "UserInitiated"
