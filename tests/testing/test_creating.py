from __future__ import annotations

from typing import Any

import pytest

from kecs.testing import (
    Server,
    TaskDefinitionBuilder,
    cleanup_cluster,
    create_test_service,
    create_test_task_definition,
    deploy_service,
    run_test_task,
    running_tasks,
)


def test_a_builder_says_what_register_task_definition_wants() -> None:
    built = (
        TaskDefinitionBuilder("shop")
        .with_container("db", "postgres:17", health_check="pg_isready", ports=[5432])
        .with_container(
            "web",
            "shop:1",
            command=["serve"],
            environment={"MODE": "test"},
            memory=256,
            essential=False,
            depends_on={"db": "HEALTHY"},
            stopTimeout=5,
        )
        .with_fargate(512, 1024)
        .with_volume("data")
        .with_volume("cache", host={"sourcePath": "/var/cache"})
        .with_members(taskRoleArn="arn:aws:iam::000000000000:role/shop")
        .build()
    )
    assert built == {
        "family": "shop",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "512",
        "memory": "1024",
        "volumes": [{"name": "data"}, {"name": "cache", "host": {"sourcePath": "/var/cache"}}],
        "taskRoleArn": "arn:aws:iam::000000000000:role/shop",
        "containerDefinitions": [
            {
                "name": "db",
                "image": "postgres:17",
                "memory": 128,
                "essential": True,
                "healthCheck": {"command": ["CMD-SHELL", "pg_isready"]},
                "portMappings": [{"containerPort": 5432}],
            },
            {
                "name": "web",
                "image": "shop:1",
                "memory": 256,
                "essential": False,
                "command": ["serve"],
                "environment": [{"name": "MODE", "value": "test"}],
                "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}],
                "stopTimeout": 5,
            },
        ],
    }


def test_a_builder_registers_revision_after_revision(client: Any) -> None:
    builder = TaskDefinitionBuilder("again").with_container("app", "app:1")
    assert [builder.register(client).rsplit("/", 1)[-1] for _ in range(2)] == ["again:1", "again:2"]


def test_families_and_services_without_a_name_get_one_of_their_own(client: Any, cluster: str) -> None:
    one, other = create_test_task_definition(client), create_test_task_definition(client)
    assert one.rsplit(":", 1)[0] != other.rsplit(":", 1)[0]
    services = [create_test_service(client, cluster, one) for _ in range(2)]
    assert services[0]["serviceName"] != services[1]["serviceName"]
    assert {service["launchType"] for service in services} == {"EC2"}


def test_a_service_on_fargate_has_a_network(client: Any, cluster: str) -> None:
    definition = TaskDefinitionBuilder("serverless").with_container("app", "app").with_fargate().register(client)
    service = create_test_service(client, cluster, definition, launchType="FARGATE")
    assert service["networkConfiguration"]["awsvpcConfiguration"]["subnets"]


def test_a_daemon_service_counts_its_instances(client: Any, cluster: str) -> None:
    definition = create_test_task_definition(client)
    service = create_test_service(client, cluster, definition, schedulingStrategy="DAEMON")
    assert service["schedulingStrategy"] == "DAEMON"


def test_a_service_is_deployed_and_deployed_again(client: Any, cluster: str) -> None:
    first = deploy_service(client, cluster, "web", "web:1", 2)
    assert (first["runningCount"], first["taskDefinition"].rsplit("/", 1)[-1]) == (2, "web:1")
    second = deploy_service(client, cluster, "web", "web:2", 3, service={"healthCheckGracePeriodSeconds": 5})
    assert (second["runningCount"], second["taskDefinition"].rsplit("/", 1)[-1]) == (3, "web:2")
    assert second["serviceArn"] == first["serviceArn"]
    tasks = running_tasks(client, cluster, "web")
    assert [task["containers"][0]["image"] for task in tasks] == ["web:2"] * 3


def test_only_tasks_that_run_and_are_meant_to_count(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=2)
    job = create_test_task_definition(client, environment={"KECS_SIM_START_SECONDS": "50"})
    client.run_task(cluster=cluster, taskDefinition=job)
    assert len(running_tasks(client, cluster)) == len(running_tasks(client, cluster, "web")) == 2


def test_many_running_tasks_are_found(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=120, memory=4)
    assert len(running_tasks(client, cluster, "web")) == 120


def test_a_cluster_is_cleaned_up(client: Any) -> None:
    client.create_cluster(clusterName="full")
    deploy_service(client, "full", "web", count=2)
    client.run_task(cluster="full", taskDefinition=create_test_task_definition(client))
    cleanup_cluster(client, "full")
    assert client.describe_clusters(clusters=["full"])["clusters"][0]["status"] == "INACTIVE"
    cleanup_cluster(client, "full")
    cleanup_cluster(client, "never-was")


def test_what_stays_in_a_cluster_is_told(client: Any, server: Server) -> None:
    client.create_cluster(clusterName="busy")
    slow = create_test_task_definition(
        client, environment={"KECS_SIM_STOP_SECONDS": "90", "KECS_SIM_IGNORE_SIGTERM": "true"}, stopTimeout=90
    )
    client.run_task(cluster="busy", taskDefinition=slow)
    server.clock.run_until_stable()
    with pytest.raises(TimeoutError, match=r"Cluster busy is still there after 5 s: .* while Tasks are active"):
        cleanup_cluster(client, "busy", timeout=5)
    cleanup_cluster(client, "busy")


def test_a_task_is_run_or_there_is_a_reason(client: Any, cluster: str) -> None:
    small = create_test_task_definition(client)
    task = run_test_task(client, cluster, small, group="jobs")
    assert client.describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]["group"] == "jobs"
    big = create_test_task_definition(client, "big", memory=10_000_000)
    with pytest.raises(AssertionError, match=rf"^Cluster {cluster} has no place for a task of .*/big:1: RESOURCE:MEM"):
        run_test_task(client, cluster, big)


def test_a_service_of_a_task_definition_of_ones_own(client: Any, cluster: str) -> None:
    fargate = TaskDefinitionBuilder("own").with_container("app", "app:1").with_fargate().register(client)
    service = deploy_service(
        client, cluster, "web", task_definition=fargate, count=2, service={"launchType": "FARGATE"}
    )
    assert service["taskDefinition"] == fargate
    assert {task["launchType"] for task in running_tasks(client, cluster, "web")} == {"FARGATE"}
    task = run_test_task(client, cluster, fargate, launchType="FARGATE")
    assert client.describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]["launchType"] == "FARGATE"
