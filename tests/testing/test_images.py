"""Functions that stand for images: what they get, and what comes of them."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest
from tests.testing.conftest import Run
from tests.testing.fakes import Fakes, call

from kecs.testing import (
    CannotFake,
    Container,
    Images,
    Request,
    Server,
    TaskDefinitionBuilder,
    address_of,
    admin,
    assert_service_healthy,
    cleanup_cluster,
    create_test_task_definition,
    deploy_service,
    running_tasks,
    start_server,
    wait_for_stable_service,
)


def test_a_workflow_of_services_and_jobs(fakes: Fakes) -> None:
    """Orders are taken over HTTP, paid for by a worker, and shipped at night by a job that fails the first time."""
    begun, image, client = time.perf_counter(), fakes.image, fakes.client
    attempts: list[float] = []

    @image("orders:*")
    def orders(container: Container) -> None:
        waiting: list[Any] = []
        paid: list[Any] = []

        def handler(request: Request) -> Any:
            match request.method, request.path:
                case "POST", "/orders":
                    waiting.append(request.json())
                    return 201, {"position": len(waiting)}
                case "GET", "/next":
                    return waiting.pop(0) if waiting else None
                case "POST", "/paid":
                    paid.append(request.json())
                    return 204
                case "GET", "/paid":
                    return paid
            return 404

        container.serve(8080, handler)

    @image("payment:*")
    def payment(container: Container) -> None:
        url = container.environment["ORDERS"]
        while not container.stopping.wait(60):
            status, _ = answer = call(f"{url}/next")
            if status == 200:
                call(f"{url}/paid", {"order": answer[1].decode(), "by": container.task.service})

    @image("shipping:*")
    def shipping(container: Container) -> int:
        attempts.append(container.now)
        if len(attempts) == 1:
            container.print("no lorry", stderr=True)
            return 3
        container.sleep(4 * 3600)
        _, paid = call(f"{container.environment['ORDERS']}/paid")
        container.print("shipped", paid.decode())
        return 0

    deploy_service(client, fakes.cluster, "orders", "orders:1", ports=[8080])
    (task,) = running_tasks(client, fakes.cluster, "orders")
    url = address_of(client, fakes.cluster, task["taskArn"], 8080)
    deploy_service(client, fakes.cluster, "payment", "payment:1", environment={"ORDERS": url})
    assert call(f"{url}/orders", {"item": "book"}) == (201, b'{"position": 1}')
    fakes.server.clock.advance(minutes=2)
    first = fakes.task("shipping:1", environment={"ORDERS": url})
    assert fakes.code(first) == 3
    assert fakes.output(first) == ["no lorry"]
    second = fakes.task("shipping:1", environment={"ORDERS": url})
    assert fakes.code(second) == 0
    assert fakes.output(second) == ['shipped [{"order": "{\\"item\\": \\"book\\"}", "by": "payment"}]']
    assert fakes.server.clock.now - attempts[1] >= 4 * 3600
    assert_service_healthy(client, fakes.cluster, "payment")
    assert time.perf_counter() - begun < 20  # a loaded machine included; it is four hours on KECS's clock


def test_what_a_function_is_told(fakes: Fakes) -> None:
    told: list[Container] = []
    fakes.image("app:*")(told.append)
    command = ["report", "--all"]
    task = fakes.task("app:7", environment={"COLOUR": "blue"}, command=command, entryPoint=["/bin/app"])
    assert fakes.code(task) == 0
    (container,) = told
    assert (container.name, container.image) == ("app", "app:7")
    assert container.environment["COLOUR"] == "blue"
    assert container.command == ["/bin/app", "report", "--all"]
    assert (container.task.arn, container.task.cluster) == (task, fakes.cluster)
    assert container.task.family.startswith("test-task-")
    assert (container.task.revision, container.task.service, container.task.launch_type) == (1, None, "EC2")
    assert (container.task.account, container.task.region) == ("000000000000", "us-east-1")


def test_overrides_of_the_run_are_in_the_environment(fakes: Fakes) -> None:
    @fakes.image("app:*")
    def app(container: Container) -> int:
        return int(container.environment["CODE"])

    definition = create_test_task_definition(fakes.client, image="app:1", environment={"CODE": "1"})
    overrides = {"containerOverrides": [{"name": "app", "environment": [{"name": "CODE", "value": "9"}]}]}
    answer = fakes.client.run_task(cluster=fakes.cluster, taskDefinition=definition, overrides=overrides)
    assert fakes.code(answer["tasks"][0]["taskArn"]) == 9


def test_what_a_function_prints_is_the_containers_output_and_nobody_elses(
    fakes: Fakes, capsys: pytest.CaptureFixture[str]
) -> None:
    @fakes.image("app:*")
    def app(container: Container) -> None:
        print("one\ntwo")  # noqa: T201  # it is what is tested
        print("three", file=sys.stderr)  # noqa: T201
        sys.stdout.writelines(["fo", "ur\n"])
        thread = threading.Thread(target=container.print, args=("five",))
        thread.start()
        thread.join()
        container.sleep(60)
        print("no line end", end="")  # noqa: T201

    task = fakes.task()
    assert fakes.code(task) == 0
    print("the test")  # noqa: T201
    assert fakes.output(task) == ["one", "two", "three", "four", "five", "no line end"]
    assert capsys.readouterr() == ("the test\n", "")


def crash(_: Container) -> None:
    raise LookupError("no such order")


def leave(code: Any) -> Any:
    def function(_: Container) -> None:
        sys.exit(code)

    return function


@pytest.mark.parametrize(
    ("function", "code", "last"),
    [
        (lambda _: None, 0, None),
        (lambda _: 42, 42, None),
        (leave(None), 0, None),
        (leave(4), 4, None),
        (leave(-1), 255, None),
        (leave("the reason"), 1, "the reason"),
        (crash, 1, "LookupError: no such order"),
        (lambda _: "done", 1, "TypeError: The function returned 'done'; an exit code is a number from 0 to 255"),
        (lambda _: 256, 1, "TypeError: The function returned 256"),
    ],
    ids=["none", "int", "exit", "exit-4", "exit-minus-1", "exit-text", "crash", "text", "256"],
)
def test_exit_codes(fakes: Fakes, function: Any, code: int, last: str | None) -> None:
    fakes.image("app:*")(function)
    task = fakes.task()
    assert fakes.code(task) == code
    output = fakes.output(task)
    assert output[-1].startswith(last) if last else output == []


def test_a_traceback_is_of_the_function_alone(fakes: Fakes) -> None:
    fakes.image("app:*")(crash)
    task = fakes.task()
    fakes.wait(task)
    first, where, *_ = fakes.output(task)
    assert first == "Traceback (most recent call last):"
    assert "test_images.py" in where
    assert "in crash" in where


def test_hours_pass_to_the_instant(fakes: Fakes) -> None:
    times: list[float] = []

    @fakes.image("app:*")
    def app(container: Container) -> None:
        for _ in range(3):
            times.append(container.now)
            container.sleep(8 * 3600)
        times.append(container.now)

    clock = fakes.server.clock
    clock.freeze()
    try:
        task = fakes.task()
        clock.advance(seconds=1)
        assert len(times) == 1
        clock.advance(hours=8, seconds=-2)
        assert len(times) == 1
        clock.advance(seconds=2)
        assert len(times) == 2
        clock.advance(hours=16)
    finally:
        clock.resume()
    assert fakes.code(task) == 0
    assert [round(at - times[0], 3) for at in times] == [0, 28800, 57600, 86400]


def test_a_frozen_clock_holds_functions_up(fakes: Fakes) -> None:
    steps: list[int] = []

    @fakes.image("app:*")
    def app(container: Container) -> None:
        for step in range(1000):
            steps.append(step)
            container.sleep(1)

    clock = fakes.server.clock
    clock.freeze()
    try:
        fakes.task()
        for seconds in (0.5, 1, 1, 10):
            clock.advance(seconds=seconds)
            before = len(steps)
            fakes.client.list_tasks(cluster=fakes.cluster)
            assert len(steps) == before
        assert len(steps) == 13
    finally:
        clock.resume()


def forever(container: Container) -> None:
    while True:
        container.sleep(1)


def until_sigterm(container: Container) -> int:
    while not container.stopping:
        container.sleep(100)
    container.print("draining")
    container.sleep(5)
    return 6


def waiting_for_sigterm(container: Container) -> int:
    while not container.stopping.wait(100):
        pass
    return 6


def cleaning_up(container: Container) -> None:
    try:
        container.sleep(1e6)
    finally:
        container.print("cleaned up")


def deaf(container: Container) -> None:
    while True:
        container.stopping.wait(1)
        container.sleep(1)


@pytest.mark.parametrize(
    ("function", "code", "seconds", "output"),
    [
        (forever, 143, 0, []),
        (until_sigterm, 6, 5, ["draining"]),
        (waiting_for_sigterm, 6, 0, []),
        (cleaning_up, 143, 0, ["cleaned up"]),
        (deaf, 137, 20, []),
    ],
)
def test_sigterm(fakes: Fakes, function: Any, code: int, seconds: float, output: list[str]) -> None:
    fakes.image("app:*")(function)
    clock = fakes.server.clock
    clock.freeze()
    try:
        task = fakes.task(stopTimeout=20)
        clock.advance(minutes=10)
        fakes.client.stop_task(cluster=fakes.cluster, task=task)
        clock.advance(minutes=1)
    finally:
        clock.resume()
    found = fakes.wait(task)
    assert found["containers"][0]["exitCode"] == code
    stopping, stopped = found["stoppingAt"].timestamp(), found["executionStoppedAt"].timestamp()
    assert seconds <= stopped - stopping < seconds + 0.5
    assert fakes.output(task) == output


def test_a_crash_of_a_service_is_made_good(fakes: Fakes) -> None:
    runs: list[str] = []

    @fakes.image("app:*")
    def app(container: Container) -> None:
        runs.append(container.task.id)
        container.sleep(30)
        if len(runs) == 1:
            raise RuntimeError("out of luck")
        container.stopping.wait()

    deploy_service(fakes.client, fakes.cluster, "app", "app:1")
    fakes.server.clock.advance(minutes=5)
    wait_for_stable_service(fakes.client, fakes.cluster, "app")
    assert len(set(runs)) == 2


def test_the_restart_policy_starts_it_again(fakes: Fakes) -> None:
    runs: list[float] = []

    @fakes.image("app:*")
    def app(container: Container) -> int:
        runs.append(container.now)
        container.sleep(100)
        return 0 if len(runs) == 3 else 5

    policy = {"enabled": True, "ignoredExitCodes": [0], "restartAttemptPeriod": 60}
    task = fakes.task(restartPolicy=policy)
    assert fakes.code(task) == 0
    assert len(runs) == 3


def test_containers_wait_for_each_other(fakes: Fakes) -> None:
    order: list[str] = []

    @fakes.image("migrate:*")
    def migrate(container: Container) -> None:
        container.sleep(60)
        order.append("migrated")

    @fakes.image("database:*")
    def database(container: Container) -> None:
        container.healthy = None
        container.sleep(100)
        order.append("ready")
        container.healthy = True
        container.stopping.wait()

    @fakes.image("app:*")
    def app(container: Container) -> None:
        order.append("app")

    definition = (
        TaskDefinitionBuilder("order")
        .with_container("migrate", "migrate:1", essential=False)
        .with_container("database", "database:1", essential=False, health_check="pg_isready")
        .with_container("app", "app:1", depends_on={"migrate": "SUCCESS", "database": "HEALTHY"})
        .register(fakes.client)
    )
    answer = fakes.client.run_task(cluster=fakes.cluster, taskDefinition=definition)
    fakes.wait(answer["tasks"][0]["taskArn"])
    assert order == ["migrated", "ready", "app"]


@pytest.mark.parametrize(("by_definition", "after"), [("false", 0), ("true", 60)])
def test_health_is_what_the_function_says(fakes: Fakes, by_definition: str, after: float) -> None:
    said: list[float] = []

    @fakes.image("app:*")
    def app(container: Container) -> None:
        assert container.healthy is None
        container.sleep(600)
        said.append(container.now)
        container.healthy = False
        container.stopping.wait()

    clock, environment = fakes.server.clock, {"KECS_SIM_HEALTH_BY_DEFINITION": by_definition}
    check = {"command": ["CMD-SHELL", "curl localhost"], "interval": 30, "retries": 3}
    task = fakes.task(environment=environment, healthCheck=check)
    healths: list[tuple[str, float]] = []
    clock.freeze()
    try:
        clock.advance(seconds=590)
        for _ in range(110):
            clock.advance(seconds=1)
            status = fakes.client.describe_tasks(cluster=fakes.cluster, tasks=[task])["tasks"][0]["healthStatus"]
            if not healths or healths[-1][0] != status:
                healths.append((status, clock.now))
    finally:
        clock.resume()
    assert [status for status, _ in healths] == ["HEALTHY", "UNHEALTHY"]
    assert after <= healths[-1][1] - said[0] <= after + 31


def test_what_stands_in_the_environment_wins_and_then_the_function(fakes: Fakes) -> None:
    script = {"run_seconds": 1, "exit_code": 8, "pull_seconds": 100}
    admin.call(fakes.server.endpoint, "POST", "images", {"image": "scripted:*", "script": script})
    fakes.image("scripted:*")(lambda _: 5)
    task = fakes.wait(fakes.task("scripted:1"))
    assert task["containers"][0]["exitCode"] == 5
    assert (task["pullStoppedAt"] - task["pullStartedAt"]).total_seconds() >= 100
    assert fakes.code(fakes.task("scripted:1", environment={"KECS_SIM_EXIT_CODE": "9"})) == 9
    failed = fakes.wait(fakes.task("scripted:1", environment={"KECS_SIM_PULL_ERROR": "gone"}))
    assert "gone" in failed["stoppedReason"]


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
