from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from kecs.testing import (
    Clock,
    ClockNotMovable,
    Server,
    create_test_service,
    create_test_task_definition,
    deploy_service,
    running_tasks,
    start_server,
)


@pytest.fixture
def clock() -> Iterator[Clock]:
    with start_server() as server:
        server.clock.freeze()
        yield server.clock


def test_time_moves_when_it_is_told_to(clock: Clock) -> None:
    before = clock.now
    assert clock.frozen
    clock.advance(seconds=1, minutes=2, hours=3, days=4)
    assert clock.now == pytest.approx(before + timedelta(seconds=1, minutes=2, hours=3, days=4).total_seconds())
    clock.resume()
    assert not clock.frozen


def test_time_does_not_go_back(clock: Clock) -> None:
    with pytest.raises(ValueError, match="advance is a number of seconds from 0"):
        clock.advance(minutes=-1)


def test_run_until_stable(server: Server, client: Any, cluster: str) -> None:
    server.clock.freeze()
    slow = create_test_task_definition(client, environment={"KECS_SIM_START_SECONDS": "40"})
    create_test_service(client, cluster, slow, "slow", count=3)
    began = server.clock.now
    server.clock.run_until_stable()
    assert len(running_tasks(client, cluster, "slow")) == 3
    assert 40 <= server.clock.now - began < 60
    server.clock.resume()


def test_what_never_comes_to_rest_is_named(server: Server, client: Any, cluster: str) -> None:
    stuck = create_test_task_definition(client, environment={"KECS_SIM_START_SECONDS": "100"})
    create_test_service(client, cluster, stuck, "stuck", count=2)
    with pytest.raises(TimeoutError, match="after 5 s: service stuck has 0 of 2 tasks running in 1 deployments; task "):
        server.clock.run_until_stable(timeout=5)


def test_the_waiters_of_aws_move_the_clock(server: Server, client: Any, cluster: str) -> None:
    job = create_test_task_definition(client, command=["sleep", "900"])
    task = client.run_task(cluster=cluster, taskDefinition=job)["tasks"][0]["taskArn"]
    began, real = server.clock.now, time.monotonic()
    client.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task], WaiterConfig={"MaxAttempts": 200})
    assert 900 <= server.clock.now - began < 920
    assert time.monotonic() - real < 60


def test_a_waiter_that_gives_up_says_so(server: Server, client: Any, cluster: str) -> None:
    from botocore.exceptions import WaiterError

    job = create_test_task_definition(client, command=["sleep", "900"])
    task = client.run_task(cluster=cluster, taskDefinition=job)["tasks"][0]["taskArn"]
    began = server.clock.now
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        client.get_waiter("tasks_stopped").wait(
            cluster=cluster, tasks=[task], WaiterConfig={"MaxAttempts": 3, "Delay": 20}
        )
    assert 40 <= server.clock.now - began < 50


def test_threads_that_all_move_the_clock(server: Server, client: Any, cluster: str) -> None:
    failed: list[BaseException] = []

    def deploy(number: int) -> None:
        try:
            deploy_service(client, cluster, f"s{number}", environment={"KECS_SIM_START_SECONDS": "7"})
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=deploy, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(running_tasks(client, cluster)) == 4


def test_a_clock_that_is_no_kecs_cannot_be_moved(server: Server) -> None:
    assert server.clock.movable
    assert not Clock("http://127.0.0.1:9").movable


def test_real_time_cannot_be_moved(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from kecs.testing import admin

    def refused(*_: Any, **__: Any) -> str:
        raise admin.Refused(409, "The docker runtime runs real containers, so its time cannot be moved.")

    monkeypatch.setattr(admin, "read", refused)
    with pytest.raises(ClockNotMovable, match="real containers"):
        server.clock.advance(seconds=1)
