"""`kill -9` in the middle of everything, then a restart on the same data folder."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.sdk.calls import define, serve, tasks, until, wait_stable
from tests.support.images import docker, test_image
from tests.support.servers import Server

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

CLUSTER = "default"
ACCOUNT = "333333333333"
OURS = f"arn:aws:ecs:us-east-1:{ACCOUNT}:"
CALLS = 50
TASK = "io.kecs.task"
CONTAINER = "io.kecs.container"


def containers() -> dict[tuple[str, str], dict[str, Any]]:
    """What the engine has of KECS's containers whose task ARN is one of ours, by task and container name."""
    filters = quote(json.dumps({"label": [TASK, "io.kecs.role=container"]}))
    status, found = docker("GET", f"/containers/json?all=true&filters={filters}")
    assert status == 200, found
    by_name: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in found:
        key = (entry["Labels"][TASK], entry["Labels"][CONTAINER])
        if not key[0].startswith(OURS):
            continue
        assert key not in by_name, f"two containers for {key}"
        by_name[key] = entry
    return by_name


def started_at(container_id: str) -> tuple[str, str]:
    """The container's identity and its start: both stay when it is adopted."""
    _, found = docker("GET", f"/containers/{container_id}/json")
    return found["Id"], found["State"]["StartedAt"]


def describe(ecs: Any, arns: list[str]) -> dict[str, Any]:
    """Tasks by ARN; every one of them must be there."""
    found: dict[str, Any] = {}
    for first in range(0, len(arns), 100):
        answer = ecs.describe_tasks(cluster=CLUSTER, tasks=arns[first : first + 100])
        assert answer["failures"] == []
        found |= {task["taskArn"]: task for task in answer["tasks"]}
    return found


def interrupted(server: Server, new: str, kill_after: int) -> list[str]:
    """RunTask from many sides and a rolling deployment, cut short when so many calls were acknowledged; the ARNs of
    all tasks that were."""
    acknowledged: list[str] = []
    enough = threading.Event()

    def run(_: int) -> None:
        try:
            answer = server.client(account=ACCOUNT).run_task(cluster=CLUSTER, taskDefinition="job", launchType="EC2")
        except (BotoCoreError, ClientError):
            return  # KECS was gone before it could answer
        acknowledged.extend(task["taskArn"] for task in answer["tasks"])
        if len(acknowledged) >= kill_after:
            enough.set()

    server.client(account=ACCOUNT).update_service(cluster=CLUSTER, service="web", taskDefinition=new)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(run, number) for number in range(CALLS)]
        assert enough.wait(60)
        server.kill()
        for call in calls:
            call.result()
    assert len(acknowledged) >= kill_after
    return acknowledged


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kill_after", "killed_again"),
    [
        pytest.param(25, False, marks=pytest.mark.long),
        pytest.param(1, False, marks=pytest.mark.long),
        (CALLS, True),
    ],
)
def test_nothing_is_lost_started_twice_or_left_behind(start: Any, kill_after: int, killed_again: bool) -> None:
    server = start()
    ecs = server.client(account=ACCOUNT)
    image = test_image("v1")
    serve(ecs, CLUSTER, define(ecs, "web", image), 4)
    ecs.register_task_definition(
        family="job",
        networkMode="none",
        containerDefinitions=[
            {"name": "app", "image": image, "memory": 16, "command": ["sleep", "600"], "stopTimeout": 2}
        ],
    )
    early = [
        task["taskArn"]
        for task in ecs.run_task(cluster=CLUSTER, taskDefinition="job", launchType="EC2", count=5)["tasks"]
    ]
    ecs.get_waiter("tasks_running").wait(cluster=CLUSTER, tasks=early, WaiterConfig={"Delay": 1})
    new = define(ecs, "web", test_image("v2"))

    acknowledged = interrupted(server, new, kill_after)
    running = {arn: started_at(entry["Id"]) for (arn, _), entry in containers().items() if arn in early}
    assert set(running) == set(early)
    victim = early[0]
    assert docker("POST", f"/containers/{running[victim][0]}/kill")[0] == 204

    if killed_again:  # while it takes up what there is
        start().kill()
    server = start()
    ecs = server.client(account=ACCOUNT)
    arns = [*early, *acknowledged]
    assert set(describe(ecs, arns)) == set(arns)

    until(lambda: describe(ecs, [victim])[victim]["lastStatus"] == "STOPPED", 30, "what exited meanwhile is seen")
    assert describe(ecs, [victim])[victim]["containers"][0]["exitCode"] == 137

    survivors = [arn for arn in arns if arn != victim]
    until(
        lambda: {task["lastStatus"] for task in describe(ecs, survivors).values()} == {"RUNNING"},
        120,
        "every acknowledged task runs",
    )
    adopted = containers()
    for arn in early[1:]:
        assert started_at(adopted[arn, "app"]["Id"]) == running[arn]

    wait_stable(ecs, CLUSTER)
    assert {task["taskDefinitionArn"] for task in tasks(ecs, CLUSTER, serviceName="web")} == {new}
    (deployment,) = ecs.describe_services(cluster=CLUSTER, services=["web"])["services"][0]["deployments"]
    assert deployment["rolloutState"] == "COMPLETED"

    def no_stray() -> bool:
        live = {arn for status in ("RUNNING", "STOPPED") for arn in listed(ecs, status)}
        return {arn for arn, _ in containers()} == live

    until(no_stray, 60, "a container for every task and a task for every container")
    server.stop()


def listed(ecs: Any, desired: str) -> list[str]:
    """ARNs of tasks that are not STOPPED yet, by desired status."""
    found: list[str] = []
    for page in ecs.get_paginator("list_tasks").paginate(cluster=CLUSTER, desiredStatus=desired):
        if page["taskArns"]:
            described = describe(ecs, page["taskArns"]).values()
            found += [task["taskArn"] for task in described if task["lastStatus"] != "STOPPED"]
    return found


def test_a_clean_stop_leaves_tasks_running_and_the_next_start_adopts_them(start: Any) -> None:
    server = start()
    ecs = server.client(account=ACCOUNT)
    serve(ecs, CLUSTER, define(ecs, "web", test_image("v1")), 2)
    before = {key: started_at(entry["Id"]) for key, entry in containers().items()}
    server.stop()
    server = start()
    ecs = server.client(account=ACCOUNT)
    wait_stable(ecs, CLUSTER)
    assert {key: started_at(entry["Id"]) for key, entry in containers().items()} == before
    ecs.delete_service(cluster=CLUSTER, service="web", force=True)
    ecs.get_waiter("services_inactive").wait(cluster=CLUSTER, services=["web"], WaiterConfig={"Delay": 1})
    until(lambda: containers() == {}, 30, "its containers are gone")
