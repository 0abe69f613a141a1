"""(g) What the API's clients feel of a container that writes 10,000 lines a second to CloudWatch Logs, on Docker."""

from __future__ import annotations

import io
import shutil
import statistics
import tarfile
import time
from pathlib import Path
from typing import Any

from bench import docker_api
from bench.api import Api, wait_until
from bench.docker_api import Engine
from bench.model import Case, Column, Goal, Sample
from bench.servers import CLUSTER, KECS_ON_DOCKER, Server, running

IMAGE = "kecs-bench-shell:1"
LOGS = "Logs_20140328"
RATE = 10_000  # lines a second
SECONDS = 20
LINES = RATE * SECONDS
_BURST = 500  # lines
_LINE = "$i of a container that says something of about this length, over and over, in a hurry"
_NOW = "t=$EPOCHREALTIME; now=${t%.*}${t#*.}"  # microseconds
_WRITES = f"""
i=0; {_NOW}; due=$now
while [ $i -lt {LINES} ]; do
    j=0; while [ $j -lt {_BURST} ]; do echo {_LINE}; i=$((i+1)); j=$((j+1)); done
    due=$((due + {_BURST * 1_000_000 // RATE})); {_NOW}
    if [ $now -lt $due ]; then busybox usleep $((due - now)); fi
done
"""
_SCRIPTS = {"quiet": f"busybox sleep {SECONDS}", "writing": _WRITES}


def measure(name: str) -> Sample:
    """One round with one subject."""
    _make_image()
    with running(KECS_ON_DOCKER) as server:
        api = Api(server.port)
        api.call("CreateCluster", clusterName=CLUSTER)
        options = {
            "awslogs-group": "bench",
            "awslogs-region": "us-east-1",
            "awslogs-stream-prefix": "bench",
            "awslogs-create-group": "true",
        }
        container: dict[str, Any] = {
            "name": "app",
            "image": IMAGE,
            "command": ["/bin/busybox", "sh", "-c", _SCRIPTS[name.split("-")[1]]],
            "memory": 128,
            "stopTimeout": 2,
            "logConfiguration": {"logDriver": "awslogs", "options": options},
        }
        api.call("RegisterTaskDefinition", family="logs", networkMode="bridge", containerDefinitions=[container])
        task = api.call("RunTask", cluster=CLUSTER, taskDefinition="logs", launchType="EC2")["tasks"][0]["taskArn"]

        def reached(status: str) -> bool:
            shown = api.call("DescribeTasks", cluster=CLUSTER, tasks=[task])["tasks"][0]
            return bool(shown["lastStatus"] == status)

        wait_until(lambda: reached("RUNNING"), 60, "a task", pause=0.02)
        sample = _latency(api, server)
        wait_until(lambda: reached("STOPPED"), 60, "a task's end", pause=0.02)
        if name.endswith("writing"):
            sample |= _written(server.port, f"bench/app/{task.rpartition('/')[2]}")
    return sample


def _latency(api: Api, server: Server) -> Sample:
    """Of ListTasks, one call after the other, a pause between them; and how busy KECS is."""
    times: list[float] = []
    began, busy = time.perf_counter(), server.cpu()
    while time.perf_counter() - began < SECONDS:
        start = time.perf_counter()
        api.call("ListTasks", cluster=CLUSTER)
        times.append((time.perf_counter() - start) * 1000)
        time.sleep(0.005)
    share = (server.cpu() - busy) / (time.perf_counter() - began)
    return {
        "p50": statistics.median(times),
        "p99": statistics.quantiles(times, n=100)[98],
        "cpu": share * 100,
        "memory": server.memory(),
        "rate": 0,
        "astray": 0,
    }


def _written(port: int, stream: str) -> Sample:
    """How fast the lines were written, and how many of those in CloudWatch Logs are not where they belong."""
    logs, found, token = Api(port, LOGS), list[dict[str, Any]](), ""
    while True:
        members = {"logGroupName": "bench", "logStreamName": stream, "startFromHead": True}
        page = logs.call("GetLogEvents", **members, **({"nextToken": token} if token else {}))
        found += page["events"]
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    astray = abs(len(found) - LINES) + sum(
        event["message"].partition(" ")[0] != str(number) for number, event in enumerate(found)
    )
    took = (found[-1]["timestamp"] - found[0]["timestamp"]) / 1000
    return {"rate": len(found) / took, "astray": astray}


def _make_image() -> None:
    """An image of this machine's busybox."""
    busybox = shutil.which("busybox")
    assert busybox is not None
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        content = Path(busybox).read_bytes()
        entry = tarfile.TarInfo("bin/busybox")
        entry.size, entry.mode = len(content), 0o755
        tar.addfile(entry, io.BytesIO(content))
    engine = Engine()
    try:
        repository, tag = IMAGE.split(":")
        changes = "changes=ENV%20PATH%3D/bin"
        engine.call("POST", f"/images/create?fromSrc=-&repo={repository}&tag={tag}&{changes}", buffer.getvalue())
    finally:
        engine.close()


def unavailable() -> str | None:
    """Why no such container can run here, or None."""
    if shutil.which("busybox") is None:
        return "there is no busybox (Debian: apt-get install busybox-static)"
    return docker_api.unavailable()


CASE = Case(
    key="g",
    title="Beside a container that writes 10,000 lines a second",
    subjects=("kecs-quiet", "kecs-writing"),
    reference="kecs-quiet",
    columns=(
        Column("p50", "p50", "ms", 2, ratio=True),
        Column("p99", "p99", "ms", 2, ratio=True),
        Column("cpu", "processor", "%", 0),
        Column("memory", "memory", "MB", 0),
        Column("rate", "lines", "/s", 0),
        Column("astray", "lost or out of order", "lines", 0),
    ),
    goals=(
        Goal("p50: within 1.5 times that beside a quiet one", "kecs-writing", "p50", of="kecs-quiet", at_most=1.5),
        Goal("10,000 lines a second are written", "kecs-writing", "rate", at_least=0.99 * RATE),
        Goal("every line is there, and in its place", "kecs-writing", "astray", at_most=0),
    ),
    notes=(
        "ListTasks on KECS with one task on Docker, for 20 seconds, a call every 5 milliseconds and a bit. Its "
        "container is quiet, or writes 10,000 lines of 85 bytes a second with the log driver awslogs, in bursts of 500."
    ),
)
