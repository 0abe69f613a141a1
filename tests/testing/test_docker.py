from __future__ import annotations

from functools import partial

import pytest
from tests.support.images import test_image

from kecs.testing import (
    ClockNotMovable,
    assert_service_healthy,
    assert_task_completed,
    cleanup_cluster,
    create_test_task_definition,
    deploy_service,
    probe,
    running_tasks,
    service_urls,
    start_server,
    wait_for_stable_service,
    wait_for_task,
    watch_service,
)

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("in_process", [True, False], ids=["this process", "a child"])
def test_the_kit_on_real_containers(in_process: bool) -> None:
    image = test_image("v1")
    with start_server(runtime="docker", in_process=in_process) as server:
        assert server.runtime == "docker"
        client = server.ecs_client()
        client.create_cluster(clusterName="real")
        deploy_service(client, "real", "web", image, ports=[8080])
        assert_service_healthy(client, "real", "web")
        failing = create_test_task_definition(client, "job", image, command=["sh", "-c", "echo out of paper; exit 7"])
        task = client.run_task(cluster="real", taskDefinition=failing)["tasks"][0]["taskArn"]
        wait_for_task(client, "real", task, "STOPPED")
        with pytest.raises(AssertionError, match="container app: exit code 7\n    \\| out of paper"):
            assert_task_completed(client, "real", task)
        with pytest.raises(ClockNotMovable, match="real containers"):
            server.clock.advance(minutes=1)
        cleanup_cluster(client, "real")


def test_a_rolling_update_is_watched_and_probed() -> None:
    with start_server(runtime="docker") as server:
        client = server.ecs_client()
        deploy_service(client, "default", "web", test_image("v1"), 2, ports=[8080])
        urls = partial(service_urls, client, "default", "web", 8080)
        with watch_service(client, "default", "web") as watch, probe(urls, every=0.01) as traffic:
            deploy_service(client, "default", "web", test_image("v2"), 2, ports=[8080])
        watch.assert_always_healthy()
        traffic.assert_always_up(longest_gap=1)
        with watch_service(client, "default", "web") as watch:
            client.stop_task(cluster="default", task=running_tasks(client, "default", "web")[0]["taskArn"])
            wait_for_stable_service(client, "default", "web")
        assert watch.lowest == 1
        assert watch.longest_gap > 0
