"""The testing kit on pods: how it finds their cluster, what somebody else does to them, and that nothing is left."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from lightkube.resources.core_v1 import Pod
from tests.support.images import test_image
from tests.support.patience import PATIENCE
from tests.testing.behind import KUBECONFIG, kubernetes, objects, options
from tests.testing.conftest import Run
from tests.testing.fakes import call

from kecs.runtimes.kubernetes.names import CLUSTER, INSTANCE, SERVICE
from kecs.testing import (
    NotStarted,
    Server,
    TaskDefinitionBuilder,
    address_of,
    deploy_service,
    run_test_task,
    running_tasks,
    start_server,
    wait_until,
    watch_service,
)

pytestmark = pytest.mark.kubernetes

SERVE = ["sh", "-c", "trap 'exit 0' TERM; echo up; while true; do sleep 0.1; done"]


@pytest.fixture
def server() -> Iterator[Server]:
    with start_server(**options("kubernetes")) as server:
        yield server


def test_nothing_is_left_of_a_server(server: Server) -> None:
    client = server.ecs_client()
    client.create_cluster(clusterName="leaves")
    keeps = TaskDefinitionBuilder("keeps").with_volume("files", efsVolumeConfiguration={"fileSystemId": "fs-1"})
    mount = {"sourceVolume": "files", "containerPath": "/files"}
    keeps.with_container("app", test_image("v1"), command=SERVE, mountPoints=[mount])
    deploy_service(client, "leaves", "web", test_image("v1"), command=SERVE)
    run_test_task(client, "leaves", keeps.register(client))

    (instance,) = {one.metadata.labels[INSTANCE] for one in objects(CLUSTER, "leaves")}

    def kinds() -> set[str]:
        return {type(one).__name__ for one in objects(INSTANCE, instance)}

    wait_until(client, kinds, equals={"Namespace", "Pod", "PersistentVolumeClaim", "Service"})
    server.cleanup()
    given_up = time.monotonic() + PATIENCE
    while (left := kinds()) and time.monotonic() < given_up:
        time.sleep(0.2)  # Kubernetes removes a namespace in its own time, and no KECS is left to ask
    assert left == set()


def test_a_pod_that_somebody_deletes_is_replaced(server: Server) -> None:
    client = server.ecs_client()
    deploy_service(client, "default", "orders", test_image("v1"), count=2, command=SERVE)
    victim = running_tasks(client, "default", "orders")[0]["taskArn"]

    def two_others() -> bool:
        found = [task["taskArn"] for task in running_tasks(client, "default", "orders")]
        return len(found) == 2 and victim not in found

    (pod,) = [one.metadata for one in objects(SERVICE, "orders") if one.metadata.name.endswith(victim[-32:])]
    with watch_service(client, "default", "orders") as watch:
        kubernetes(lambda cluster: cluster.delete(Pod, pod.name, pod.namespace))
        wait_until(client, two_others)
    assert watch.lowest == 1
    (deleted,) = client.describe_tasks(cluster="default", tasks=[victim])["tasks"]
    assert (deleted["desiredStatus"], deleted["stoppedReason"]) == ("STOPPED", "The pod of the task was deleted")


def test_a_port_of_its_node(server: Server) -> None:
    client = server.ecs_client()
    with socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]
    mapping = {"containerPort": 8080, "hostPort": port}
    deploy_service(client, "default", "web", test_image("v1"), portMappings=[mapping])
    url = address_of(client, "default", running_tasks(client, "default", "web")[0]["taskArn"], 8080)
    assert url.endswith(f":{port}")
    assert wait_until(client, lambda: call(url)) == (200, b"v1")


MARKED = """
import pytest
from kecs.testing import assert_task_completed, create_test_task_definition, output_of, run_test_task, wait_for_task

@pytest.mark.kecs(runtime="kubernetes")
def test_it(kecs, ecs, ecs_cluster):
    assert kecs.runtime == "kubernetes"
    job = create_test_task_definition(ecs, "job", {image!r}, command=["echo", "17 orders"])
    task = run_test_task(ecs, ecs_cluster, job)
    wait_for_task(ecs, ecs_cluster, task, "STOPPED")
    assert_task_completed(ecs, ecs_cluster, task)
    assert output_of(ecs, ecs_cluster, task) == ["17 orders"]
"""


def test_a_marked_test_runs_on_the_cluster_that_the_environment_names(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", KUBECONFIG)
    assert "1 passed" in run(MARKED.format(image=test_image("v1")), "--kecs-child")


def test_a_context_that_there_is_not() -> None:
    with pytest.raises(NotStarted, match=r"no Kubernetes cluster is known: .*elsewhere"):
        start_server(runtime="kubernetes", env={"KECS_KUBECONFIG": KUBECONFIG, "KECS_CONTEXT": "elsewhere"})
