from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tests.support.images import test_image
from tests.testing.behind import DOCKER, KUBERNETES, options

from kecs.testing import (
    Container,
    NotKnown,
    NotStarted,
    Server,
    Snapshot,
    create_test_task_definition,
    deploy_service,
    running_tasks,
    service_urls,
    start_server,
    wait_for_stable_service,
    wait_for_task,
    watch_service,
)


def arns(client: Any, service: str = "web") -> set[str]:
    return {task["taskArn"] for task in running_tasks(client, "default", service)}


def test_a_server_goes_back_to_where_it_was(server: Server, client: Any) -> None:
    server.clock.freeze()
    deploy_service(client, "default", "web", count=2)
    before, tasks, now = server.snapshot(), arns(client), server.clock.now
    assert before.now == now
    client.update_service(cluster="default", service="web", desiredCount=5)
    deploy_service(client, "default", "other")
    server.clock.advance(hours=3)
    server.restore(before)
    assert server.clock.now == now
    assert server.clock.frozen
    assert arns(client) == tasks
    assert client.list_services(cluster="default")["serviceArns"] == [arn_of("web")]
    assert server.snapshot() == before
    server.clock.resume()


def arn_of(service: str) -> str:
    return f"arn:aws:ecs:us-east-1:000000000000:service/default/{service}"


def test_another_server_goes_on_from_a_file(tmp_path: Path) -> None:
    with start_server() as server:
        client = server.ecs_client()
        server.clock.freeze()
        deploy_service(client, "default", "web", "web:1", 2, ports=[80])
        job = create_test_task_definition(client, "job", command=["sh", "-c", "echo begun; sleep 28800; exit 3"])
        task = client.run_task(cluster="default", taskDefinition=job)["tasks"][0]["taskArn"]
        server.clock.advance(hours=1)
        tasks = arns(client)
        server.snapshot().save(tmp_path / "state.json")
        with start_server(in_process=False) as other:  # while the first one still runs
            other.restore(Snapshot.load(tmp_path / "state.json"))
            there = other.ecs_client()
            assert arns(there) == tasks
            other.clock.advance(hours=7)
            assert wait_for_task(there, "default", task, "STOPPED")["containers"][0]["exitCode"] == 3
            urls = service_urls(there, "default", "web", 80)
            assert [urlopen(url).status for url in urls] == [200, 200]


def test_tasks_answer_where_they_did(server: Server, client: Any) -> None:
    deploy_service(client, "default", "web", "web:1", 2, ports=[80])
    urls, before = service_urls(client, "default", "web", 80), server.snapshot()
    deploy_service(client, "default", "web", "web:2", 1, ports=[80])
    server.restore(before)
    assert service_urls(client, "default", "web", 80) == urls
    assert [urlopen(url).read()[:5] for url in urls] == [b"web:1", b"web:1"]


def test_a_watch_does_not_know_what_it_did_not_see(server: Server, client: Any) -> None:
    deploy_service(client, "default", "web")
    before = server.snapshot()
    with watch_service(client, "default", "web") as watch:
        server.restore(before)
    with pytest.raises(NotKnown, match="restored to a snapshot"):
        watch.assert_always_healthy()


def test_what_is_no_snapshot_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="taken by a newer KECS"):
        server.restore(Snapshot({"kecsSnapshot": 1000, "version": "99"}))
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ValueError, match=r"other\.json is no snapshot of KECS"):
        Snapshot.load(tmp_path / "other.json")
    with pytest.raises(OSError, match="No such file"):
        Snapshot.load(tmp_path / "nothing.json")


@pytest.mark.parametrize("runtime", [DOCKER, KUBERNETES])
def test_real_containers_that_still_run_go_on_and_others_count_as_lost(runtime: str) -> None:
    image = test_image("v1")
    with start_server(**options(runtime)) as server:
        client = server.ecs_client()
        deploy_service(client, "default", "web", image, 2)
        job = create_test_task_definition(client, "job", image, command=["sleep", "1000"], stopTimeout=2)
        task = client.run_task(cluster="default", taskDefinition=job)["tasks"][0]["taskArn"]
        wait_for_task(client, "default", task)
        before, tasks = server.snapshot(), arns(client)
        gone = sorted(tasks)[0]
        client.stop_task(cluster="default", task=gone)
        client.stop_task(cluster="default", task=task)
        wait_for_task(client, "default", task, "STOPPED")
        wait_for_task(client, "default", gone, "STOPPED")
        wait_for_stable_service(client, "default", "web")
        server.restore(before)
        stopped = wait_for_task(client, "default", task, "STOPPED")
        assert stopped["stopCode"] == "EssentialContainerExited"
        assert "Could not find the container" in stopped["containers"][0]["reason"]
        wait_for_stable_service(client, "default", "web")
        assert arns(client) & tasks == tasks - {gone}
        assert len(arns(client)) == 2


@pytest.mark.parametrize("in_process", [True, False], ids=["this process", "a child"])
def test_a_server_begins_with_a_seed(tmp_path: Path, in_process: bool) -> None:
    (tmp_path / "seed.yaml").write_text("clusters: [{clusterName: shop}]")
    with start_server(seed=tmp_path / "seed.yaml", in_process=in_process) as server:
        assert len(server.ecs_client().list_clusters()["clusterArns"]) == 2
    (tmp_path / "seed.yaml").write_text("clusters: [{clusterName: 'no good'}]")
    with pytest.raises(NotStarted, match=r"clusters\[0\] \(no good\): CreateCluster is refused with "):
        start_server(seed=tmp_path / "seed.yaml", in_process=in_process)


def test_what_a_function_does_is_not_in_a_snapshot(server: Server, client: Any) -> None:
    with server.images() as image:

        @image("fake:*")
        def fake(container: Container) -> None:
            container.sleep(1e6)

        deploy_service(client, "default", "fake", "fake:1")
        before, tasks = server.snapshot(), arns(client, "fake")
        server.restore(before)
        wait_for_stable_service(client, "default", "fake")
        assert arns(client, "fake").isdisjoint(tasks)
        client.delete_service(cluster="default", service="fake", force=True)
