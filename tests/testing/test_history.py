from __future__ import annotations

import concurrent.futures
from typing import Any

import pytest

from kecs.control.events import feed
from kecs.testing import (
    HistoryIncomplete,
    Server,
    capture_diagnostics,
    cleanup_cluster,
    create_test_task_definition,
    deploy_service,
    start_server,
)


def test_a_rolling_update_as_history(server: Server, client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "orders", "orders:1", count=3)
    with server.recording(cluster=cluster) as recording:
        deploy_service(client, cluster, "orders", "orders:2", count=3)
    old, new = (recording.history.tasks(image=image) for image in ("orders:1", "orders:2"))
    assert new.became("RUNNING").first < old.left("RUNNING").first
    for stopped, change in enumerate(old.left("RUNNING"), 1):
        assert new.healthy_over_time().at(change) >= stopped
    assert (old.running_over_time().numbers[0], old.running_over_time().numbers[-1]) == (3, 0)
    assert recording.history.tasks(service="orders").running_over_time().lowest == 3
    assert recording.history.of(kind="deployment").became("COMPLETED").last.deployment
    assert len(server.history(cluster=cluster).tasks(image="orders:*").became("RUNNING").arns) == 6


def test_health_is_part_of_it(server: Server, client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", health_check="true")
    server.clock.advance(seconds=60)
    tasks = server.history(cluster=cluster).tasks(service="web")
    assert tasks.became("RUNNING").first < tasks.became("HEALTHY").first
    assert tasks.healthy_over_time().highest == 1


def test_why_a_task_stopped(server: Server, client: Any, cluster: str) -> None:
    job = create_test_task_definition(client, command=["sh", "-c", "exit 3"])
    with server.recording() as recording:
        task = client.run_task(cluster=cluster, taskDefinition=job)["tasks"][0]["taskArn"]
        client.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task])
        assert recording.history.of(kind="task", task=task).last.after == "STOPPED"  # while it is recorded
    of_task = recording.history.of(task=task)
    assert of_task.of(kind="task").became("STOPPED").first.stop_code == "EssentialContainerExited"
    assert of_task.of(container="app").became("STOPPED").last.exit_code == 3
    assert "(exit code 3)" in str(recording.history)


def test_what_has_been_forgotten_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "REMEMBERED", 50)
    with start_server() as server:
        client = server.ecs_client()
        assert len(server.history()) == 0
        deploy_service(client, "default", "web", count=30)
        with pytest.raises(HistoryIncomplete, match="KECS remembers its newest 50 changes only"):
            server.history()
        with pytest.raises(HistoryIncomplete), server.recording():
            deploy_service(client, "default", "other", count=30)
        client.create_cluster(clusterName="young")
        with server.recording() as recording:
            deploy_service(client, "young", "few")
        assert recording.history.of(kind="service")
        with pytest.raises(HistoryIncomplete, match="KECS remembers"):
            recording.history.running_over_time()
        young = server.history(cluster="young")  # it has not been there for so long
        assert young.running_over_time().numbers == [0, 1]
        assert list(server.history(cluster="young", since=young[3])) == list(young[4:])


def test_an_error_in_a_recorded_block_is_the_one_that_is_raised(server: Server) -> None:
    with pytest.raises(ZeroDivisionError), server.recording():
        raise ZeroDivisionError


def test_calls_are_part_of_it_if_they_are_wanted(server: Server, client: Any, cluster: str) -> None:
    with server.recording(cluster=cluster, calls=True) as recording:
        deploy_service(client, cluster, "web")
    called = recording.history.calls("CreateService").first
    assert (called.after, called.message.split()[:2]) == ("OK", ["CreateService", f"cluster={cluster}"])
    assert called < recording.history.of(kind="service", service="web").first
    assert not recording.history.calls("DescribeServices")
    with server.recording() as recording:
        client.update_service(cluster=cluster, service="web", desiredCount=2)
    assert not recording.history.calls()


def test_threads_with_servers_of_their_own() -> None:
    def work(number: int) -> tuple[list[str], list[int], list[str]]:
        with start_server(in_process=number % 3 > 0) as server:
            client = server.ecs_client()
            with server.recording() as recording:
                deploy_service(client, "default", f"s{number}", f"s{number}:1", count=number)
            found = capture_diagnostics(server)
            running = recording.history.tasks(image=f"s{number}:1").running_over_time()
            return found.problems, running.numbers[-1:], [service["serviceName"] for service in found.services]

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        found = list(pool.map(work, range(1, 7)))
    assert found == [([], [number], [f"s{number}"]) for number in range(1, 7)]


def test_threads_that_share_a_server(server: Server, client: Any) -> None:
    def work(number: int) -> list[int]:
        name = f"thread-{number}"
        client.create_cluster(clusterName=name)
        with server.recording(cluster=name, calls=True) as recording:
            deploy_service(client, name, "web", count=number)
        cleanup_cluster(client, name)
        assert len(recording.history.calls("CreateService")) == 1
        return server.history(cluster=name).tasks().running_over_time().numbers

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for number, numbers in enumerate(pool.map(work, range(1, 9)), 1):
            assert (max(numbers), numbers[-1]) == (number, 0)


def test_what_a_snapshot_brings_is_not_counted_as_if_it_were_known() -> None:
    with start_server() as server:
        client = server.ecs_client()
        deploy_service(client, "default", "web", count=2)
        snapshot = server.snapshot()
        with server.recording(cluster="default") as recording:
            server.restore(snapshot)
        assert [change.kind for change in recording.history] == ["snapshot"]
        with pytest.raises(HistoryIncomplete, match="A snapshot was restored"):
            recording.history.running_over_time()
        client.create_cluster(clusterName="young")
        deploy_service(client, "young", "web")
        assert server.history(cluster="young").running_over_time().numbers == [0, 1]
