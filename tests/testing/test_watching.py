from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kecs.control.events import feed
from kecs.testing import (
    NotKnown,
    Server,
    admin,
    create_test_service,
    create_test_task_definition,
    deploy_service,
    running_tasks,
    start_server,
    wait_for_service,
    wait_for_stable_service,
    watch_service,
)

BRIEF = {"deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 100}}


@pytest.fixture(autouse=True)
def still(server: Server) -> Iterator[None]:
    """Only what a test does happens, at times that it can name."""
    server.clock.freeze()
    yield
    server.clock.resume()


def stop_one(client: Any, cluster: str, service: str = "web") -> str:
    task: str = running_tasks(client, cluster, service)[0]["taskArn"]
    client.stop_task(cluster=cluster, task=task, reason="chaos")
    return task


def test_a_rolling_update_keeps_to_the_percentages(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", "web:1", 3)
    with watch_service(client, cluster, "web") as watch:
        deploy_service(client, cluster, "web", "web:2", 3)
    watch.assert_always_healthy()
    assert (watch.lowest, watch.highest) == (3, 6)
    assert (watch.longest_gap, watch.intervals, watch.when) == (0, [], None)
    _, old, new = str(watch).splitlines()[:3]
    assert (old[:10], old[-2:]) == ("  web:1 |█", " |")
    assert (new[:10], new[-2:]) == ("  web:2 | ", "█|")


def test_the_percentages_of_the_service_count(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", "web:1", 4, service=BRIEF)
    with watch_service(client, cluster, "web") as watch:
        deploy_service(client, cluster, "web", "web:2", 4)
    watch.assert_always_healthy()
    assert (watch.lowest, watch.highest) == (2, 4)


def test_a_task_that_is_lost_is_a_gap_until_another_is_healthy(server: Server, client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=2, environment={"KECS_SIM_START_SECONDS": "7"})
    with watch_service(client, cluster, "web") as watch:
        server.clock.advance(seconds=10)
        at, task = server.clock.now, stop_one(client, cluster)
        wait_for_stable_service(client, cluster, "web")
        server.clock.advance(seconds=10)
    assert (watch.lowest, watch.highest) == (1, 3)
    (gap,) = watch.intervals
    assert (gap.healthy, gap.minimum) == (1, 2)
    assert gap.began == watch.when == pytest.approx(at, abs=0.1)
    assert watch.longest_gap == gap.seconds == pytest.approx(7, abs=0.1)
    with pytest.raises(AssertionError) as failed:
        watch.assert_always_healthy()
    text = str(failed.value)
    assert text.startswith("Service web was not always healthy: 1 of at least 2 tasks were healthy at +10.")
    assert "  too few | ^^" in text
    assert f"{task.rsplit('/', 1)[1][:8]} (web:" in text
    assert ": chaos (UserInitiated), app exit code 143" in text


def test_what_nobody_would_see_between_two_looks_is_seen(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web")
    with watch_service(client, cluster, "web") as watch:
        stop_one(client, cluster)
        assert wait_for_stable_service(client, cluster, "web")["runningCount"] == 1
    assert watch.lowest == 0
    assert 0 < watch.longest_gap < 0.1


def test_a_minimum_of_ones_own(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=3)
    with watch_service(client, cluster, "web", minimum=2) as watch, watch_service(client, cluster, "web") as strict:
        stop_one(client, cluster)
        wait_for_stable_service(client, cluster, "web")
    watch.assert_always_healthy()
    with pytest.raises(AssertionError, match="2 of at least 3"):
        strict.assert_always_healthy()


def test_a_maximum_of_ones_own(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", "web:1", 2)
    with watch_service(client, cluster, "web", maximum=3) as watch:
        deploy_service(client, cluster, "web", "web:2", 2)
    with pytest.raises(AssertionError, match=r"not always healthy: 4 of at most 3 tasks were there at \+0\.\d+ s\.\n"):
        watch.assert_always_healthy()


def test_health_checks_decide(server: Server, client: Any, cluster: str) -> None:
    checked: dict[str, Any] = {"health_check": "true", "environment": {"KECS_SIM_HEALTH": "HEALTHY@0,UNHEALTHY@60"}}
    deploy_service(client, cluster, "web", count=2, **checked)
    with watch_service(client, cluster, "web") as watch:
        server.clock.advance(seconds=90)
    assert watch.lowest == 0
    assert watch.when == pytest.approx(server.clock.now - 30, abs=1)


def test_a_task_that_has_not_passed_its_check_yet_is_not_healthy(server: Server, client: Any, cluster: str) -> None:
    slow: dict[str, Any] = {"health_check": "true", "environment": {"KECS_SIM_HEALTH_SECONDS": "20"}}
    create_test_service(client, cluster, create_test_task_definition(client, **slow), "web")
    server.clock.advance(seconds=10)
    assert len(running_tasks(client, cluster, "web")) == 1
    with watch_service(client, cluster, "web") as watch:
        assert watch.lowest == 0
        server.clock.advance(seconds=15)
    assert watch.longest_gap == pytest.approx(10, abs=0.1)


def test_load_balancers_decide_too(server: Server, client: Any, cluster: str) -> None:
    group = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/blue/0123456789abcdef"
    balancer = {"targetGroupArn": group, "containerName": "app", "containerPort": 80}
    deploy_service(client, cluster, "web", count=2, ports=[80], service={"loadBalancers": [balancer]})
    with watch_service(client, cluster, "web") as watch:
        task = running_tasks(client, cluster, "web")[0]["taskArn"]
        admin.call(server.endpoint, "POST", "targets", {"cluster": cluster, "task": task, "health": "unhealthy"})
        wait_for_stable_service(client, cluster, "web")
    assert watch.lowest == 1
    assert len(watch.intervals) == 1


def test_scaling_is_no_gap(server: Server, client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=2)
    with watch_service(client, cluster, "web") as watch:
        for count in (5, 1, 3):
            client.update_service(cluster=cluster, service="web", desiredCount=count)
            wait_for_stable_service(client, cluster, "web")
    watch.assert_always_healthy()
    assert (watch.lowest, watch.highest) == (1, 6)


def test_after_scaling_out_more_are_wanted(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=2)
    with watch_service(client, cluster, "web") as watch:
        client.update_service(cluster=cluster, service="web", desiredCount=4)
        wait_for_stable_service(client, cluster, "web")
        stop_one(client, cluster)
    with pytest.raises(AssertionError, match="3 of at least 4 tasks were healthy"):
        watch.assert_always_healthy()


def test_a_service_that_is_deleted_was_not_always_healthy(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web")
    with watch_service(client, cluster, "web") as watch:
        client.delete_service(cluster=cluster, service="web", force=True)
        wait_for_service(client, cluster, "web", "INACTIVE")
    with pytest.raises(AssertionError, match="the service is DRAINING"):
        watch.assert_always_healthy()


def test_another_service_is_another_matter(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web")
    deploy_service(client, cluster, "api")
    with watch_service(client, cluster, "web") as watch:
        stop_one(client, cluster, "api")
        wait_for_stable_service(client, cluster, "api")
    watch.assert_always_healthy()
    assert (watch.lowest, watch.highest) == (1, 1)


def test_while_the_block_runs_it_tells_of_what_was_until_now(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=2)
    with watch_service(client, cluster, "web") as watch:
        assert watch.lowest == 2
        stop_one(client, cluster)
        wait_for_stable_service(client, cluster, "web")
        assert watch.lowest == 1


def test_long_blocks_have_a_picture_too(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=2)
    with watch_service(client, cluster, "web") as watch:
        for _ in range(40):
            stop_one(client, cluster)
            wait_for_stable_service(client, cluster, "web")
    _, row, marks, *_ = str(watch).splitlines()
    assert len(row) == len(marks) < 100
    assert marks.count("^") > 30


def test_what_is_not_remembered_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "REMEMBERED", 50)
    with start_server() as server:
        client = server.ecs_client()
        deploy_service(client, "default", "web", count=2)
        with watch_service(client, "default", "web") as watch:
            for number in range(3):
                deploy_service(client, "default", "web", f"web:{number}", 2)
        with pytest.raises(NotKnown, match=r"service web stayed healthy is not known: KECS no longer remembers the ev"):
            watch.assert_always_healthy()
        with pytest.raises(NotKnown):
            assert watch.lowest == 2
        with pytest.raises(NotKnown):
            assert watch.intervals == []


def test_a_kecs_that_has_gone_is_not_known_either() -> None:
    with start_server() as server:
        client = server.ecs_client()
        deploy_service(client, "default", "web")
        with watch_service(client, "default", "web") as watch:
            server.cleanup()
    with pytest.raises(NotKnown, match="KECS does not answer"):
        watch.assert_always_healthy()


def test_the_error_of_the_block_is_the_one_that_counts(client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web")
    watch = watch_service(client, cluster, "web")
    with pytest.raises(ZeroDivisionError), watch:
        raise ZeroDivisionError
    assert watch.lowest == 1


def test_what_is_not_there_cannot_be_watched(client: Any, cluster: str) -> None:
    with pytest.raises(ValueError, match=f"Cluster {cluster} has no active service web that could be watched"):
        watch_service(client, cluster, "web")
