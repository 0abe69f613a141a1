"""Functions that stand for images: which containers they are for, how long, and whose time they live by."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from tests.testing.conftest import Run
from tests.testing.fakes import Fakes

from kecs.testing import (
    CannotFake,
    Container,
    Images,
    Server,
    assert_service_healthy,
    capture_diagnostics,
    cleanup_cluster,
    create_test_task_definition,
    deploy_service,
    running_tasks,
    start_server,
    wait_for_stable_service,
)


def forever(container: Container) -> None:
    while True:
        container.sleep(3600)


def test_the_newest_binding_counts_and_ends_with_its_block(server: Server, fakes: Fakes) -> None:
    fakes.image("app:*")(lambda _: 1)
    with server.images() as image:
        image("app:2*")(lambda _: 2)
        assert fakes.code(fakes.task("app:2")) == 2
        assert fakes.code(fakes.task("app:1")) == 1
    assert fakes.code(fakes.task("app:2")) == 1


def test_two_servers_at_once() -> None:
    with start_server() as one, start_server(region="eu-west-1") as other:
        seen: list[tuple[str, str]] = []

        def app(container: Container) -> None:
            container.print("from", container.task.region)
            clusters = container.client("ecs").list_clusters()["clusterArns"]
            seen.append((container.task.region, clusters[0]))
            container.sleep(60)

        for server in (one, other):
            server.image("app:*")(app)
            client = server.ecs_client()
            client.create_cluster(clusterName="c")
            definition = create_test_task_definition(client, image="app:1")
            task = client.run_task(cluster="c", taskDefinition=definition)["tasks"][0]["taskArn"]
            fakes = Fakes(server, client, "c", server.image)
            assert fakes.code(task) == 0
            assert fakes.output(task) == [f"from {server.region}"]
        assert [region for region, arn in seen if f":{region}:" in arn] == ["us-east-1", "eu-west-1"]


def test_a_hundred_containers_go_on_in_the_same_order_every_time() -> None:
    def happened() -> list[tuple[float, int]]:
        events: list[tuple[float, int]] = []
        with start_server() as server:
            server.clock.freeze()
            begun = server.clock.now
            names: list[str] = []

            @server.image("app:*")
            def app(container: Container) -> None:
                names.append(container.task.id)
                number = int(container.environment["NUMBER"])
                for round_ in range(3):
                    events.append((round(container.now - begun, 3), number))
                    container.sleep(60 + number % 7 + round_)

            client = server.ecs_client()
            client.create_cluster(clusterName="c")
            for number in range(100):
                definition = create_test_task_definition(
                    client, f"app-{number}", image="app:1", environment={"NUMBER": str(number)}
                )
                client.run_task(cluster="c", taskDefinition=definition)
            server.clock.advance(minutes=10)
        return events

    events = happened()
    assert len(events) == 300
    assert events == happened()


def test_a_client_in_a_container_sleeps_on_the_clock_where_it_waits(fakes: Fakes) -> None:
    @fakes.image("job:*")
    def job(container: Container) -> None:
        container.sleep(1000)

    @fakes.image("app:*")
    def app(container: Container) -> None:
        ecs = container.client("ecs")
        answer = ecs.run_task(cluster=container.task.cluster, taskDefinition=container.environment["JOB"])
        task = answer["tasks"][0]["taskArn"]
        ecs.get_waiter("tasks_stopped").wait(
            cluster=container.task.cluster, tasks=[task], WaiterConfig={"MaxAttempts": 1000}
        )
        deploy_service(ecs, container.task.cluster, "more")

    definition = create_test_task_definition(fakes.client, image="job:1")
    task = fakes.task(environment={"JOB": definition})
    assert fakes.code(task) == 0, fakes.output(task)
    assert_service_healthy(fakes.client, fakes.cluster, "more")


def test_a_container_cannot_move_the_time_that_it_lives_by(fakes: Fakes) -> None:
    fakes.image("app:*")(lambda _: fakes.server.clock.freeze())
    task = fakes.task()
    assert fakes.code(task) == 1
    assert fakes.output(task)[-1] == "RuntimeError: A container cannot hold up the time that it lives by."


def test_a_reset_and_the_end_of_a_server_end_every_thread() -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if "app:1" in thread.name]

    with start_server() as server:
        server.image("app:*")(forever)
        client = server.ecs_client()
        client.create_cluster(clusterName="c")
        deploy_service(client, "c", "app", "app:1", count=3)
        assert len(threads()) == 3
        server.reset()
        client.create_cluster(clusterName="c")
        deploy_service(client, "c", "app", "app:1", count=2)
    assert threads() == []
    assert server.logs() == ""


def test_a_function_that_nothing_ends_is_abandoned_with_a_word() -> None:
    released = threading.Event()
    with start_server() as server:
        server.image("app:*")(lambda _: released.wait() and None)
        client = server.ecs_client()
        client.create_cluster(clusterName="c")
        task = client.run_task(cluster="c", taskDefinition=create_test_task_definition(client, image="app:1"))
        Fakes(server, client, "c", server.image).server.clock.resume()
        while (
            client.describe_tasks(cluster="c", tasks=[task["tasks"][0]["taskArn"]])["tasks"][0]["lastStatus"]
            != "RUNNING"
        ):
            pass
    assert "(app:1) goes on although its container is gone" in server.logs()
    released.set()


def test_a_kecs_in_another_process_cannot_call_functions() -> None:
    with (
        start_server(in_process=False) as server,
        pytest.raises(CannotFake, match=r"start_server\(\), without in_process=False"),
    ):
        server.image("app:*")(forever)


class RealContainers:
    """A host as Docker's would be."""

    endpoint = "http://127.0.0.1:1"
    runtime = "docker"

    def stop(self) -> None: ...

    def ended(self) -> None: ...


def test_real_images_are_themselves() -> None:
    image = Images(RealContainers(), lambda *_: None)
    with pytest.raises(CannotFake, match=r"real image of app:\*. With only_simulated=True"):
        image("app:*")(forever)
    assert image("app:*", only_simulated=True)(forever) is forever


async def coroutine(_: Container) -> None: ...


def generator(_: Container) -> Any:
    yield


@pytest.mark.parametrize("function", [coroutine, generator])
def test_only_plain_functions_stand_for_images(image: Images, function: Any) -> None:
    with pytest.raises(TypeError, match="A plain function"):
        image("app:*")(function)


@pytest.mark.parametrize("pattern", ["", None, forever])
def test_a_binding_says_for_which_images(image: Images, pattern: Any) -> None:
    with pytest.raises(TypeError, match="Say which images"):
        image(pattern)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan"), "1"])
def test_durations_make_sense(fakes: Fakes, seconds: Any) -> None:
    fakes.image("app:*")(lambda container: container.sleep(seconds))
    task = fakes.task()
    assert fakes.code(task) == 1
    assert "finite number of seconds" in fakes.output(task)[-1]


def test_messages_are_waited_for_on_the_clock(fakes: Fakes) -> None:
    pytest.importorskip("moto")
    received: list[str] = []

    @fakes.image("worker:*")
    def worker(container: Container) -> None:
        sqs, queue = container.client("sqs"), container.environment["QUEUE"]
        while not container.stopping:
            for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20).get("Messages", []):
                received.append(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    sqs = fakes.server.client("sqs")
    queue = sqs.create_queue(QueueName=fakes.cluster[:60])["QueueUrl"]
    deploy_service(fakes.client, fakes.cluster, "worker", "worker:1", environment={"QUEUE": queue})
    begun = time.perf_counter()
    fakes.server.clock.advance(minutes=2)
    sqs.send_message(QueueUrl=queue, MessageBody="an order")
    fakes.server.clock.advance(seconds=20)
    assert received == ["an order"]
    assert time.perf_counter() - begun < 20  # rather than 140
    cleanup_cluster(fakes.client, fakes.cluster)


def test_the_fixture_binds_for_one_test(run: Run) -> None:
    run(
        "from kecs.testing import create_test_task_definition, wait_for_task\n"
        "def code(ecs, ecs_cluster):\n"
        "    definition = create_test_task_definition(ecs, image='app:1', command=['sh', '-c', 'exit 1'])\n"
        "    task = ecs.run_task(cluster=ecs_cluster, taskDefinition=definition)['tasks'][0]['taskArn']\n"
        "    return wait_for_task(ecs, ecs_cluster, task, 'STOPPED')['containers'][0]['exitCode']\n"
        "def test_bound(kecs_image, ecs, ecs_cluster):\n"
        "    @kecs_image('app:*')\n"
        "    def app(container):\n"
        "        print('hidden')\n"
        "        return 5\n"
        "    assert code(ecs, ecs_cluster) == 5\n"
        "def test_not_bound(ecs, ecs_cluster):\n"
        "    assert code(ecs, ecs_cluster) == 1\n",
    )


def test_faults_strike_functions_too(fakes: Fakes) -> None:
    ended: list[str] = []

    @fakes.image("app:*")
    def app(container: Container) -> None:
        try:
            container.stopping.wait()
        finally:
            ended.append(container.task.id)

    deploy_service(fakes.client, fakes.cluster, "app", "app:1")
    (task,) = running_tasks(fakes.client, fakes.cluster, "app")
    with fakes.server.faults.kill(cluster=fakes.cluster):
        stopped = fakes.wait(task["taskArn"])
    assert stopped["containers"][0]["exitCode"] == 137
    wait_for_stable_service(fakes.client, fakes.cluster, "app")
    assert ended == [task["taskArn"].rsplit("/", 1)[-1]]


def test_what_no_container_has_started_is_known(fakes: Fakes) -> None:
    fakes.image("wroker:*")(forever)
    fakes.image("worker:*")(lambda container: 0)
    assert fakes.server.idle_images == ["wroker:*", "worker:*"]
    assert fakes.code(fakes.task("worker:1")) == 0
    assert fakes.server.idle_images == ["wroker:*"]
    told = capture_diagnostics(fakes.server, fakes.cluster)
    assert told.idle_images == ["wroker:*"]
    assert "functions that no container has started: wroker:*" in str(told).splitlines()
    with fakes.server.images() as image:
        image("never:*")(forever)
        assert fakes.server.idle_images == ["wroker:*", "never:*"]
    assert fakes.server.idle_images == ["wroker:*"]
