from __future__ import annotations

import inspect
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from kecs.core.faults.kinds import KINDS
from kecs.core.faults.reading import read
from kecs.testing import Faults, NoFault, Server, deploy_service, fault, running_tasks, wait_for_stable_service


@pytest.fixture
def client(server: Server) -> Any:
    """Of a server that lives as long as the module: no fault of one test is left for the next."""
    server.faults.clear()
    assert server.faults.all() == []
    return server.ecs_client()


def test_there_is_a_method_for_every_kind() -> None:
    methods = [name for name in vars(type(fault).__mro__[1]) if not name.startswith("_")]
    needed = {"seconds": 1, "age": 1}
    built = []
    for name in methods:
        method = getattr(fault, name)
        given = {key: value for key, value in needed.items() if key in inspect.signature(method).parameters}
        built.append(method(**given))
    assert sorted(read(members).kind for members in built) == sorted(KINDS)


def test_a_fault_counts_and_ends_with_its_block(server: Server, client: Any) -> None:
    with server.faults.throttle("List*", after=1, times=2) as throttled:
        client.list_clusters()
        for _ in range(2):
            with pytest.raises(ClientError, match=r"ThrottlingException.*Rate exceeded"):
                client.list_clusters()
        client.list_clusters()
        assert (throttled.struck, throttled.matched) == (2, 3)
        assert [one["id"] for one in server.faults.all()] == [throttled.id]
    assert server.faults.all() == []
    throttled.remove()  # more than once does no harm


def test_faults_of_one_user_do_not_go_with_those_of_another(server: Server, client: Any) -> None:
    mine = Faults(server.endpoint)
    server.faults.add(fault.drop("DeleteCluster"))
    mine.lose_response("DeleteCluster")
    mine.clear()
    assert [one["kind"] for one in server.faults.all()] == ["drop"]
    with pytest.raises(ConnectionClosedError):
        client.delete_cluster(cluster="default")


def test_what_is_no_fault_says_why(server: Server, client: Any) -> None:
    with pytest.raises(NoFault, match="there is nobody whom this one is about"):
        server.faults.kill(service="nobody")
    with pytest.raises(NoFault, match="There is no kind 'earthquake'"):
        server.faults.add({"kind": "earthquake"})


def test_a_lost_response_leaves_what_was_done(server: Server, client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=1)
    with server.faults.lose_response("UpdateService", times=1), pytest.raises(ConnectionClosedError):
        client.update_service(cluster=cluster, service="web", desiredCount=2)
    assert wait_for_stable_service(client, cluster, "web")["runningCount"] == 2


def test_a_killed_task_is_replaced(server: Server, client: Any, cluster: str) -> None:
    deploy_service(client, cluster, "web", count=2)
    first = running_tasks(client, cluster, "web")[0]["taskArn"]
    assert server.faults.kill(task=first).struck == 1
    server.clock.run_until_stable()
    after = [task["taskArn"] for task in running_tasks(client, cluster, "web")]
    assert len(after) == 2
    assert first not in after
