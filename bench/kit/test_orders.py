"""A typical test file: twenty tests of something that runs on ECS, each with a cluster of its own.

Nothing here is KECS's: boto3, AWS's waiters, and what AWS documents. The last class is of what keeping records is
enough for; the others are of what ECS does.
"""

from __future__ import annotations

from typing import Any

import pytest

FARGATE: dict[str, Any] = {"launchType": "FARGATE"}
SOON = {"Delay": 0.05, "MaxAttempts": 30}  # for AWS's waiters: a second and a half
LATER = {"Delay": 1, "MaxAttempts": 60}
UNWELL = {"command": ["CMD-SHELL", "exit 1"], "interval": 5, "timeout": 2, "retries": 1}


@pytest.fixture(autouse=True)
def _network(network: dict[str, list[str]]) -> None:
    FARGATE["networkConfiguration"] = {"awsvpcConfiguration": network}


def register(client: Any, family: str, *command: str, image: str = "orders:1", **members: Any) -> str:
    container = {"name": "app", "image": image, "essential": True, "memory": 128, "command": list(command), **members}
    answer = client.register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[container],
    )
    arn: str = answer["taskDefinition"]["taskDefinitionArn"]
    return arn


def stable(client: Any, cluster: str) -> dict[str, Any]:
    client.get_waiter("services_stable").wait(cluster=cluster, services=["orders"], WaiterConfig=SOON)
    service: dict[str, Any] = client.describe_services(cluster=cluster, services=["orders"])["services"][0]
    return service


def deploy(client: Any, cluster: str, count: int = 2, **members: Any) -> dict[str, Any]:
    definition = register(client, "orders")
    client.create_service(
        cluster=cluster, serviceName="orders", taskDefinition=definition, desiredCount=count, **FARGATE, **members
    )
    return stable(client, cluster)


def run(client: Any, cluster: str, *command: str) -> dict[str, Any]:
    job = register(client, "report", *command)
    task = client.run_task(cluster=cluster, taskDefinition=job, **FARGATE)["tasks"][0]["taskArn"]
    client.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task], WaiterConfig=SOON)
    found: dict[str, Any] = client.describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]
    return found


def running(client: Any, cluster: str) -> list[dict[str, Any]]:
    arns = client.list_tasks(cluster=cluster, serviceName="orders", desiredStatus="RUNNING")["taskArns"]
    tasks: list[dict[str, Any]] = client.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    return [task for task in tasks if task["lastStatus"] == "RUNNING"]


class TestServices:
    def test_it_comes_up(self, client, cluster):
        service = deploy(client, cluster)
        assert service["runningCount"] == 2
        assert len(running(client, cluster)) == 2

    def test_it_says_that_it_is_steady(self, client, cluster):
        deploy(client, cluster)
        client.get_waiter("services_stable").wait(cluster=cluster, services=["orders"], WaiterConfig=SOON)
        events = client.describe_services(cluster=cluster, services=["orders"])["services"][0]["events"]
        assert any("has reached a steady state" in event["message"] for event in events)

    def test_it_scales_out(self, client, cluster):
        deploy(client, cluster)
        client.update_service(cluster=cluster, service="orders", desiredCount=5)
        assert stable(client, cluster)["runningCount"] == 5

    def test_it_scales_in(self, client, cluster):
        deploy(client, cluster, count=4)
        client.update_service(cluster=cluster, service="orders", desiredCount=1)
        assert stable(client, cluster)["runningCount"] == 1
        assert len(running(client, cluster)) == 1

    def test_a_stopped_task_is_replaced(self, client, cluster):
        deploy(client, cluster)
        victim = running(client, cluster)[0]["taskArn"]
        client.stop_task(cluster=cluster, task=victim)
        client.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[victim], WaiterConfig=SOON)
        stable(client, cluster)
        arns = [task["taskArn"] for task in running(client, cluster)]
        assert len(arns) == 2
        assert victim not in arns


class TestUpdates:
    def test_all_tasks_are_of_the_new_revision(self, client, cluster):
        deploy(client, cluster)
        new = register(client, "orders", image="orders:2")
        client.update_service(cluster=cluster, service="orders", taskDefinition=new)
        stable(client, cluster)
        assert [task["taskDefinitionArn"] for task in running(client, cluster)] == [new, new]

    def test_one_deployment_is_left(self, client, cluster):
        deploy(client, cluster)
        client.update_service(
            cluster=cluster, service="orders", taskDefinition=register(client, "orders", image="orders:2")
        )
        (deployment,) = stable(client, cluster)["deployments"]
        assert deployment["rolloutState"] == "COMPLETED"

    def test_force_new_deployment_replaces_the_tasks(self, client, cluster):
        deploy(client, cluster)
        before = {task["taskArn"] for task in running(client, cluster)}
        client.update_service(cluster=cluster, service="orders", forceNewDeployment=True)
        stable(client, cluster)
        after = {task["taskArn"] for task in running(client, cluster)}
        assert len(after) == 2
        assert not before & after

    def test_an_update_that_is_unwell_is_rolled_back(self, client, cluster):
        breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
        before = deploy(client, cluster, deploymentConfiguration=breaker)
        client.update_service(
            cluster=cluster, service="orders", taskDefinition=register(client, "orders", healthCheck=UNWELL)
        )
        client.get_waiter("services_stable").wait(cluster=cluster, services=["orders"], WaiterConfig=LATER)
        after = client.describe_services(cluster=cluster, services=["orders"])["services"][0]
        assert after["taskDefinition"] == before["taskDefinition"]
        assert any("rolling back" in event["message"] for event in after["events"])

    def test_tasks_that_the_scheduler_stopped_say_so(self, client, cluster):
        deploy(client, cluster, count=1)
        old = running(client, cluster)[0]["taskArn"]
        client.update_service(
            cluster=cluster, service="orders", taskDefinition=register(client, "orders", image="orders:2")
        )
        stable(client, cluster)
        client.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[old], WaiterConfig=SOON)
        stopped = client.describe_tasks(cluster=cluster, tasks=[old])["tasks"][0]
        assert stopped["stopCode"] == "ServiceSchedulerInitiated"


class TestJobs:
    def test_success(self, client, cluster):
        assert [c["exitCode"] for c in run(client, cluster, "sh", "-c", "exit 0")["containers"]] == [0]

    def test_failure(self, client, cluster):
        task = run(client, cluster, "sh", "-c", "exit 3")
        assert task["containers"][0]["exitCode"] == 3
        assert task["stopCode"] == "EssentialContainerExited"

    def test_one_that_takes_a_second(self, client, cluster):
        assert run(client, cluster, "sleep", "1")["containers"][0]["exitCode"] == 0

    def test_one_that_is_stopped(self, client, cluster):
        job = register(client, "report", "sleep", "3600")
        task = client.run_task(cluster=cluster, taskDefinition=job, **FARGATE)["tasks"][0]["taskArn"]
        client.get_waiter("tasks_running").wait(cluster=cluster, tasks=[task], WaiterConfig=SOON)
        client.stop_task(cluster=cluster, task=task, reason="enough")
        client.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task], WaiterConfig=SOON)
        stopped = client.describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]
        assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")

    def test_beside_a_service(self, client, cluster):
        deploy(client, cluster)
        assert run(client, cluster, "sh", "-c", "exit 0")["lastStatus"] == "STOPPED"
        assert len(running(client, cluster)) == 2


class TestRecords:
    def test_a_cluster(self, client, cluster):
        found = client.describe_clusters(clusters=[cluster])["clusters"][0]
        assert (found["clusterName"], found["status"]) == (cluster, "ACTIVE")

    def test_revisions(self, client, cluster):
        first, second = register(client, "orders"), register(client, "orders", image="orders:2")
        number = int(first.rpartition(":")[2])
        assert second.endswith(f"task-definition/orders:{number + 1}")

    def test_a_task_definition_comes_back(self, client, cluster):
        environment = [{"name": "STAGE", "value": "test"}]
        arn = register(client, "orders", environment=environment)
        found = client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        assert found["containerDefinitions"][0]["environment"] == environment

    def test_a_service_is_listed(self, client, cluster):
        definition = register(client, "orders")
        client.create_service(
            cluster=cluster, serviceName="orders", taskDefinition=definition, desiredCount=1, **FARGATE
        )
        (arn,) = client.list_services(cluster=cluster)["serviceArns"]
        assert arn.endswith(f"service/{cluster}/orders")

    def test_an_unknown_service(self, client, cluster):
        with pytest.raises(client.exceptions.ServiceNotFoundException):
            client.update_service(cluster=cluster, service="none", desiredCount=1)
