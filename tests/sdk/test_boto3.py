"""The main job with boto3: jobs, services that heal, updates under traffic, and nobody sees another's things."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.servers import Server

from .calls import NETWORK, PORT, QUICK, address, answers, define, serve, tasks, until, wait_stable

OBEYS = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"]
DEAF = ["sh", "-c", "trap '' TERM; while true; do sleep 0.1; done"]
HOARDS = ["tail", "/dev/zero"]
CHECK = ["sh", "-c", 'test "$GREETING" = hello || exit 9; exit $CODE']


@pytest.mark.parametrize("code", [0, 3])
def test_a_job_with_an_overridden_environment(ecs: Any, cluster: str, image: Any, code: int) -> None:
    define(ecs, "job", image(), command=CHECK, environment=[{"name": "GREETING", "value": "bye"}])
    environment = [{"name": "GREETING", "value": "hello"}, {"name": "CODE", "value": str(code)}]
    (task,) = ecs.run_task(
        cluster=cluster,
        taskDefinition="job",
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        overrides={"containerOverrides": [{"name": "app", "environment": environment}]},
    )["tasks"]
    arn = task["taskArn"]
    assert ecs.describe_tasks(cluster=cluster, tasks=[arn])["failures"] == []
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[arn], WaiterConfig=QUICK)
    (task,) = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
    assert task["lastStatus"] == "STOPPED"
    assert task["containers"][0]["exitCode"] == code
    assert task["stopCode"] == "EssentialContainerExited"


def test_no_sibling_outlives_an_essential_container(ecs: Any, cluster: str, image: Any) -> None:
    containers = [
        {"name": "app", "image": image(), "command": ["sh", "-c", "sleep 1; exit 4"]},
        {"name": "deaf", "image": image(), "essential": False, "stopTimeout": 2, "command": DEAF},
        {"name": "log", "image": image(), "essential": False, "command": OBEYS},
    ]
    arn = run(ecs, cluster, "siblings", containers)
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[arn], WaiterConfig=QUICK)
    (task,) = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
    assert {c["name"]: (c["lastStatus"], c["exitCode"]) for c in task["containers"]} == {
        "app": ("STOPPED", 4),
        "deaf": ("STOPPED", 137),
        "log": ("STOPPED", 0),
    }


@pytest.mark.parametrize(
    ("condition", "line", "starts"),
    [
        ("START", "sleep 600", True),
        ("COMPLETE", "sleep 1; exit 5", True),
        ("SUCCESS", "sleep 1; exit 0", True),
        ("SUCCESS", "exit 5", False),
    ],
)
def test_a_container_waits_for_another(
    ecs: Any, cluster: str, image: Any, condition: str, line: str, starts: bool
) -> None:
    after = [{"containerName": "first", "condition": condition}]
    containers = [
        {"name": "first", "image": image(), "essential": False, "command": ["sh", "-c", line], "stopTimeout": 2},
        {"name": "app", "image": image(), "command": ["sh", "-c", "exit 0"], "dependsOn": after},
    ]
    arn = run(ecs, cluster, "ordered", containers)
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[arn], WaiterConfig=QUICK)
    (task,) = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
    assert task["stopCode"] == ("EssentialContainerExited" if starts else "TaskFailedToStart")
    codes = {c["name"]: c.get("exitCode") for c in task["containers"]}
    assert codes["app"] == (0 if starts else 143)  # which the ECS agent makes up


def test_a_container_waits_for_the_health_of_another(ecs: Any, cluster: str, image: Any) -> None:
    check = {"command": ["CMD-SHELL", "true"], "interval": 5}
    after = [{"containerName": "db", "condition": "HEALTHY"}]
    containers = [
        {"name": "db", "image": image(), "command": ["sleep", "600"], "healthCheck": check, "stopTimeout": 2},
        {"name": "app", "image": image(), "command": ["sh", "-c", "exit 6"], "dependsOn": after},
    ]
    arn = run(ecs, cluster, "healthy", containers)
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[arn], WaiterConfig=QUICK)
    (task,) = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
    assert {c["name"]: c["exitCode"] for c in task["containers"]}["app"] == 6


def test_more_memory_than_there_is(ecs: Any, cluster: str, image: Any) -> None:
    arn = run(ecs, cluster, "hoarder", [{"name": "app", "image": image(), "memory": 16, "command": HOARDS}])
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[arn], WaiterConfig=QUICK)
    (container,) = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]["containers"]
    assert container["exitCode"] == 137
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def run(ecs: Any, cluster: str, family: str, containers: list[dict[str, Any]]) -> str:
    """Run a task of these containers on the built-in instance; its ARN, after a look whether it is there."""
    containers = [{"memory": 64, **container} for container in containers]
    ecs.register_task_definition(family=family, networkMode="bridge", containerDefinitions=containers)
    (task,) = ecs.run_task(cluster=cluster, taskDefinition=family, launchType="EC2")["tasks"]
    arn: str = task["taskArn"]
    assert ecs.describe_tasks(cluster=cluster, tasks=[arn])["failures"] == []
    return arn


def test_a_service_heals(ecs: Any, cluster: str, image: Any) -> None:
    serve(ecs, cluster, define(ecs, "web", image()), 3)
    (service,) = ecs.describe_services(cluster=cluster, services=["web"])["services"]
    assert (service["status"], service["runningCount"], service["desiredCount"]) == ("ACTIVE", 3, 3)
    victim = tasks(ecs, cluster)[0]["taskArn"]
    ecs.stop_task(cluster=cluster, task=victim)

    def healed() -> bool:
        running = [t["taskArn"] for t in tasks(ecs, cluster) if t["lastStatus"] == "RUNNING"]
        return len(running) == 3 and victim not in running

    until(healed, 30, "three running tasks without the stopped one")


def test_an_update_without_downtime(ecs: Any, cluster: str, image: Any) -> None:
    check = {"command": ["CMD-SHELL", f"wget -q -O /dev/null http://127.0.0.1:{PORT}/"], "interval": 5, "retries": 3}
    # Simulated containers would start within milliseconds, too fast for anybody to watch; real ones ignore this.
    container = {"healthCheck": check, "environment": [{"name": "KECS_SIM_START_SECONDS", "value": "1"}]}
    serve(ecs, cluster, define(ecs, "web", image(1), **container), 4)
    new = define(ecs, "web", image(2), **container)
    done = threading.Event()
    counts: list[int] = []

    def count() -> int:
        """How many of the service's tasks answer. The list may be out of date by the time of the last request."""
        urls = [url for task in tasks(ecs, cluster) if (url := address(task))]
        with ThreadPoolExecutor(8) as pool:
            return sum(pool.map(answers, urls))

    def watch() -> None:
        while not done.is_set():
            answering = count()
            counts.append(answering if answering >= 4 else max(answering, count()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        ecs.update_service(cluster=cluster, service="web", taskDefinition=new)

        def updated() -> bool:
            live = tasks(ecs, cluster)
            return len(live) == 4 and all(t["taskDefinitionArn"] == new and t["lastStatus"] == "RUNNING" for t in live)

        until(updated, 120, "only new tasks")
        wait_stable(ecs, cluster)
    finally:
        done.set()
        watcher.join()
    assert len(counts) > 2
    assert min(counts) >= 4
    (deployment,) = ecs.describe_services(cluster=cluster, services=["web"])["services"][0]["deployments"]
    assert deployment["rolloutState"] == "COMPLETED"


def test_an_update_that_cannot_start_is_rolled_back(ecs: Any, cluster: str, image: Any) -> None:
    good = define(ecs, "web", image())
    serve(ecs, cluster, good, 2)
    gone = [{"name": "KECS_SIM_PULL_ERROR", "value": "manifest unknown"}]  # what a simulated registry would not know
    bad = define(ecs, "web", "registry.invalid/gone:1", environment=gone)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    ecs.update_service(cluster=cluster, service="web", taskDefinition=bad, deploymentConfiguration=breaker)

    def ended() -> bool:
        newest = ecs.list_service_deployments(cluster=cluster, service="web")["serviceDeployments"][0]
        return bool(newest["status"] == "ROLLBACK_SUCCESSFUL")

    until(ended, 120, "the way back")
    wait_stable(ecs, cluster)
    (service,) = ecs.describe_services(cluster=cluster, services=["web"])["services"]
    assert service["taskDefinition"] == good
    assert [task["taskDefinitionArn"] for task in tasks(ecs, cluster)] == [good, good]


def test_scale_to_zero_and_delete(ecs: Any, cluster: str, image: Any) -> None:
    serve(ecs, cluster, define(ecs, "web", image()), 2)
    ecs.update_service(cluster=cluster, service="web", desiredCount=0)
    wait_stable(ecs, cluster)
    assert tasks(ecs, cluster) == []
    assert ecs.delete_service(cluster=cluster, service="web")["service"]["status"] == "DRAINING"
    ecs.get_waiter("services_inactive").wait(cluster=cluster, services=["web"], WaiterConfig=QUICK)
    stopped = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=stopped, WaiterConfig=QUICK)
    assert ecs.delete_cluster(cluster=cluster)["cluster"]["status"] == "INACTIVE"


def test_a_thousand_lists_at_once(ecs: Any, cluster: str, image: Any) -> None:
    serve(ecs, cluster, define(ecs, "web", image()), 2)

    def listed(_: int) -> int:
        return len(ecs.list_tasks(cluster=cluster, serviceName="web")["taskArns"])

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(listed, range(1000))) == {2}


def test_an_ec2_task_gets_a_port_of_the_host(ecs: Any, cluster: str, image: Any) -> None:
    ecs.register_task_definition(
        family="ec2",
        networkMode="bridge",
        containerDefinitions=[
            {"name": "app", "image": image(), "memory": 64, "portMappings": [{"containerPort": PORT, "hostPort": 0}]}
        ],
    )
    (task,) = ecs.run_task(cluster=cluster, taskDefinition="ec2", launchType="EC2")["tasks"]
    ecs.get_waiter("tasks_running").wait(cluster=cluster, tasks=[task["taskArn"]], WaiterConfig=QUICK)
    (task,) = tasks(ecs, cluster)
    (binding,) = task["containers"][0]["networkBindings"]
    assert binding["containerPort"] == PORT
    until(lambda: answers(f"http://127.0.0.1:{binding['hostPort']}/"), 10, "an answer on the host port")


def test_regions_and_accounts_are_apart(server: Server, ecs: Any, cluster: str, image: Any) -> None:
    define(ecs, "apart", image())
    here = f"arn:aws:ecs:us-east-1:111111111111:cluster/{cluster}"
    assert here in ecs.list_clusters()["clusterArns"]
    for elsewhere in (server.client(region="eu-west-1"), server.client(account="222222222222")):
        assert here not in elsewhere.list_clusters()["clusterArns"]
        assert elsewhere.list_task_definitions(familyPrefix="apart")["taskDefinitionArns"] == []
        with pytest.raises(elsewhere.exceptions.ClusterNotFoundException):
            elsewhere.list_tasks(cluster=cluster)


def test_errors_are_the_models_own(ecs: Any, cluster: str) -> None:
    with pytest.raises(ecs.exceptions.ClientException, match=r"TaskDefinition not found\."):
        ecs.run_task(cluster=cluster, taskDefinition="nope")
    with pytest.raises(ecs.exceptions.ServiceNotFoundException) as refused:
        ecs.update_service(cluster=cluster, service="nope")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
