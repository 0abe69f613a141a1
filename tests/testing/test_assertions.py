from __future__ import annotations

from typing import Any

import pytest

from kecs.testing import (
    Server,
    TaskDefinitionBuilder,
    assert_service_healthy,
    assert_task_completed,
    create_test_service,
    create_test_task_definition,
    deploy_service,
    wait_for_service,
    wait_for_task,
)


def message(assertion: Any, *arguments: Any) -> str:
    with pytest.raises(AssertionError) as failed:
        assertion(*arguments)
    return str(failed.value)


def job(client: Any, cluster: str, script: str) -> str:
    definition = create_test_task_definition(client, command=["sh", "-c", script])
    arn: str = client.run_task(cluster=cluster, taskDefinition=definition)["tasks"][0]["taskArn"]
    return arn


def test_a_healthy_service(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=2)
    assert_service_healthy(client, cluster, "web")


def test_a_name_is_no_failure(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "failed-orders")
    assert_service_healthy(client, cluster, "failed-orders")


def test_a_service_that_has_not_come_up(client: Any, cluster: str) -> None:
    slow = create_test_task_definition(client, "slow", environment={"KECS_SIM_START_SECONDS": "50"})
    create_test_service(client, cluster, slow, "web", 3)
    text = message(assert_service_healthy, client, cluster, "web")
    assert text.startswith("Service web is not healthy: 0 of 3 tasks run.\nService web is ACTIVE: desired 3, running 0")
    assert "(PRIMARY, slow:1): desired 3, running 0, failed 0; IN_PROGRESS: " in text


def test_a_service_whose_tasks_fail(server: Server, client: Any, cluster: str) -> None:
    broken = create_test_task_definition(client, "broken", command=["sh", "-c", "echo no database; exit 3"])
    create_test_service(client, cluster, broken, "web")
    server.clock.advance(minutes=2)
    text = message(assert_service_healthy, client, cluster, "web")
    assert "(EssentialContainerExited)" in text
    assert "exit code 3" in text
    assert "| no database" in text
    assert "last events:\n    (service web)" in text


def test_a_failure_of_the_newest_deployment_is_remembered(server: Server, client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web")
    client.update_service(
        cluster=cluster,
        service="web",
        taskDefinition=create_test_task_definition(client, "web", environment={"KECS_SIM_PULL_ERROR": "no"}),
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    server.clock.run_until_stable()
    text = message(assert_service_healthy, client, cluster, "web")
    assert "report a failure" in text
    deploy_service(client, cluster, "web", "mended:2")
    assert_service_healthy(client, cluster, "web")


def test_a_service_that_ends_or_is_not_there(client: Any, cluster: str) -> None:
    assert message(assert_service_healthy, client, cluster, "web").endswith(f"cluster {cluster} has no such service.")
    deploy_service(client, cluster, "web")
    client.delete_service(cluster=cluster, service="web", force=True)
    wait_for_service(client, cluster, "web", "INACTIVE")
    assert "not healthy: it is INACTIVE.\n" in message(assert_service_healthy, client, cluster, "web")


def test_a_task_that_has_completed(client: Any, cluster: str) -> None:
    task = job(client, cluster, "exit 0")
    wait_for_task(client, cluster, task, "STOPPED")
    assert_task_completed(client, cluster, task)


def test_a_task_that_has_failed(client: Any, cluster: str) -> None:
    task = job(client, cluster, "echo out of paper; exit 7")
    wait_for_task(client, cluster, task, "STOPPED")
    text = message(assert_task_completed, client, cluster, task)
    assert "has not completed: container app exited with code 7.\n" in text
    assert "is STOPPED: Essential container in task exited (EssentialContainerExited)\n" in text
    assert text.endswith("  container app: exit code 7\n    | out of paper")


def test_a_task_that_still_runs(client: Any, cluster: str) -> None:
    task = job(client, cluster, "sleep 500")
    wait_for_task(client, cluster, task)
    assert "has not completed: it is RUNNING.\n" in message(assert_task_completed, client, cluster, task)


def test_each_container_has_to_exit_with_0(client: Any, cluster: str) -> None:
    definition = (
        TaskDefinitionBuilder("two")
        .with_container("main", "busybox", command=["sh", "-c", "sleep 5; exit 0"])
        .with_container("side", "busybox", command=["sh", "-c", "exit 9"], essential=False)
        .register(client)
    )
    task = client.run_task(cluster=cluster, taskDefinition=definition)["tasks"][0]["taskArn"]
    wait_for_task(client, cluster, task, "STOPPED")
    text = message(assert_task_completed, client, cluster, task)
    assert "container side exited with code 9.\n" in text
    assert "container main: exit code 0" in text


def test_a_container_that_never_ran_has_no_exit_code(client: Any, cluster: str) -> None:
    definition = create_test_task_definition(client, environment={"KECS_SIM_PULL_ERROR": "not there"})
    task = client.run_task(cluster=cluster, taskDefinition=definition)["tasks"][0]["taskArn"]
    wait_for_task(client, cluster, task, "STOPPED")
    text = message(assert_task_completed, client, cluster, task)
    assert "container app has no exit code" in text
    assert "CannotPullContainerError: not there" in text


def test_a_task_that_is_not_there(client: Any, cluster: str) -> None:
    text = message(assert_task_completed, client, cluster, "0" * 32)
    assert text == f"Task {'0' * 32} has not completed: cluster {cluster} has no such task."
