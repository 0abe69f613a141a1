"""The scenarios of the guides to integration testing and end-to-end tests, on every runtime: the same tests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from tests.support.images import test_image
from tests.testing import behind
from tests.testing.behind import KUBECONFIG
from tests.testing.conftest import Run
from tests.testing.fakes import call

from kecs.testing import (
    Container,
    Faults,
    Images,
    Server,
    TaskDefinitionBuilder,
    address_of,
    assert_service_healthy,
    assert_task_completed,
    capture_diagnostics,
    cleanup_cluster,
    create_test_task_definition,
    deploy_service,
    output_of,
    probe,
    run_test_task,
    running_tasks,
    service_urls,
    wait_for_stable_service,
    wait_for_task,
    wait_until,
    watch_service,
)

pytestmark = pytest.mark.parametrize(
    "kecs",
    [
        pytest.param(behind.options("simulated"), id="simulated"),
        pytest.param(behind.options("docker"), id="docker", marks=pytest.mark.docker),
        pytest.param(behind.options("kubernetes"), id="kubernetes", marks=pytest.mark.kubernetes),
    ],
    indirect=True,
    scope="session",
)

Image = Callable[[str], str]
Job = Callable[..., str]

SERVE = ["sh", "-c", "trap 'exit 0' TERM; echo up; while true; do sleep 0.1; done"]
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@pytest.fixture
def image(kecs: Server) -> Image:
    """An image of some version: one that Docker has, whose containers Kubernetes' node runs too, or one that nobody
    has."""
    return "shop/web:{}".format if kecs.runtime == "simulated" else test_image


@pytest.fixture
def job(ecs: Any, ecs_cluster: str, image: Image) -> Job:
    """Runs a task of one container, `app`, with this shell line; its ARN."""

    def job(line: str, **container: Any) -> str:
        definition = create_test_task_definition(ecs, "job", image("v1"), command=["sh", "-c", line], **container)
        return run_test_task(ecs, ecs_cluster, definition)

    return job


# -- component tests: one task definition ------------------------------------------------------------------------------


def test_a_job_completes(ecs: Any, ecs_cluster: str, job: Job) -> None:
    task = job('echo "$COUNT orders"', environment={"COUNT": "17"})
    wait_for_task(ecs, ecs_cluster, task, "STOPPED")
    assert_task_completed(ecs, ecs_cluster, task)
    assert output_of(ecs, ecs_cluster, task) == ["17 orders"]


def test_a_job_fails_and_says_why(ecs: Any, ecs_cluster: str, job: Job) -> None:
    task = job("echo no connection to the database; exit 3")
    wait_for_task(ecs, ecs_cluster, task, "STOPPED")
    with pytest.raises(AssertionError) as failed:
        assert_task_completed(ecs, ecs_cluster, task)
    text = str(failed.value)
    assert "Essential container in task exited (EssentialContainerExited)" in text
    assert "container app: exit code 3\n    | no connection to the database" in text


def test_a_container_finishes_when_it_is_told_to_stop(ecs: Any, ecs_cluster: str, job: Job) -> None:
    task = job("trap 'echo all done; exit 0' TERM; echo up; while true; do sleep 0.1; done", stopTimeout=10)
    wait_until(ecs, lambda: output_of(ecs, ecs_cluster, task), equals=["up"])
    ecs.stop_task(cluster=ecs_cluster, task=task, reason="enough")
    stopped = wait_for_task(ecs, ecs_cluster, task, "STOPPED")
    assert stopped["stopCode"] == "UserInitiated"
    assert_task_completed(ecs, ecs_cluster, task)
    assert output_of(ecs, ecs_cluster, task)[-1] == "all done"


def test_a_container_without_enough_memory(ecs: Any, ecs_cluster: str, job: Job) -> None:
    task = job("exec tail /dev/zero", memory=16)
    (container,) = wait_for_task(ecs, ecs_cluster, task, "STOPPED")["containers"]
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert container["exitCode"] == 137


def test_a_container_waits_for_its_sidecar(kecs: Server, ecs: Any, ecs_cluster: str, image: Image) -> None:
    definition = (
        TaskDefinitionBuilder("orders")
        .with_container(
            "database",
            image("v1"),
            command=SERVE,
            healthCheck={"command": ["CMD-SHELL", "true"], "interval": 5, "timeout": 2, "retries": 3},
        )
        .with_container("orders", image("v1"), command=SERVE, depends_on={"database": "HEALTHY"})
        .register(ecs)
    )
    task = run_test_task(ecs, ecs_cluster, definition)
    wait_for_task(ecs, ecs_cluster, task)
    changes = kecs.history(cluster=ecs_cluster).of(task=task)
    healthy = changes.of(container="database").became("HEALTHY").first
    assert healthy < changes.of(kind="container", container="orders").became("RUNNING").first


# -- service tests -----------------------------------------------------------------------------------------------------


def test_a_service_comes_up(ecs: Any, ecs_cluster: str, image: Image) -> None:
    deploy_service(ecs, ecs_cluster, "orders", image("v1"), count=2, command=SERVE)
    assert_service_healthy(ecs, ecs_cluster, "orders")
    assert len(running_tasks(ecs, ecs_cluster, "orders")) == 2


def test_a_service_scales_out_and_in(ecs: Any, ecs_cluster: str, image: Image) -> None:
    deploy_service(ecs, ecs_cluster, "orders", image("v1"), command=SERVE)
    for count in (4, 2):
        ecs.update_service(cluster=ecs_cluster, service="orders", desiredCount=count)
        wait_for_stable_service(ecs, ecs_cluster, "orders")
        assert_service_healthy(ecs, ecs_cluster, "orders")
        assert len(running_tasks(ecs, ecs_cluster, "orders")) == count


def test_a_rolling_update_under_traffic(
    kecs: Server, kecs_image: Images, ecs: Any, ecs_cluster: str, image: Image
) -> None:
    @kecs_image("shop/web:*", only_simulated=True)
    def web(container: Container) -> None:
        container.serve(8080, lambda _: container.image.rsplit(":", 1)[1])

    urls = partial(service_urls, ecs, ecs_cluster, "orders", 8080)
    answers = {"command": ["CMD-SHELL", "wget -qO- http://127.0.0.1:8080"], "interval": 5, "timeout": 2, "retries": 3}
    serving: dict[str, Any] = {"count": 2, "ports": [8080], "healthCheck": answers}
    deploy_service(ecs, ecs_cluster, "orders", image("v1"), **serving)
    with (
        kecs.recording(cluster=ecs_cluster) as recording,
        watch_service(ecs, ecs_cluster, "orders") as watch,
        probe(urls, every=0.01) as traffic,
    ):
        deploy_service(ecs, ecs_cluster, "orders", image("v2"), **serving)
    watch.assert_always_healthy()
    assert traffic.failed == 0, traffic
    assert call(urls()[0]) == (200, b"v2")
    old, new = (recording.history.tasks(image=image(version)) for version in ("v1", "v2"))
    for stopped, change in enumerate(old.left("RUNNING"), 1):
        assert new.healthy_over_time().at(change) >= stopped


def test_a_failed_update_is_rolled_back(
    kecs: Server, kecs_faults: Faults, ecs: Any, ecs_cluster: str, image: Image
) -> None:
    before = deploy_service(
        ecs, ecs_cluster, "orders", image("v1"), command=SERVE, service={"deploymentConfiguration": BREAKER}
    )
    kecs_faults.fail_pull(cluster=ecs_cluster, when={"image": image("v2")})
    broken = create_test_task_definition(ecs, "orders", image("v2"), command=SERVE)
    with watch_service(ecs, ecs_cluster, "orders") as watch:
        ecs.update_service(cluster=ecs_cluster, service="orders", taskDefinition=broken)
        after = wait_for_stable_service(ecs, ecs_cluster, "orders", timeout=1800)
    watch.assert_always_healthy()
    assert after["taskDefinition"] == before["taskDefinition"]
    with pytest.raises(AssertionError, match="events report a failure"):
        assert_service_healthy(ecs, ecs_cluster, "orders")


def test_a_killed_task_is_replaced(kecs: Server, kecs_faults: Faults, ecs: Any, ecs_cluster: str, image: Image) -> None:
    deploy_service(ecs, ecs_cluster, "orders", image("v1"), count=2, command=SERVE)
    victim = running_tasks(ecs, ecs_cluster, "orders")[0]["taskArn"]
    with watch_service(ecs, ecs_cluster, "orders") as watch:
        kecs_faults.kill(task=victim)
        stopped = wait_for_task(ecs, ecs_cluster, victim, "STOPPED")
        wait_for_stable_service(ecs, ecs_cluster, "orders")
    assert (stopped["stopCode"], stopped["containers"][0]["exitCode"]) == ("EssentialContainerExited", 137)
    assert watch.lowest == 1
    assert victim not in [task["taskArn"] for task in running_tasks(ecs, ecs_cluster, "orders")]


def test_a_stopped_task_is_replaced(ecs: Any, ecs_cluster: str, image: Image) -> None:
    deploy_service(ecs, ecs_cluster, "orders", image("v1"), count=2, command=SERVE)
    victim = running_tasks(ecs, ecs_cluster, "orders")[0]["taskArn"]
    ecs.stop_task(cluster=ecs_cluster, task=victim)
    wait_for_task(ecs, ecs_cluster, victim, "STOPPED")
    wait_for_stable_service(ecs, ecs_cluster, "orders")
    running = [task["taskArn"] for task in running_tasks(ecs, ecs_cluster, "orders")]
    assert len(running) == 2
    assert victim not in running


def test_an_unhealthy_task_is_replaced(kecs_faults: Faults, ecs: Any, ecs_cluster: str, image: Image) -> None:
    check = {"command": ["CMD-SHELL", "true"], "interval": 5, "timeout": 2, "retries": 1}
    deploy_service(ecs, ecs_cluster, "orders", image("v1"), command=SERVE, healthCheck=check)
    ailing = running_tasks(ecs, ecs_cluster, "orders")[0]["taskArn"]
    kecs_faults.unhealthy(task=ailing)
    assert wait_for_task(ecs, ecs_cluster, ailing, "STOPPED")["stopCode"] == "ServiceSchedulerInitiated"
    wait_for_stable_service(ecs, ecs_cluster, "orders")
    assert len(running_tasks(ecs, ecs_cluster, "orders")) == 1


# -- end-to-end tests --------------------------------------------------------------------------------------------------


def test_a_service_is_found_by_its_address(
    kecs: Server, kecs_image: Images, ecs: Any, ecs_cluster: str, image: Image
) -> None:
    @kecs_image("shop/web:*", only_simulated=True)
    def web(container: Container) -> None:
        if "ORDERS" in container.environment:
            container.print(call(container.environment["ORDERS"])[1].decode())
        else:
            container.serve(8080, lambda _: "v1")

    orders = TaskDefinitionBuilder("orders").with_container("web", image("v1"), ports=[8080]).with_fargate()
    deploy_service(ecs, ecs_cluster, "orders", task_definition=orders.register(ecs), service={"launchType": "FARGATE"})
    url = address_of(ecs, ecs_cluster, running_tasks(ecs, ecs_cluster, "orders")[0]["taskArn"], 8080)
    wait_until(ecs, lambda: call(url))
    look = TaskDefinitionBuilder("look").with_fargate()
    look.with_container(
        "look", image("v1"), command=["sh", "-c", 'wget -qO- "$ORDERS"; echo'], environment={"ORDERS": url}
    )
    task = run_test_task(ecs, ecs_cluster, look.register(ecs), launchType="FARGATE")
    wait_for_task(ecs, ecs_cluster, task, "STOPPED")
    assert_task_completed(ecs, ecs_cluster, task)
    assert output_of(ecs, ecs_cluster, task) == ["v1"]


def test_several_services(ecs: Any, ecs_cluster: str, image: Image) -> None:
    services = {"orders": 2, "payment": 1, "shipping": 1}
    for name, count in services.items():
        deploy_service(ecs, ecs_cluster, name, image("v1"), count, command=SERVE)
    for name in services:
        assert_service_healthy(ecs, ecs_cluster, name)
    assert len(running_tasks(ecs, ecs_cluster)) == sum(services.values())


def test_load(kecs: Server, ecs: Any, ecs_cluster: str, image: Image) -> None:
    batches, each = (10, 5) if kecs.runtime == "simulated" else (2, 3)
    job = create_test_task_definition(ecs, "job", image("v1"), command=["sh", "-c", "sleep 1; echo done"], memory=8)

    def start(_: int) -> list[str]:
        answer = ecs.run_task(cluster=ecs_cluster, taskDefinition=job, count=each)
        assert answer["failures"] == []
        return [task["taskArn"] for task in answer["tasks"]]

    with ThreadPoolExecutor(batches) as users:
        tasks = [task for batch in users.map(start, range(batches)) for task in batch]
    assert len(set(tasks)) == batches * each
    ecs.get_waiter("tasks_stopped").wait(cluster=ecs_cluster, tasks=tasks, WaiterConfig={"Delay": 1})
    for task in tasks:
        assert_task_completed(ecs, ecs_cluster, task)


# -- what holds for all of them ----------------------------------------------------------------------------------------

FAILING = """
from kecs.testing import create_test_task_definition, wait_for_task

def test_it(ecs, ecs_cluster):
    job = create_test_task_definition(ecs, "job", {image!r}, command=["sh", "-c", "echo out of paper; exit 7"])
    task = ecs.run_task(cluster=ecs_cluster, taskDefinition=job)["tasks"][0]["taskArn"]
    wait_for_task(ecs, ecs_cluster, task, "STOPPED")
    assert False, "on purpose"
"""


def test_a_failed_test_is_told_why(kecs: Server, run: Run, image: Image) -> None:
    options = ["--kecs-runtime", kecs.runtime, "--kecs-kubeconfig", KUBECONFIG]
    printed = run(FAILING.format(image=image("v1")), *options, code=1)
    told = printed.split(" KECS --")[1]
    assert f"(runtime: {kecs.runtime})" in told
    assert "  container app: exit code 7\n    | out of paper" in told
    assert "RUNNING -> STOPPED (exit code 7)" in told


def test_nothing_is_left(kecs: Server, ecs: Any, ecs_cluster: str, image: Image) -> None:
    deploy_service(ecs, ecs_cluster, "orders", image("v1"), count=2, command=SERVE)
    assert len(behind.running(kecs.runtime, ecs_cluster)) == (0 if kecs.runtime == "simulated" else 2)
    cleanup_cluster(ecs, ecs_cluster)
    assert ecs.describe_clusters(clusters=[ecs_cluster])["clusters"][0]["status"] == "INACTIVE"
    assert {task["lastStatus"] for task in capture_diagnostics(kecs, ecs_cluster).tasks} == {"STOPPED"}
    wait_until(ecs, lambda: behind.running(kecs.runtime, ecs_cluster), equals=[])
