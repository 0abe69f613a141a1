from __future__ import annotations

import time
from typing import Any

import pytest

from kecs.testing import (
    create_test_service,
    create_test_task_definition,
    output_of,
    wait_for_cluster,
    wait_for_service,
    wait_for_stable_service,
    wait_for_task,
    wait_until,
)


def run(client: Any, cluster: str, **container: Any) -> str:
    definition = create_test_task_definition(client, **container)
    arn: str = client.run_task(cluster=cluster, taskDefinition=definition)["tasks"][0]["taskArn"]
    return arn


def test_a_cluster_has_its_status(client: Any, cluster: str) -> None:
    assert wait_for_cluster(client, cluster)["clusterName"] == cluster
    with pytest.raises(TimeoutError, match="Cluster nowhere is not there, not ACTIVE, after 1 s"):
        wait_for_cluster(client, "nowhere", timeout=1)


def test_a_service_that_ends(client: Any, cluster: str) -> None:
    create_test_service(client, cluster, create_test_task_definition(client), "web")
    assert wait_for_service(client, cluster, "web")["status"] == "ACTIVE"
    client.delete_service(cluster=cluster, service="web", force=True)
    assert wait_for_service(client, cluster, "web", "INACTIVE")["runningCount"] == 0


def test_a_service_that_is_not_there(client: Any, cluster: str) -> None:
    with pytest.raises(TimeoutError, match=f"is not ACTIVE after 1 s.\nCluster {cluster} has no service web."):
        wait_for_service(client, cluster, "web", timeout=1)


def test_a_stable_service(client: Any, cluster: str) -> None:
    definition = create_test_task_definition(client, environment={"KECS_SIM_START_SECONDS": "30"})
    create_test_service(client, cluster, definition, "web", 2)
    real = time.monotonic()
    assert wait_for_stable_service(client, cluster, "web")["deployments"][0]["rolloutState"] == "COMPLETED"
    assert time.monotonic() - real < 20


def test_a_service_that_never_is_says_why(client: Any, cluster: str) -> None:
    broken = create_test_task_definition(client, "broken", command=["sh", "-c", "echo no database; exit 3"])
    create_test_service(client, cluster, broken, "web")
    with pytest.raises(TimeoutError) as failed:
        wait_for_stable_service(client, cluster, "web", timeout=60)
    text = str(failed.value)
    assert text.startswith("Service web is not stable after 60 s.\nService web is ACTIVE: desired 1, running ")
    assert "Essential container in task exited (EssentialContainerExited)" in text
    assert "container app: exit code 3\n" in text
    assert "    | no database" in text


def test_a_deployment_that_has_failed_is_not_waited_for(client: Any, cluster: str) -> None:
    broken = create_test_task_definition(client, environment={"KECS_SIM_PULL_ERROR": "no such image"})
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    create_test_service(client, cluster, broken, "web", deploymentConfiguration=breaker)
    with pytest.raises(AssertionError, match=r"^The deployment of service web has failed.\nService web is ACTIVE: .*"):
        wait_for_stable_service(client, cluster, "web", timeout=1e9)


def test_a_task_and_its_statuses(client: Any, cluster: str) -> None:
    task = run(client, cluster, command=["sleep", "30"])
    assert wait_for_task(client, cluster, task)["lastStatus"] == "RUNNING"
    assert wait_for_task(client, cluster, task, "STOPPED")["containers"][0]["exitCode"] == 0


def test_a_status_that_will_not_come_any_more_is_not_waited_for(client: Any, cluster: str) -> None:
    task = run(client, cluster, environment={"KECS_SIM_PULL_ERROR": "no such image"})
    with pytest.raises(
        AssertionError, match=r"will not be RUNNING any more\.\ntask .*CannotPullContainerError: no such"
    ):
        wait_for_task(client, cluster, task)


def test_a_task_that_takes_its_time(client: Any, cluster: str) -> None:
    task = run(client, cluster, command=["sleep", "100"])
    with pytest.raises(TimeoutError, match=r"is not STOPPED after 5 s.\ntask \w+ \(test-task-\w+:1\) is RUNNING"):
        wait_for_task(client, cluster, task, "STOPPED", timeout=5)


def test_a_task_that_is_not_there(client: Any, cluster: str) -> None:
    with pytest.raises(TimeoutError, match=f"Cluster {cluster} has no task 00000"):
        wait_for_task(client, cluster, "0" * 32, timeout=1)


def test_a_status_that_there_is_not(client: Any, cluster: str) -> None:
    with pytest.raises(ValueError, match="not 'FINISHED'"):
        wait_for_task(client, cluster, "0123", "FINISHED")


def test_whatever_a_test_looks_at(client: Any, cluster: str) -> None:
    task = run(client, cluster, command=["sh", "-c", "echo one; sleep 30; echo two; sleep 1000"])
    assert wait_until(client, lambda: output_of(client, cluster, task), equals=["one", "two"]) == ["one", "two"]
    assert wait_until(client, lambda: output_of(client, cluster, task)[1]) == "two"


def test_what_does_not_come_is_told_by_what_came_instead(client: Any, cluster: str) -> None:
    answers = iter(["queued", "queued", "paid"])
    with pytest.raises(TimeoutError, match=r"^Not 'shipped' after 30 s, but 'queued', then 'paid', then 'late'\.$"):
        wait_until(client, lambda: next(answers, "late"), 30, equals="shipped")
    stock, looks = {"book": 0}, iter(["pen"])
    with pytest.raises(TimeoutError, match=r"^Not true after 1 s, but KeyError\('pen'\), then 0\.$"):
        wait_until(client, lambda: stock[next(looks, "book")], 1)


def test_an_error_of_the_look_itself_is_not_waited_out(client: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        wait_until(client, lambda: 1 / 0)


def test_the_output_of_a_container(client: Any, cluster: str) -> None:
    task = run(client, cluster, command=["echo", "hello"])
    wait_for_task(client, cluster, task, "STOPPED")
    assert output_of(client, cluster, task) == output_of(client, cluster, task, "app") == ["hello"]
    with pytest.raises(LookupError, match=f"Say which container of task {task}, not other: its containers are app."):
        output_of(client, cluster, task, "other")
    with pytest.raises(LookupError, match=f"cluster {cluster} has no such task"):
        output_of(client, cluster, "0" * 32)
