"""Functions that stand for images: what they get, and what comes of them."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest
from tests.testing.fakes import Fakes, call

from kecs.testing import (
    Container,
    Request,
    TaskDefinitionBuilder,
    address_of,
    admin,
    assert_service_healthy,
    create_test_task_definition,
    deploy_service,
    running_tasks,
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
