"""(d) RunTask to RUNNING on Docker, against create and start through the Docker API alone."""

from __future__ import annotations

import statistics
import time
from typing import Any

from bench.api import Api, wait_until
from bench.docker_api import IMAGE, Engine
from bench.model import Case, Column, Goal, Sample
from bench.servers import CLUSTER, KECS_ON_DOCKER, network, running

TASKS = 5  # a round's sample is the median of as many, after one that is not counted
_NETWORK = "kecs-bench-floor"


def measure(name: str) -> Sample:
    """One round with one subject."""
    who, mode = name.split("-")
    engine = Engine()
    try:
        engine.make_image()
        times = _kecs(mode) if who == "kecs" else _floor(engine, mode)
    finally:
        engine.close()
    return {"time": statistics.median(times[1:]) * 1000}


def _floor(engine: Engine, mode: str) -> list[float]:
    """Seconds of each create and start. For awsvpc also of the container that holds the network namespace."""
    if mode == "bridge":
        return [_timed_floor(engine, None) for _ in range(TASKS + 1)]
    made = engine.call("POST", "/networks/create", {"Name": _NETWORK, "Driver": "bridge"})["Id"]
    try:
        return [_timed_floor(engine, made) for _ in range(TASKS + 1)]
    finally:
        engine.call("DELETE", f"/networks/{made}")


def _timed_floor(engine: Engine, own_network: str | None) -> float:
    began = time.perf_counter()
    containers = []
    mode = "bridge"
    if own_network is not None:
        containers.append(engine.run(own_network))
        mode = f"container:{containers[0]}"
    containers.append(engine.run(mode))
    elapsed = time.perf_counter() - began
    engine.remove(*reversed(containers))
    return elapsed


def _kecs(mode: str) -> list[float]:
    """Seconds from each RunTask until DescribeTasks shows RUNNING."""
    with running(KECS_ON_DOCKER) as server:
        api = Api(server.port)
        wait_until(lambda: answers(api), 30, "KECS on Docker")
        api.call("CreateCluster", clusterName=CLUSTER)
        container = {"name": "app", "image": IMAGE, "command": ["/wait"], "essential": True, "memory": 128}
        definition: dict[str, Any] = {"family": mode, "networkMode": mode, "containerDefinitions": [container]}
        place: dict[str, Any] = {"launchType": "EC2"}
        if mode == "awsvpc":
            definition |= {"requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}
            place = {"launchType": "FARGATE", "networkConfiguration": network("subnet-0123456789abcdef0")}
        api.call("RegisterTaskDefinition", **definition)
        return [timed_task(api, mode, place) for _ in range(TASKS + 1)]


def answers(api: Api) -> bool:
    """Whether KECS has started."""
    try:
        api.call("ListClusters")
    except OSError:
        return False
    return True


def timed_task(api: Api, family: str, place: dict[str, Any]) -> float:
    """Seconds from RunTask until DescribeTasks shows RUNNING; the task has stopped then."""
    began = time.perf_counter()
    task = api.call("RunTask", cluster=CLUSTER, taskDefinition=family, **place)["tasks"][0]["taskArn"]

    def reached(status: str) -> bool:
        seen = api.call("DescribeTasks", cluster=CLUSTER, tasks=[task])["tasks"][0]
        if seen["lastStatus"] == "STOPPED" != status:
            raise AssertionError(f"a task stopped: {seen.get('stoppedReason')}")
        return bool(seen["lastStatus"] == status)

    wait_until(lambda: reached("RUNNING"), 60, "a task", pause=0.005)
    elapsed = time.perf_counter() - began
    api.call("StopTask", cluster=CLUSTER, task=task)
    wait_until(lambda: reached("STOPPED"), 60, "a task's end", pause=0.02)
    return elapsed


CASE = Case(
    key="d",
    title="RunTask to RUNNING on Docker",
    subjects=("docker-bridge", "kecs-bridge", "docker-awsvpc", "kecs-awsvpc"),
    reference="docker",
    columns=(Column("time", "time", "ms", 0, ratio=True),),
    goals=(
        Goal("bridge: within 1.5 times the Docker API", "kecs-bridge", "time", of="docker-bridge", at_most=1.5),
        Goal("awsvpc: within 1.5 times the Docker API", "kecs-awsvpc", "time", of="docker-awsvpc", at_most=1.5),
    ),
    notes=(
        "Docker API: create and start of one container (bridge), or of a container that holds the network "
        "namespace and of one that joins it (awsvpc, since there each task has an address of its own). KECS: from "
        "RunTask until DescribeTasks, asked every 5 ms, shows RUNNING. One small local image; tasks one after the "
        "other."
    ),
)
