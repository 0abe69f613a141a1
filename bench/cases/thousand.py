"""(c) 1,000 tasks: how long until they run, and how fast they are listed and described afterwards."""

from __future__ import annotations

import time

from bench import load
from bench.api import Api, request_bytes
from bench.model import Case, Column, Goal, Sample
from bench.servers import CLUSTER, TARGETS, Filter, running

TASKS = 1000
PAGE = 100
CALLS = 20


def measure(name: str) -> Sample:
    """One round with one server."""
    target = TARGETS[name]
    assert target.fill is not None
    with running(target) as server:
        api = Api(server.port)
        began = time.perf_counter()
        chosen = target.fill(api, TASKS)
        steady = time.perf_counter() - began
        arns = _all_arns(api, chosen)
        if len(set(arns)) != TASKS:
            raise AssertionError(f"{target.title} lists {len(set(arns))} tasks and not {TASKS}")
        described = api.call("DescribeTasks", cluster=CLUSTER, tasks=arns[:PAGE])
        if {task["taskArn"] for task in described["tasks"]} != set(arns[:PAGE]):
            raise AssertionError(f"{target.title} does not describe the {PAGE} tasks that were asked for")
        api.close()
        listed = _latency(server.port, "ListTasks", {"cluster": CLUSTER, **chosen})
        told = _latency(server.port, "DescribeTasks", {"cluster": CLUSTER, "tasks": arns[:PAGE]})
        return {"steady": steady, "list": listed, "describe": told, "memory": server.memory()}


def _all_arns(api: Api, chosen: Filter) -> list[str]:
    arns: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = api.call("ListTasks", cluster=CLUSTER, **chosen, **token)
        arns += page["taskArns"]
        if not page.get("nextToken"):
            return arns
        token = {"nextToken": page["nextToken"]}


def _latency(port: int, operation: str, body: dict[str, object]) -> float:
    """The median of one client's calls, in milliseconds."""
    request = request_bytes(operation, body).decode("latin-1")
    sample = load.run(load.Order(port, request, clients=1, requests=CALLS, seconds=0))
    if sample.errors:
        raise AssertionError(f"{operation}: {sample.errors} errors")
    return sample.percentile(0.50) * 1000


CASE = Case(
    key="c",
    title="1,000 tasks: to steady state, and latency afterwards",
    subjects=("kecs", "ministack", "moto"),
    reference="ministack",
    columns=(
        Column("steady", "until all run", "s", 2, ratio=True),
        Column("list", "ListTasks", "ms", 2, ratio=True),
        Column("describe", "DescribeTasks of 100", "ms", 2, ratio=True),
        Column("memory", "resident memory", "MB", 0),
    ),
    goals=(Goal("at most a fifth of MiniStack's DescribeTasks", "kecs", "describe", of="ministack", at_most=0.2),),
    notes=(
        "KECS and MiniStack run one service with a desired count of 1,000, until its deployment is complete; "
        "moto, whose services start no tasks, is given 1,000 by RunTask. KECS takes every task through all of its "
        "states; the others record it as running at once. Latencies are medians of one client's calls in a row. "
        "ListTasks answers its first page, DescribeTasks 100 tasks of one container."
    ),
)
