"""The servers that are measured: how each is started on loopback, and how it is given tasks.

`TARGETS` is the table that the cases go through. A server lives as long as its `with` block and is ended by its own
process id.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.api import REGION, Api, ApiError, headers, wait_until
from bench.environments import environment, process_environment, versions

CLUSTER = "bench"
SERVICE = "web"
READY_TIMEOUT = 60.0  # seconds
STEADY_TIMEOUT = 300.0  # seconds

Filter = dict[str, str]
"""The member of ListTasks that selects the tasks a server was given."""


@dataclass(frozen=True)
class Target:
    """A server: `command` and `variables` take the port; `fill` gives it tasks and says how to list them."""

    name: str
    title: str
    command: Callable[[int], list[str]]
    variables: Callable[[int], dict[str, str]]
    fill: Callable[[Api, int], Filter] | None  # None: it holds no tasks
    versions: Callable[[], dict[str, str]]


@dataclass(frozen=True)
class Server:
    """A target that runs."""

    target: Target
    port: int
    process: subprocess.Popen[bytes]
    started_at: float  # time.perf_counter() just before the process was made

    def memory(self) -> float:
        """Resident memory in MB, of the process and the processes it started."""
        return sum(_resident(pid) for pid in _family(self.process.pid)) / 1024

    def cpu(self) -> float:
        """Seconds of processor time used so far, by all threads that the process has or had."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(target: Target) -> Iterator[Server]:
    """Start it and wait until it listens. Raises TimeoutError with the end of its output."""
    port = free_port()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = subprocess.Popen(
            target.command(port),
            env=process_environment(KECS_DATA_DIR=folder, **target.variables(port)),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: process.poll() is not None or _listens(port), READY_TIMEOUT, target.title, pause=0.001)
            if process.poll() is not None:
                output.seek(0)
                raise RuntimeError(f"{target.title} ended at once:\n{output.read()[-2000:].decode(errors='replace')}")
            yield Server(target, port, process, began)
        finally:
            _end(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _resident(pid: int) -> int:
    """Kilobytes."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


# What the servers are given: the same cluster, task definition and number of tasks everywhere.


def register(api: Api) -> None:
    api.call("CreateCluster", clusterName=CLUSTER)
    container = {"name": "app", "image": "busybox", "essential": True, "cpu": 10, "memory": 128}
    api.call(
        "RegisterTaskDefinition",
        family="web",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[container],
    )


def network(subnet: str) -> dict[str, Any]:
    return {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": ["sg-0123456789abcdef0"]}}


def fill_with_service(api: Api, count: int) -> Filter:
    """A service of `count` tasks, until its deployment is complete and all of them run."""
    register(api)
    place = {"launchType": "FARGATE", "networkConfiguration": network("subnet-0123456789abcdef0")}
    api.call("CreateService", cluster=CLUSTER, serviceName=SERVICE, taskDefinition="web", desiredCount=count, **place)

    def steady() -> bool:
        service = api.call("DescribeServices", cluster=CLUSTER, services=[SERVICE])["services"][0]
        rollouts = [deployment.get("rolloutState") for deployment in service["deployments"]]
        return service["runningCount"] == count and rollouts == ["COMPLETED"]

    wait_until(steady, STEADY_TIMEOUT, "the service", pause=0.01)
    return {"serviceName": SERVICE}


def fill_with_tasks(api: Api, count: int) -> Filter:
    """`count` plain tasks under one startedBy, for a server whose services start none."""
    register(api)
    subnet = _default_subnet(api)
    place = {"launchType": "FARGATE", "networkConfiguration": network(subnet)}
    for begun in range(0, count, 10):
        size = min(10, count - begun)
        api.call("RunTask", cluster=CLUSTER, taskDefinition="web", count=size, startedBy=SERVICE, **place)
    return {"startedBy": SERVICE}


def _default_subnet(api: Api) -> str:
    """moto looks subnets up in its own EC2."""
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
    fields = headers("DescribeSubnets")
    del fields["X-Amz-Target"]
    fields["Content-Type"] = "application/x-www-form-urlencoded"
    fields["Authorization"] = fields["Authorization"].replace(f"{REGION}/ecs/", f"{REGION}/ec2/")
    connection.request("POST", "/", "Action=DescribeSubnets&Version=2016-11-15", fields)
    answer = connection.getresponse().read().decode()
    connection.close()
    found = re.search(r"<subnetId>([^<]+)<", answer)
    if found is None:
        raise ApiError(f"no subnet in {answer[:300]}")
    return found[1]


def _nothing(_: int) -> dict[str, str]:
    return {}


_HERE = Path(sys.executable).parent

TARGETS = {
    target.name: target
    for target in (
        Target(
            "ceiling",
            "ceiling",
            lambda port: [sys.executable, str(Path(__file__).with_name("ceiling.py")), str(port), CLUSTER],
            _nothing,
            None,
            lambda: versions(sys.executable, "httptools", "uvloop"),
        ),
        Target(
            "kecs",
            "KECS",
            lambda port: [str(_HERE / "kecs"), "start", "--test-mode", "--port", str(port)],
            _nothing,
            fill_with_service,
            lambda: versions(sys.executable, "kecs", "uvicorn", "msgspec"),
        ),
        Target(
            "ministack",
            "MiniStack",
            lambda _: [str(environment("ministack") / "ministack")],
            lambda port: {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"},
            fill_with_service,
            lambda: versions(environment("ministack") / "python", "ministack"),
        ),
        Target(
            "moto",
            "moto",
            lambda port: [str(environment("moto") / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
            _nothing,
            fill_with_tasks,
            lambda: versions(environment("moto") / "python", "moto"),
        ),
    )
}

KECS_ON_DOCKER = replace(
    TARGETS["kecs"],
    title="KECS on Docker",
    command=lambda port: [
        *(str(_HERE / "kecs"), "start", "--runtime", "docker", "--ephemeral"),
        *("--instance", f"bench-{port}", "--port", str(port)),
    ],
)


def kecs_on_kubernetes(kubeconfig: str) -> Target:
    return replace(
        TARGETS["kecs"],
        title="KECS on Kubernetes",
        command=lambda port: [
            *(str(_HERE / "kecs"), "start", "--runtime", "kubernetes", "--kubeconfig", kubeconfig, "--ephemeral"),
            *("--instance", f"bench-{port}", "--port", str(port)),
        ],
    )
